"""Only what was measured alike is averaged, and students that read less join the right rows."""

from math import isclose, sqrt

import pytest

from engine.spec import Modality, MultimodalSpec
from wnkd_tui.report.captions import table_label, tables
from wnkd_tui.report.counterparts import by_condition, counterpart
from wnkd_tui.report.rows import collect
from wnkd_tui.report.stats import Stat


def best(row, column):
    stat = row.accuracy(column, "best")
    return stat.mean if stat else None


def test_rows_come_in_the_papers_order(sweep):
    assert [row.name for row in collect(sweep)] == [
        "T_x,(img, 0%gt 100%wn)",
        "T_x,(img, 100%gt)",
        "T_x,(img, 0%gt 100%noise)",
    ]


def test_rows_do_not_depend_on_the_order_of_results(sweep):
    mixed = [*sweep[::2], *sweep[1::2]]  # no trial's stand together
    assert collect(mixed) == collect(sweep)


def test_a_row_averages_its_seeds_and_joins_the_students_alone(sweep):
    row = collect(sweep)[0]
    assert row.accuracy("tx_val", "best") == Stat({0: 80.0, 1: 79.0})
    assert row.accuracy("tx_val", "best").sd == sqrt(0.5)
    assert row.cell("tx_val").last.mean == 79.0
    assert [best(row, f"student_{who}") for who in ("alone", "tx", "tmtx", "tm")] == [
        90.5, 93.5, 93.5, None,
    ]  # fmt: skip
    assert isclose(row.image_share.mean, 0.61)
    assert isclose(row.text_share.mean, 0.39)
    assert (row.train_n, row.val_n, row.samples, row.older) == (1437, 360, 360, 0)


def test_a_student_alone_counts_only_for_seeds_that_the_row_has(trained):
    results = [
        trained("T_x", 80.0, wn=100, seed=1),
        trained("student", 10.0, teachers="none", seed=0),
        trained("student", 90.0, teachers="none", seed=1),
    ]
    assert collect(results)[0].accuracy("student_alone", "best") == Stat({1: 90.0})


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
        {"changes": {"T_x.stem": "linear"}},
        {"changes": {"student.tau": 2.0}},
    ]
    results = [trained("T_x", 50.0 + i, **{"wn": 100} | one) for i, one in enumerate(differing)]
    rows = collect(results)
    assert len(rows) == len(differing)
    assert {row.accuracy("tx_val", "best").n for row in rows} == {1}
    assert {best(row, "tx_val") for row in rows} == {50.0 + i for i in range(len(differing))}
    # All but the mix, the validation text and what is T_x's own part tables.
    assert len(tables(rows)) == 7


def test_changes_of_t_x_are_in_the_rows_name_and_those_of_students_in_the_caption(trained):
    at = {"wn": 100, "changes": {"T_x.text_update": "fixed", "student.tau": 2.0}}
    [row] = collect([trained("T_x", 80.0, **at), trained("student", 90.0, **at)])
    assert row.name == "T_x,(img, 0%gt 100%wn) · T_x.text_update fixed"
    assert "recipe demo with student.tau 2.0" in table_label([row])
    assert row.changes == (("T_x.text_update", "fixed"), ("student.tau", 2.0))
    assert row.trial("student_tmtx").endswith("100%wn) S_s · T_x.text_update fixed")
    assert row.trial("student_alone") == "S_s"


def test_a_student_joins_rows_whose_changes_it_does_not_read(trained):
    tau = {"student.tau": 2.0}
    results = [
        trained("T_x", 80.0, wn=100, changes=tau),
        trained("student", 91.0, wn=100, changes=tau),
        trained("student", 90.0, teachers="none"),  # reads no τ
        trained("student", 95.0, teachers="T_m", changes=tau),
        trained("student", 10.0, teachers="T_m"),  # another τ
    ]
    taught = [row for row in collect(results) if row.tx]
    assert [(best(row, "student_alone"), best(row, "student_tm")) for row in taught] == [(90, 95)]


