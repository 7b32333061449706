"""`wnkd recipe`: every setting by the name that --set takes."""

import pytest

from engine.errors import SpecError
from engine.recipe import load_recipe, settled
from engine.recipes import recipe_names
from wnkd_tui.queue.settings import A_FILE, A_NUMBER, PUBLISHED, settings, written
from wnkd_tui.queue.wording import changes


def test_list_names_every_recipe(wnkd, data):
    lines = wnkd("recipe", "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == recipe_names()
    assert [one["name"] for one in data("recipe", "list")["recipes"]] == recipe_names()


def test_show_tells_values_choices_and_what_differs(wnkd, data):
    text = wnkd("recipe", "show", "demo", "--dataset", "digits").stdout
    rows = {line.split()[0]: line.split()[1:] for line in text.splitlines() if "." in line}
    assert rows["T_x.stem"] == ["mlp", "conv1_replace", "|", "linear", "|", "mlp"]
    assert rows["augment.weak.crop"] == ["shift", "without", "digits", "resized"]
    assert rows["relax.clusters"] == ["tac", "NUMBER", "|", "tac"]
    assert rows["relax.nouns"][1:] == ["distinct", "|", "tac", "|", "PATH"]
    assert "other values for cifar100" in text
    shown = data("recipe", "show", "paper", "--dataset", "cifar100-imb100")
    assert (shown["schema"], shown["name"], shown["dataset"]) == (1, "paper", "cifar100-imb100")
    by_name = {one["name"]: one for one in shown["settings"]}
    steps = by_name["teacher.optimiser.steps"]
    assert (steps["value"], steps["base"], steps["differs"]) == ([55, 65], [25, 40, 60], True)
    assert by_name["precision"]["choices"] == ["fp32", "bf16"]
    assert by_name["student.tau"]["choices"] is None


def test_a_dataset_of_ones_own_has_the_recipes_own_values(wnkd, data, home):
    from wnkd_tui.store.database import connect

    connect(home).execute(
        "INSERT INTO dataset (name, kind, path, key, classes, train_per_class, val_per_class,"
        " added_at) VALUES ('birds', 'folder', '/b', 'k', '[\"a\", \"b\"]', '[1, 1]', '[1, 1]', 0)"
    )
    shown = data("recipe", "show", "demo", "--dataset", "birds")
    assert not any(one["differs"] for one in shown["settings"])


@pytest.mark.parametrize("recipe", recipe_names())
@pytest.mark.parametrize("dataset", ["", "digits", "imagenet-lt"])
def test_what_is_shown_can_be_set(recipe, dataset):
    """Each value, written as shown, is read as itself; each choice is taken."""
    numbers = load_recipe(recipe, dataset)
    for one in settings(recipe, dataset):
        told = changes([f"{one.name}={written(one.value)}"], "--set")
        assert settled(numbers, told) == ()
        for choice in one.choices:
            value = {A_FILE: "file:x.txt", A_NUMBER: "7"}.get(choice, choice)
            settled(numbers, changes([f"{one.name}={value}"], "--set"))


def test_what_may_be_a_file_is_a_published_name_or_a_file_and_nothing_else():
    numbers = load_recipe("demo", "")
    named = [one for one in settings("demo") if A_FILE in one.choices]
    assert [one.name for one in named] == ["relax.nouns", "teacher.weights", "T_x.weights"]
    for one in named:
        with pytest.raises(SpecError, match=r"is none of .* and no file's path") as told:
            settled(numbers, ((one.name, "?"),))
        for known in PUBLISHED[one.name.rpartition(".")[2]]:
            assert known in str(told.value)
