"""Accuracy by class and by shot group."""

import pytest

from engine.errors import SpecError
from wnkd_tui.report import classes, shots
from wnkd_tui.report.chosen import choose
from wnkd_tui.report.rows import collect

LONG_TAIL = (500, 150, 60, 5)


def by_class(*best):
    last = [None if one is None else one - 1.0 for one in best]
    return {"per_class": {"best": list(best), "last": last}}


@pytest.fixture
def tailed(trained):
    results = []
    for seed in (0, 1):
        at = {"dataset": "cifar100-imb100", "seed": seed}
        shift = float(seed)
        results += [
            trained("T_x", 80.0, more=by_class(99.0, 97.0, 80.0, 50.0), wn=100, **at),
            trained("student", 70.0, more=by_class(90.0, 80.0, 60.0, 10.0 + shift), wn=100, **at),
            trained("student", 71.0, more=by_class(92.0, 84.0, 59.0, 4.0), teachers="none", **at),
        ]
    return results


@pytest.fixture
def pair(tailed, as_trial):
    taught, alone = (one for one in tailed[1:3])
    return choose(tailed, [as_trial(3, taught), as_trial(8, alone)])


def test_shots_text(tailed, dataset, shown, golden):
    datasets = {"cifar100-imb100": dataset("cifar100-imb100", *LONG_TAIL)}
    golden("shots.txt", shown(shots.sheets(collect(tailed), datasets)))


def test_a_group_is_the_mean_of_its_classes(tailed, dataset):
    datasets = {"cifar100-imb100": dataset("cifar100-imb100", *LONG_TAIL)}
    rows = shots.to_json(collect(tailed), datasets)["rows"]
    assert [row["trial"] for row in rows] == [
        "T_x,(img, 0%gt 100%wn)", "S_s", "T_x,(img, 0%gt 100%wn) S_s",
    ]  # fmt: skip
    groups = rows[2]["groups"]
    assert {name: group["classes"] for name, group in groups.items()} == {
        "all": 4, "many": 2, "medium": 1, "few": 1,
    }  # fmt: skip
    assert groups["many"]["accuracy"]["mean"] == 85.0
    assert groups["few"]["accuracy"]["mean"] == 10.5
    assert groups["few"]["accuracy"]["last"]["mean"] == 9.5
    assert (rows[1]["wn"], rows[2]["wn"]) == (None, 100)


def test_t_x_is_not_ranked_with_students(tailed, dataset):
    datasets = {"cifar100-imb100": dataset("cifar100-imb100", *LONG_TAIL)}
    [sheet] = shots.sheets(collect(tailed), datasets)
    assert [row[3].rank for row in sheet.rows] == ["", "best", "second"]


def test_a_set_of_one_group_says_so(trained, dataset):
    results = [trained("student", 90.0, teachers="none", more=by_class(91.0, 89.0))]
    [sheet] = shots.sheets(collect(results), {"digits": dataset("digits", 150, 144)})
    assert [column.key for column in sheet.columns] == ["trial", "val_text", "all", "many"]
    assert any("one group" in note for note in sheet.notes)


def test_results_of_an_older_wnkd_have_no_classes(trained, dataset):
    rows = collect([trained("student", 90.0, teachers="none")])
    assert shots.sheets(rows, {"digits": dataset("digits", 150, 144)}) == []


def test_classes_text(pair, dataset, shown, golden):
    data = dataset("cifar100-imb100", *LONG_TAIL)
    golden("classes.txt", shown([classes.sheet(pair, data, "both")], 160))


def test_classes_json(pair, dataset, golden):
    golden("classes.json", classes.to_json(pair, dataset("cifar100-imb100", *LONG_TAIL)))


def test_classes_come_in_order_or_by_difference(pair, dataset):
    data = dataset("cifar100-imb100", *LONG_TAIL)

    def order(by):
        return [row[0].text for row in classes.sheet(pair, data, "best", by).rows]

    assert order("class") == ["class 500", "class 150", "class 60", "class 5"]
    assert order("difference") == ["class 5", "class 60", "class 500", "class 150"]


def test_what_one_of_three_trials_rests_on_stands_behind_its_name(trained, as_trial, dataset):
    results = [trained("student", 90.0, teachers="none", recipe=r) for r in ("demo", "fast")]
    results.append(trained("student", 91.0, wn=100, recipe="demo"))
    chosen = choose(results, [as_trial(id, one) for id, one in enumerate(results)])
    parts = classes.sheet(chosen, dataset("digits", 5, 5)).caption.split(" · ")
    assert parts == [
        "trial 0: S_s", "recipe demo", "trial 1: S_s", "recipe fast",
        "trial 2: T_x,(img, 0%gt 100%wn) S_s", "recipe demo",
        "wordnet-graph (a stand-in, not CLIP)",
        "digits (1437 train, 360 val)", "1 seed", "best epoch",
    ]  # fmt: skip


def test_a_t_x_says_on_which_text_it_was_validated(trained, dataset):
    more = by_class(91.0, 89.0)
    results = [trained("T_x", 90.0, more=more, wn=50, val_text=text) for text in ("gt", "wn")]
    [sheet] = shots.sheets(collect(results), {"digits": dataset("digits", 150, 144)})
    assert [row[1].text for row in sheet.rows] == ["gt", "wn"]
    assert any(note.startswith("T_x val is on each row's own text") for note in sheet.notes)


def test_an_order_by_difference_needs_two_trials(pair, dataset):
    with pytest.raises(SpecError, match="two trials"):
        classes.sheet(pair[:1], dataset("cifar100-imb100", *LONG_TAIL), "best", "difference")


def test_a_class_without_validation_images_has_no_accuracy(trained, dataset, as_trial):
    results = [trained("student", 90.0, teachers="none", more=by_class(91.0, None))]
    chosen = choose(results, [as_trial(1, results[0])])
    sheet = classes.sheet(chosen, dataset("digits", 5, 5))
    assert [row[2].shown() for row in sheet.rows] == ["91.00", "-"]


def test_trials_of_two_datasets_are_not_compared(trained, as_trial):
    results = [trained("student", 90.0), trained("student", 90.0, dataset="scene")]
    with pytest.raises(SpecError, match="digits and scene"):
        choose(results, [as_trial(i, one) for i, one in enumerate(results)])
