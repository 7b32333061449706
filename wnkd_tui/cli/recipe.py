"""`wnkd recipe`: the numbers of a run, and what `wnkd queue add --set` can change."""

from typing import Annotated

import typer

from engine.recipes import recipe_names
from wnkd_tui.cli import completing
from wnkd_tui.cli.output import AsJson, print_json

app = typer.Typer(
    help="List and show recipes.\n\nExample: wnkd recipe show fast --dataset cifar100",
    no_args_is_help=True,
)


@app.command("list")
def list_recipes(as_json: AsJson = False) -> None:
    """List recipes.

    Example: wnkd recipe list
    """
    from engine.recipe import load_recipe

    recipes = {name: load_recipe(name, "") for name in recipe_names()}
    if as_json:
        print_json(
            recipes=[
                {"name": name, "summary": recipe.summary, "encoder": recipe.encoder}
                for name, recipe in recipes.items()
            ]
        )
        return
    width = max(map(len, recipes))
    for name, recipe in recipes.items():
        typer.echo(f"{name:<{width}}  {recipe.summary}")


@app.command()
def show(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="Such as paper, fast or demo.",
            autocompletion=completing.recipes,
        ),
    ],
    dataset: Annotated[
        str | None,
        typer.Option(
            help="As it is for this dataset. Default: for any.",
            autocompletion=completing.datasets,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show all settings of a recipe.

    Each by the name that `wnkd queue add --set` takes (its last part is enough where no other
    setting has it), with its value and what else it can be.

    Example: wnkd recipe show paper --dataset cifar100-imb100
    """
    from engine.recipe import load_recipe
    from wnkd_tui.cli import recipe_views
    from wnkd_tui.queue.settings import datasets_of, settings

    if dataset is not None:
        _check(dataset)
    recipe = load_recipe(name, dataset or "")
    found = settings(name, dataset)
    if as_json:
        print_json(
            name=name,
            dataset=dataset,
            summary=recipe.summary,
            encoder=recipe.encoder,
            datasets=datasets_of(name),
            settings=[
                {
                    "name": one.name,
                    "value": one.value,
                    "choices": list(one.choices) or None,
                    "differs": one.differs,
                    "base": one.base,
                }
                for one in found
            ],
        )
    else:
        recipe_views.show(name, dataset, recipe, found, datasets_of(name))


def _check(dataset: str) -> None:
    """Raises StoreError for a name that is neither added nor that of a known kind."""
    from engine.data.registry import KINDS
    from wnkd_tui.home import Home
    from wnkd_tui.store import queries
    from wnkd_tui.store.database import connect

    if dataset not in KINDS:
        queries.dataset(connect(Home.find()), dataset)
