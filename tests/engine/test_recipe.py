"""Recipes: the shipped ones fit every dataset; a bad one is named by table and key."""

from importlib import resources
from typing import get_args

import pytest

from engine.augment.policy import parse_policy
from engine.errors import SpecError
from engine.models.resnet import ARCHITECTURES
from engine.models.t_x import STEMS
from engine.recipe import changed, load_recipe, parse_recipe, settled
from engine.recipes import recipe_names
from engine.settings import Architecture

DEMO = resources.files("engine.recipes").joinpath("demo.toml").read_text(encoding="utf-8")


DATASETS = ("digits", "cifar100", "cifar100-imb100", "scene", "utkface", "imagenet", "imagenet-lt")


@pytest.mark.parametrize("dataset", [*DATASETS, "mine"])
@pytest.mark.parametrize("name", recipe_names())
def test_every_shipped_recipe_can_be_built(name: str, dataset: str) -> None:
    recipe = load_recipe(name, dataset)
    assert {recipe.teacher.arch, recipe.student.arch} <= ARCHITECTURES.keys()
    assert recipe.T_x.stem in STEMS
    for policy in recipe.augment.values():
        parse_policy(policy)


def test_a_recipe_knows_the_architectures_there_are() -> None:
    assert set(get_args(Architecture)) == ARCHITECTURES.keys()


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
        ('keep = "table"', 'keep = "tables"', "logits.keep: Input should be 'table' or 'none'"),
        ("limit_gb = 100.0", "limit_gb = -1.0", "logits.limit_gb: .* greater than or equal to 0"),
        ("limit_gb = 100.0", "limit_gb = inf", "logits.limit_gb: .* finite"),
        ("top_k = 128", "top_k = 0", "logits.top_k: .* greater than or equal to 1"),
    ],
)
def test_a_bad_recipe_is_told_by_its_place(old: str, new: str, message: str) -> None:
    assert old in DEMO
    with pytest.raises(SpecError, match=message) as caught:
        parse_recipe(DEMO.replace(old, new, 1), "digits", where="recipe mine")
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("recipe mine: ")


@pytest.mark.parametrize(
    ("dataset", "teacher", "t_x", "student"),
    [
        ("cifar100", (61, [25, 40, 60]), (61, [25, 40, 60]), (500, [300, 400])),
        ("cifar100-imb100", (61, [55, 65]), (200, [50, 100, 150]), (300, [160, 165, 170])),
        ("scene", (61, [25, 40, 60]), (61, [25, 40, 60]), (500, [300, 400])),
        ("imagenet", (60, []), (35, []), (100, [])),
        ("imagenet-lt", (60, [35, 50]), (60, [18, 36, 54]), (240, [200, 210])),
    ],
)
def test_recipe_paper_has_the_paper_s_epochs(
    dataset: str, teacher: object, t_x: object, student: object
) -> None:
    recipe = load_recipe("paper", dataset)
    parts = (recipe.teacher, recipe.T_x, recipe.student)
    assert [(p.optimiser.epochs, p.optimiser.steps) for p in parts] == [teacher, t_x, student]
    assert (recipe.teacher.arch, recipe.student.arch) == ("resnet50", "resnet18")
    assert recipe.teacher.weights == recipe.T_x.weights == "imagenet"
    assert recipe.image_size == 224


def test_the_baselines_numbers() -> None:
    paper = load_recipe("paper", "cifar100-imb100")
    assert (paper.zscore.tau, paper.zscore.kd, paper.zscore.ce) == (2.0, 9.0, 0.1)
    assert load_recipe("paper", "imagenet").zscore.ce == 1.0
    assert (paper.lfme.optimiser.epochs, paper.lfme.optimiser.batch) == (90, 256)
    assert paper.lfme.optimiser.weight_decay == 5e-4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("stme", "linear"), "no setting 'stme'"),
        (("epochs", 3), "'epochs' may be teacher.optimiser.epochs, T_x.optimiser.epochs"),
        (("stem", "cubic"), "change: T_x.stem: Input should be"),
        (
            ("student.arch", "resnet9"),
            "change: student.arch: Input should be 'resnet8', 'resnet20'",
        ),
        (("tau", -1), "'tau' may be student.tau, zscore.tau, lfme.tau"),
        (("student.tau", -1), "change: student.tau: Input should be greater than 0"),
        (("nouns", "verbs"), "change: relax.nouns: 'verbs' is none of distinct, tac"),
        (("augment.weak.rotation", 999.0), "rotation"),
    ],
)
def test_a_change_that_cannot_be_is_refused(change: tuple[str, object], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        settled(load_recipe("demo", "digits"), (change,))  # type: ignore[arg-type]


def test_changes_have_one_form() -> None:
    recipe = load_recipe("paper", "cifar100")
    given = (("combine", "loss_mean"), ("lam", 1), ("T_x.stem", "conv1_replace"))
    assert settled(recipe, given) == (("student.combine", "loss_mean"), ("student.lam", 1.0))
    steps = (("student.optimiser.steps", (5, 8)),)
    assert changed(recipe, settled(recipe, steps)).student.optimiser.steps == [5, 8]
