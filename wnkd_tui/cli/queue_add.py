"""`wnkd queue add`: from flags to queued trials."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.spec import Method, Modality, ValidationText
from wnkd_tui.cli import completing, flags
from wnkd_tui.cli.output import AsJson, print_json, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wnkd_tui.home import Home
    from wnkd_tui.queue.adding import TrialRequest
    from wnkd_tui.store.commands import Added


def add(
    wn: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="Percent of WordNet-relaxed text: 100, or 0,50,100."),
    ] = None,
    noise: Annotated[
        str | None, typer.Option(metavar="LIST", help="Percent of random class names as text.")
    ] = None,
    sweep: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|LIST",
            help="All that a table needs: table1, table2, table3, fig2, fig3 or leakage;"
            " or another word for --wn with a list.",
        ),
    ] = None,
    config: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What was saved under this name in the app's form; other flags go before it.",
            autocompletion=completing.configurations,
        ),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            help="Default: the one used last, else digits.", autocompletion=completing.datasets
        ),
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="wordnet-graph, or open_clip's ARCH/PRETRAINED, or ARCH/PATH of a checkpoint."
            " Default: the recipe's.",
            autocompletion=completing.encoders,
        ),
    ] = None,
    modality: Annotated[
        Modality | None, typer.Option(help="What T_x sees of a sample. Default: img+text.")
    ] = None,
    teachers: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Who teaches a student: none, T_x, T_m, T_m+T_x, T_1s+T_2w+T_3s."
            " Default: none,T_x,T_m+T_x.",
            autocompletion=completing.teachers,
        ),
    ] = None,
    method: Annotated[
        Method | None,
        typer.Option(
            help="How the student learns: kd (Eq. 3), zscore (of T_m by default), lfme (from"
            " experts, on long-tailed sets). Default: kd."
        ),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            help="Default: the one used last, else demo.", autocompletion=completing.recipes
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Change a setting of the recipe, such as T_x.stem=linear; may be repeated.",
        ),
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option(
            metavar="K|LIST", help="How many seeds (from 0 on), or which: 0,4. Default: 1."
        ),
    ] = None,
    limit_train: Annotated[
        int | None, typer.Option(metavar="N", help="Train on N samples, the same for all seeds.")
    ] = None,
    val_text: Annotated[
        ValidationText | None,
        typer.Option(help="Text of validation images. Default: mixed, and gt for noise."),
    ] = None,
    priority: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Higher ones start first; 0 is usual (see queue move).",
            min=-1000,
            max=1000,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it would add and take; queue nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Queue trials.

    Every text mix with every kind of student and every seed. One number for --wn or --noise is one
    trial's mix; lists are sweeps, --sweep NAME is what a table or figure of the paper needs, and
    --config NAME what you saved in the app. What is queued or done already is not queued twice, and
    jobs that trials share are done once.

    Example: wnkd queue add --wn 0,50,100 --noise 50,100 --seeds 3, or
    wnkd queue add --sweep table3 --set student.tau=2
    """
    from dataclasses import replace

    from wnkd_tui.home import Home
    from wnkd_tui.queue import configs, wording
    from wnkd_tui.queue.adding import TrialRequest, dataset_of, queue_trials
    from wnkd_tui.queue.sweeps import requests
    from wnkd_tui.store import order
    from wnkd_tui.store.database import connect

    named = flags.named_sweep(sweep)
    says = {"wn": wn, "noise": noise, "teachers": teachers, "method": method, "modality": modality}
    home = Home.find()
    if config is not None:
        flags.check_alone(f"--config {config}", sweep=sweep, **says)
        base = configs.request(home, config)
    elif named:
        flags.check_alone(f"--sweep {named}", **says)
        base = TrialRequest(mixes=[(0, 0)])
    else:
        base = flags.request(wn, noise, sweep, teachers, method, modality)
    given: dict[str, Any] = {
        "recipe": recipe,
        "seeds": None if seeds is None else wording.seeds(seeds, "--seeds"),
        "dataset": dataset,
        "encoder": encoder,
        "limit_train": limit_train,
        "val_text": val_text,
    }
    base = replace(
        base,
        **{name: value for name, value in given.items() if value is not None},
        changes=wording.over(base.changes, wording.changes(settings or (), "--set")),
    )
    asked = requests(named, base, dataset_of(connect(home), dataset)) if named else [base]
    if dry_run:
        _tell_beforehand(home, asked, as_json=as_json)
        return
    queued = queue_trials(home, asked)
    if priority is not None:
        waiting = [job.id for job in queued.jobs if job.state in order.MOVABLE]
        order.prioritise(connect(home), waiting, priority)
    if not named:
        _note(base)
    _tell(queued, home, as_json=as_json)


def _note(asked: "TrialRequest") -> None:
    """Says so where text was asked for of students that see none."""
    blind = [kind for kind in asked.teachers if not kind.multimodal]
    few = (len(blind) < len(asked.teachers)) or asked.mixes == [(0, 0)]  # mixes that need no note
    if blind and len(asked.mixes) > few:
        names = ", ".join(blind)
        say(f"note: text does not touch students without T_x ({names}): each is queued once a seed")


def _tell_beforehand(home: "Home", asked: "Sequence[TrialRequest]", *, as_json: bool) -> None:
    """What would be queued, and what it would take."""
    from wnkd_tui.cli import shapes
    from wnkd_tui.queue.preview import preview
    from wnkd_tui.store.database import connect

    found = preview(home, connect(home), asked)
    if as_json:
        print_json(dry_run=True, **shapes.preview(found))
    else:
        told = (found.text(), *found.estimate.lines, "nothing queued (--dry-run)")
        typer.echo("\n".join(told))


def _tell(queued: "Added", home: "Home", *, as_json: bool) -> None:
    """What was queued, and what it will take."""
    from wnkd_tui.cli import added, shapes
    from wnkd_tui.queue.estimate import estimate
    from wnkd_tui.store import queries
    from wnkd_tui.store.database import connect

    conn = connect(home)
    cost = estimate(home, conn, queued.plans)
    if as_json:
        print_json(
            trials=[
                shapes.trial(row) | {"new": row.id in queued.new_trials} for row in queued.trials
            ],
            jobs=[shapes.job(row) | {"new": row.id in queued.new_jobs} for row in queued.jobs],
            estimate=shapes.estimate(cost),
        )
    else:
        added.show(queued, queries.dataset(conn, queued.plans[0].spec.dataset), cost)
