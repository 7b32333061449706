"""Only what was measured alike is averaged, and students without T_x join the right rows."""

from math import isclose, sqrt

from hypothesis import given
from hypothesis import strategies as st

from engine.spec import MultimodalSpec
from wnkd_tui.report.captions import tables
from wnkd_tui.report.rows import collect
from wnkd_tui.report.stats import Stat


def test_sd_has_n_minus_1_below_the_line_and_is_unknown_for_one_seed():
    assert Stat.of([1.0, 3.0]) == Stat(2.0, sqrt(2.0), 2)
    assert Stat.of([5.0]) == Stat(5.0, None, 1)
    assert Stat.of([]) is None


@given(st.lists(st.floats(0, 100), min_size=2, max_size=9))
def test_mean_lies_within_its_values_and_sd_is_no_negative(values):
    stat = Stat.of(values)
    assert min(values) - 1e-9 <= stat.mean <= max(values) + 1e-9
    assert stat.sd >= 0
    assert stat.n == len(values)


def test_rows_come_in_the_papers_order(sweep):
    assert [row.name for row in collect(sweep)] == [
        "T_x,(img, 0%gt 100%wn)",
        "T_x,(img, 100%gt)",
        "T_x,(img, 0%gt 100%noise)",
    ]


def test_a_row_averages_its_seeds_and_joins_the_students_alone(sweep):
    row = collect(sweep)[0]
    assert row.tx_val.best == Stat(79.5, sqrt(0.5), 2)
    assert row.tx_val.last.mean == 79.0
    assert row.student_alone.best.mean == 90.5
    assert row.student_tx.best.mean == 93.5
    assert row.student_tmtx.best.mean == 93.5
    assert row.student_tm is None
    assert isclose(row.image_share.mean, 0.61)
    assert isclose(row.text_share.mean, 0.39)
    assert (row.train_n, row.val_n, row.samples, row.older) == (1437, 360, 360, 0)


def test_a_student_alone_counts_only_for_seeds_that_the_row_has(trained):
    results = [
        trained("T_x", 80.0, wn=100, seed=1),
        trained("student", 10.0, teachers="none", seed=0),
        trained("student", 90.0, teachers="none", seed=1),
    ]
    assert collect(results)[0].student_alone.best == Stat(90.0, None, 1)


def test_what_differs_is_never_averaged(trained):
    differing = [
        {},
        {"dataset": "cifar100"},
        {"limit_train": 500},
        {"recipe": "fast"},
        {"encoder": "ViT-B-32-quickgelu/openai"},
        {"modality": "text"},
        {"wn": 50},
        {"val_text": "gt"},
    ]
    results = [trained("T_x", 50.0 + i, **{"wn": 100} | one) for i, one in enumerate(differing)]
    rows = collect(results)
    assert len(rows) == len(differing)
    assert {row.tx_val.best.n for row in rows} == {1}
    assert {row.tx_val.best.mean for row in rows} == {50.0 + i for i in range(len(differing))}
    assert len(tables(rows)) == 6  # all but the mix and the validation text part tables


def test_a_student_alone_of_another_size_or_recipe_is_not_joined(trained):
    results = [
        trained("T_x", 80.0, wn=100),
        trained("student", 90.0, teachers="none", limit_train=500),
        trained("student", 91.0, teachers="none", recipe="fast"),
    ]
    rows = collect(results)
    assert rows[[row.tx is not None for row in rows].index(True)].student_alone is None
    assert sorted(row.name for row in rows) == ["S_s", "S_s", "T_x,(img, 0%gt 100%wn)"]


def test_one_job_of_two_trials_counts_once_and_the_newest_of_a_seed_stays(trained):
    old, new = trained("T_x", 70.0, wn=100), trained("T_x", 80.0, wn=100)
    row = collect([old, new, new, old])[0]
    assert row.tx_val.best == Stat(80.0, None, 1)
    assert row.older == 1


def test_gt_of_a_wn_sweep_and_of_a_noise_sweep_is_one_row(trained):
    results = [trained("T_x", 99.0, wn=0), trained("T_x", 99.0, noise=0, seed=1)]
    assert [row.tx for row in collect(results)] == [MultimodalSpec("wordnet-graph")]


def test_a_dataset_can_be_chosen(trained):
    results = [trained("T_x", 99.0), trained("T_x", 98.0, dataset="cifar100")]
    assert [row.setting.dataset for row in collect(results, "cifar100")] == ["cifar100"]
    assert collect(results, "none") == []
