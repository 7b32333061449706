"""A sweep is the trials of its table and no others."""

from dataclasses import replace

import pytest

from engine.errors import SpecError
from engine.spec import Method, Modality, Teachers
from wnkd_tui.queue import sweeps
from wnkd_tui.queue.adding import TrialRequest, plans_of, queue_trials
from wnkd_tui.store import queries

BASE = TrialRequest((), recipe="demo")
MIXES = [(0, 0), (20, 0), (50, 0), (80, 0), (100, 0), (0, 20), (0, 50), (0, 80), (0, 100)]


@pytest.fixture
def digits(conn):
    return queries.dataset(conn, "digits")


@pytest.fixture
def names(conn, digits):
    """Of a sweep's trials, with who is told apart by no name."""

    def names(sweep, base=BASE, dataset=digits):
        asked = sweeps.requests(sweep, base, dataset)
        return [plan.spec for request in asked for plan in plans_of(conn, request)[1]]

    return names


def test_table_1_is_ours_the_ensemble_and_z_score(names):
    assert [spec.name for spec in names("table1")] == [
        "T_m T_x,(img, 0%gt 100%wn) S_s",
        "T_1s T_2w T_3s S_s",
        "Z-score T_m S_s",
    ]


def test_table_1_of_a_long_tailed_set_has_lfme(digits):
    tail = replace(digits, train_per_class=(500, 60, *[5] * 8))
    last = sweeps.requests("table1", BASE, tail)[-1]
    assert (last.method, last.teachers) == (Method.LFME, (Teachers.NONE,))
    assert not sweeps.is_long_tailed(digits)


def test_table_2_is_nine_mixes_and_three_students(names):
    specs = names("table2")
    assert len(specs) == 1 + 9 * 2
    assert [(s.tx.wn, s.tx.noise) for s in specs if s.teachers is Teachers.TM_TX] == MIXES
    assert {spec.tx.modality for spec in specs if spec.tx} == {Modality.IMG_TEXT}


def test_table_3_is_one_mix_with_text_learned_and_fixed(names):
    specs = names("table3")
    assert [spec.changes for spec in specs] == [(("T_x.text_update", "fixed"),), ()]
    assert {spec.name for spec in specs} == {"T_m T_x,(img, 0%gt 100%wn) S_s"}


@pytest.mark.parametrize("name", ["T_x.text_update", "text_update"])
def test_table_3_does_not_take_a_change_to_what_it_varies(names, name):
    with pytest.raises(SpecError, match="table3 varies"):
        names("table3", replace(BASE, changes=((name, "fixed"),)))


def test_figure_2_is_text_alone(names):
    specs = names("fig2")
    assert [spec.name for spec in specs] == [
        "S_s",
        "T_x,(100%gt) S_s",
        *(f"T_x,({100 - wn}%gt {wn}%wn) S_s" for wn in (20, 50, 80, 100)),
    ]


def test_figure_3_is_the_nine_t_x(names):
    specs = names("fig3")
    assert [(spec.tx.wn, spec.tx.noise) for spec in specs] == MIXES
    assert {spec.teachers for spec in specs} == {Teachers.TX}


def test_leakage_is_table_2s_trials_and_a_t_x_without_text(names):
    specs = names("leakage")
    assert specs[-1].name == "T_x,(img) S_s"
    assert specs[:-1] == names("table2")


def test_what_is_common_comes_from_the_base(names):
    base = replace(
        BASE, seeds=(0, 3), limit_train=200, val_text="wn", changes=(("stem", "linear"),)
    )
    for sweep in sweeps.SWEEPS:
        specs = names(sweep, base)
        assert {spec.seed for spec in specs} == {0, 3}
        assert {spec.limit_train for spec in specs} == {200}
        with_text = [s.tx for s in specs if s.tx and s.tx.modality is not Modality.IMG]
        assert {str(tx.val_text) for tx in with_text} == ({"wn"} if with_text else set())
        assert all(("T_x.stem", "linear") in spec.changes for spec in specs if spec.tx)


def test_sweeps_share_what_they_have_in_common(home, conn, digits):
    def queue(sweep):
        return queue_trials(home, sweeps.requests(sweep, BASE, digits))

    queue("table2")
    assert queue("fig3").new_trials == set()
    assert len(queue("leakage").new_trials) == 1
    table1 = queue("table1")
    assert len(table1.new_trials) == 2
    new = [job for job in table1.jobs if job.id in table1.new_jobs]
    assert [job.name for job in new] == [
        "T_3s", "logits of T_3s", "T_1s T_2w T_3s S_s", "Z-score T_m S_s",
    ]  # fmt: skip


def test_an_unknown_sweep_is_told(digits):
    with pytest.raises(SpecError, match="unknown sweep 'table4'; known: table1, table2"):
        sweeps.requests("table4", BASE, digits)
