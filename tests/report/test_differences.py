"""Two trials against each other."""

import pytest

from wnkd_tui.report import differences
from wnkd_tui.report.chosen import choose
from wnkd_tui.report.stats import Stat, difference


@pytest.fixture
def chosen(trained, as_trial):
    """100 % wn is better by 1.0, 1.2, 1.4 over three seeds; seed 3 was run for one alone."""
    results = []
    for seed in range(3):
        results += [
            trained("T_x", 70.0 + seed, wn=100, seed=seed),
            trained("T_x", 70.0 + seed + (0.5, -0.5, 0.1)[seed], seed=seed),
            trained("student", 91.0 + 1.2 * seed, wn=100, seed=seed),
            trained("student", 90.0 + seed, seed=seed),
            trained("student", 50.0, seed=seed, changes={"student.tau": 9.0}),
        ]
    results.append(trained("student", 10.0, wn=100, seed=3))
    return choose(results, [as_trial(1, results[2]), as_trial(2, results[3])])


def test_differences_text(chosen, shown, golden):
    golden("differences.txt", shown([differences.sheet(*chosen)]))


def test_differences_json(chosen, golden):
    golden("differences.json", differences.to_json(*chosen))


def test_all_seeds_of_both_count_in_pairs(chosen):
    student, _, t_x, _ = differences.to_json(*chosen)["differences"]
    # By hand: mean 1.2, sd 0.2, half 4.302653 · 0.2 / √3.
    assert student["difference"]["mean"] == pytest.approx(1.2)
    assert student["difference"]["half"] == pytest.approx(0.496828, abs=1e-6)
    assert student["text"] == "A is better than B by 1.20 ± 0.50 (95 %, 3 paired seeds)."
    assert t_x["text"] == (
        "A and B are not told apart: A − B = -0.03 ± 1.25 (95 %, 3 paired seeds)."
    )


def test_the_better_one_is_named_whichever_comes_first(chosen):
    told = differences.to_json(*chosen[::-1])["differences"][0]["text"]
    assert told == "B is better than A by 1.20 ± 0.50 (95 %, 3 paired seeds)."


def test_other_validation_text_is_told(chosen):
    assert "T_x val is on other text: mixed in A, gt in B." in differences.sheet(*chosen).notes


@pytest.mark.parametrize(
    ("a", "b", "says"),
    [
        ({0: 2.0}, {0: 1.0}, "A − B = +1.00 (one seed: no interval)."),
        ({0: 2.0}, {1: 1.0}, "A and B have no seed in common."),
        ({0: 2.0, 1: 2.5}, {0: 2.5, 1: 2.0}, "A and B are not told apart"),
    ],
)
def test_no_more_is_said_than_is_known(a, b, says):
    assert differences.told(difference(Stat.of(a), Stat.of(b))).startswith(says)


def test_trials_without_results_have_one_line_and_no_numbers(trained, as_trial):
    results = [trained("student", 90.0), trained("student", 91.0, wn=100)]
    empty = choose([], [as_trial(i, one) for i, one in enumerate(results)])
    sheet = differences.sheet(*empty, "best")
    assert [cell.shown() for cell in sheet.rows[0]] == ["student top-1, best epoch", "-", "-", "-"]