def test_a_change_of_image_teachers_keeps_what_reads_none_in_its_row(trained):
    arch = {"teacher.arch": "resnet8"}
    results = [
        trained("T_x", 80.0, wn=100),
        trained("student", 91.0, wn=100),
        trained("T_x", 80.0, wn=100, teachers="T_m+T_x", changes=arch),
        trained("student", 93.0, wn=100, teachers="T_m+T_x", changes=arch),
    ]
    [row] = collect(results)
    assert (best(row, "student_tx"), best(row, "student_tmtx")) == (91.0, 93.0)
    assert row.setting.changes == (("teacher.arch", "resnet8"),)
    unchanged = trained("student", 94.0, wn=100, teachers="T_m+T_x")
    assert [best(row, "student_tmtx") for row in collect([*results, unchanged])] == [94.0, 93.0]


def test_a_student_alone_of_another_size_or_recipe_is_not_joined(trained):
    results = [
        trained("T_x", 80.0, wn=100),
        trained("student", 90.0, teachers="none", limit_train=500),
        trained("student", 91.0, teachers="none", recipe="fast"),
    ]
    rows = collect(results)
    assert sorted(row.name for row in rows) == ["S_s", "S_s", "T_x,(img, 0%gt 100%wn)"]
    assert [best(row, "student_alone") for row in rows if row.tx] == [None]


@pytest.mark.parametrize(
    ("teachers", "method", "column"),
    [
        ("T_1s+T_2w+T_3s", "kd", "student_ensemble"),
        ("T_m", "zscore", "student_zscore"),
        ("none", "lfme", "student_lfme"),
    ],
)
def test_other_methods_have_columns_of_their_own(trained, teachers, method, column):
    results = [
        trained("T_x", 80.0, wn=100),
        trained("student", 88.0, teachers=teachers, method=method),
    ]
    [row] = collect(results)
    assert best(row, column) == 88.0
    assert best(row, "student_tm") is None
    assert best(row, "student_alone") is None


def test_z_score_of_other_teachers_is_in_no_table(trained):
    at = {"wn": 100, "method": "zscore"}
    assert collect([trained("student", 88.0, **at), trained("T_x", 80.0, **at)]) == []


def test_one_job_of_two_trials_counts_once_and_the_newest_of_a_seed_stays(trained):
    old, new = trained("T_x", 70.0, wn=100), trained("T_x", 80.0, wn=100)
    row = collect([old, new, new, old])[0]
    assert row.accuracy("tx_val", "best") == Stat({0: 80.0})
    assert row.older == 1


def test_gt_of_a_wn_sweep_and_of_a_noise_sweep_is_one_row(trained):
    results = [trained("T_x", 99.0, wn=0), trained("T_x", 99.0, noise=0, seed=1)]
    assert [row.tx for row in collect(results)] == [MultimodalSpec("wordnet-graph")]


def test_a_dataset_can_be_chosen(trained):
    results = [trained("T_x", 99.0), trained("T_x", 98.0, dataset="cifar100")]
    assert [row.setting.dataset for row in collect(results, "cifar100")] == ["cifar100"]
    assert collect(results, "none") == []


def test_a_counterpart_has_the_changes_that_matter_to_it(trained):
    changes = {"relax.clusters": 9, "T_x.stem": "linear"}
    stem = {"T_x.stem": "linear"}
    rows = collect(
        [
            trained("T_x", 80.0, wn=100, changes=changes),
            trained("T_x", 70.0, modality="img"),
            trained("T_x", 75.0, modality="img", changes=stem),
        ]
    )
    row = next(row for row in rows if row.tx.wn)
    found = counterpart(row, [MultimodalSpec("wordnet-graph", Modality.IMG)], by_condition(rows))
    assert best(found, "tx_val") == 75.0
    assert (
        counterpart(row, [MultimodalSpec("wordnet-graph", Modality.TEXT)], by_condition(rows))
        is None
    )
