"""Recipes: the shipped ones fit every dataset; a bad one is named by table and key."""

from importlib import resources

import pytest

from engine.augment.policy import parse_policy
from engine.errors import SpecError
from engine.models.resnet import ARCHITECTURES
from engine.models.t_x import STEMS
from engine.recipe import load_recipe, parse_recipe, recipe_names

DEMO = resources.files("engine.recipes").joinpath("demo.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("dataset", ["digits", "cifar100"])
@pytest.mark.parametrize("name", recipe_names())
def test_every_shipped_recipe_can_be_built(name: str, dataset: str) -> None:
    recipe = load_recipe(name, dataset)
    assert {recipe.teacher.arch, recipe.student.arch} <= ARCHITECTURES.keys()
    assert recipe.T_x.stem in STEMS
    for policy in recipe.augment.values():
        parse_policy(policy)


def test_the_method_s_own_numbers() -> None:
    recipe = load_recipe("fast", "cifar100")
    assert (recipe.student.tau, recipe.student.lam) == (3.0, pytest.approx(2 / 3))
    assert (recipe.T_x.lambda_hier, recipe.T_x.lambda_cosreg) == (0.1, 0.01)
    assert (recipe.relax.clusters, recipe.relax.per_centre) == (150, 5)
    assert recipe.relax.temperature == 0.005
    assert recipe.attribution.steps == 50


def test_a_dataset_s_policy_replaces_the_common_one() -> None:
    assert "flip" in load_recipe("demo", "cifar100").augment["strong"]
    assert "flip" not in load_recipe("demo", "digits").augment["strong"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("epochs = 30", "epochs = 0", "T_x.optimiser.epochs"),
        ('stem = "mlp"', 'stem = "mpl"', "T_x.stem"),
        ("tau = 3.0", 'tau = "3"', "student.tau"),
        ("tau = 3.0", "tau = 3.0\nvau = 1", "student.vau"),
        ("[relax]", "[relax", "not TOML"),
        ("per_centre = 5\n", "", "relax.per_centre: Field required"),
    ],
)
def test_a_bad_recipe_is_told_by_its_place(old: str, new: str, message: str) -> None:
    assert old in DEMO
    with pytest.raises(SpecError, match=message) as caught:
        parse_recipe(DEMO.replace(old, new, 1), "digits", where="recipe mine")
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("recipe mine: ")
