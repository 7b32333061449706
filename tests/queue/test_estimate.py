"""Seconds per unit of work, measured here, times the work that is left. Arithmetic by hand."""

import json
from dataclasses import replace

import pytest

from engine.spec import Method, Modality, Teachers
from wnkd_tui.queue.adding import TrialRequest, plans_of, queue_trials
from wnkd_tui.queue.estimate import Estimate, Most, estimate
from wnkd_tui.store import queries

GPU = "NVIDIA H100"
TRAIN, VAL = 1438, 359  # of digits
KEPT, ONLINE = ("logits.top_k", 2), ("logits.keep", "none")
EPOCHS = 12  # of recipe demo's teachers and students; its T_x has 30


@pytest.fixture
def queue(home):
    def queue(*teachers, wn=(100,), **more):
        request = TrialRequest([(w, 0) for w in wn], teachers, recipe="demo", **more)
        return queue_trials(home, [request])

    return queue


@pytest.fixture
def plans(conn):
    def plans(*teachers, wn=(100,), **more):
        request = TrialRequest([(w, 0) for w in wn], teachers, recipe="demo", **more)
        return plans_of(conn, request)[1]

    return plans


@pytest.fixture
def done(conn):
    """Marks jobs of a kind as done, and their last run in the seconds given. `of`: columns of the
    job, `run`: of that run, which was the first unless it has another `number`."""

    def done(kind, seconds, device=GPU, at=1000.0, of=None, **run):
        told = {"number": 1, "seconds": seconds, "device": device, "done_before": 0} | run
        told |= {"supervisor": "me", "host": "here", "slot": "GPU 0", "ending": "done"}
        told |= {"started_at": at}
        job = {"state": "done", "result": "{}", "attempt": told["number"], "device": device}
        job |= {"finished_at": at + 1} | (of or {})
        names = ", ".join(told)
        conn.execute(
            f"INSERT INTO attempt (job_id, {names}) SELECT id, {', '.join('?' * len(told))}"
            " FROM job WHERE kind = ? AND state != 'done'",
            [*told.values(), kind],
        )
        conn.execute(
            f"UPDATE job SET {', '.join(f'{name} = ?' for name in job)}"
            " WHERE kind = ? AND state != 'done'",
            [*job.values(), kind],
        )

    return done


def test_nothing_measured_is_unknown(home, conn, plans):
    found = estimate(home, conn, plans(Teachers.NONE, Teachers.TX))
    assert (found.hours, found.device, found.jobs, found.unknown_jobs) == (None, None, 8, 8)
    assert found.text == "estimated: unknown (no such job was measured here yet)"


def test_nothing_left_to_do(home, conn, queue, done, plans):
    queue(Teachers.NONE)
    done("student", 60)
    found = estimate(home, conn, plans(Teachers.NONE))
    assert (found.hours, found.jobs, found.unknown_jobs) == (0.0, 0, 0)
    assert found.text == "estimated: nothing is left to do"


def test_time_goes_with_epochs_and_training_images(home, conn, queue, done, plans):
    queue(Teachers.NONE)
    done("student", 3600)
    for more, hours in (
        ({"seeds": (1, 2)}, 2.0),
        ({"seeds": (1,), "changes": (("student.optimiser.epochs", 6),)}, 0.5),
        ({"seeds": (1,), "limit_train": 719}, 0.5),
    ):
        found = estimate(home, conn, plans(Teachers.NONE, **more))
        assert found.hours == pytest.approx(hours)
        assert found.unknown_jobs == 0


def test_a_rate_is_all_seconds_over_all_work(home, conn, queue, done, plans):
    queue(Teachers.NONE)
    done("student", 100)
    queue(Teachers.NONE, seeds=(1,), changes=(("student.optimiser.epochs", 36),))
    done("student", 700)
    # 800 s for 12 + 36 epochs of 1438 images: 12 epochs take 200 s
    assert estimate(home, conn, plans(Teachers.NONE, seeds=(2,))).hours == pytest.approx(200 / 3600)


@pytest.mark.parametrize(
    "changes",
    [
        (("student.arch", "resnet20"),),
        (("image_size", 16),),
        (("precision", "bf16"),),
        (("student.optimiser.batch", 32),),
    ],
)
def test_what_decides_the_cost_of_an_image_is_apart(home, conn, queue, done, plans, changes):
    queue(Teachers.NONE)
    done("student", 100)
    found = estimate(home, conn, plans(Teachers.NONE, changes=changes))
    assert (found.hours, found.unknown_jobs) == (None, 1)


def test_what_does_not_decide_it_is_not(home, conn, queue, done, plans):
    queue(Teachers.NONE)
    done("student", 100)
    changes = (("student.optimiser.lr", 0.01), ("augment.strong.cutout", 1))
    assert estimate(home, conn, plans(Teachers.NONE, changes=changes)).hours == pytest.approx(
        100 / 3600
    )
    (zscore,) = plans(Teachers.TM, method=Method.ZSCORE)
    student = [replace(zscore, jobs=zscore.jobs[-1:])]
    assert estimate(home, conn, student).hours == pytest.approx(100 / 3600)


def test_every_kind_has_its_work(home, conn, queue, done, plans):
    """One trial measured, the same with other numbers estimated; kinds take powers of ten."""
    queue(Teachers.TM_TX)
    kinds = {
        "wordnet": 1,
        "embed": 10,
        "nouns": 100,
        "relax": 1000,
        "T_x": 10_000,
        "attribution": 100_000,
        "teacher": 1_000_000,
        "logits": 10_000_000,
        "student": 100_000_000,
    }
    for kind, seconds in kinds.items():
        done(kind, seconds)
    limit = 719  # half of the training images
    changes = (
        ("relax.clusters", 60),
        ("attribution.steps", 25),
        ("attribution.samples", 718),  # twice the validation images
        ("T_x.optimiser.epochs", 90),
        ("teacher.optimiser.epochs", 24),
    )
    found = estimate(home, conn, plans(Teachers.TM_TX, limit_train=limit, changes=changes))
    assert found.unknown_jobs == 0
    tac = max(TRAIN / 300, 3 * 10)  # TAC's rule gave 30 centres
    expected = (
        10 * (limit + VAL) / (TRAIN + VAL)  # wordnet and nouns are done: they are shared
        + 1000 * (limit * 60) / (TRAIN * tac)
        + 10_000 * (90 / 30) / 2
        + 100_000
        + 2 * (1_000_000 * (24 / 12) / 2)  # T_1s and T_2w
        + 2 * (10_000_000 / 2)
        + 100_000_000 / 2
    )
    assert found.hours == pytest.approx(expected / 3600)


def test_t_x_logits_and_views_are_known_by_their_teacher(home, conn, queue, done, plans):
    batch = (("student.teacher_bn", "batch"),)
    queue(Teachers.TX, changes=batch)
    for kind in ("wordnet", "embed", "nouns", "relax", "T_x", "attribution", "student"):
        done(kind, 0)
    done("logits", 50)
    changes = (*batch, ("student.optimiser.epochs", 24))
    found = estimate(home, conn, plans(Teachers.TX, changes=changes))
    assert (found.hours, found.unknown_jobs) == (pytest.approx(100 / 3600), 0)
    changes = (*batch, ("T_x.stem", "linear"))
    found = estimate(home, conn, plans(Teachers.TX, changes=changes))
    assert found.unknown_jobs == 3  # T_x, its logits and its attribution
    augmented = (("embed.mode", "augmented"),)
    queue(Teachers.TX, changes=augmented)
    done("views", 80)
    done("T_x", 0)
    done("logits", 50)
    done("attribution", 0)
    done("student", 0)
    found = estimate(home, conn, plans(Teachers.TX, seeds=(1,), changes=augmented))
    assert found.unknown_jobs == 0
    assert found.hours == pytest.approx((80 + 50) / 3600)


def test_an_experts_work_is_its_groups_images(home, conn, queue, done, plans):
    counts = [200, 50, 10]
    conn.execute(
        "INSERT INTO dataset (name, kind, path, key, classes, train_per_class, val_per_class,"
        " added_at) VALUES ('tail', 'folder', '/tail', 'k', '[\"a\", \"b\", \"c\"]', ?, ?, 0)",
        [json.dumps(counts), json.dumps([1, 1, 1])],
    )
    more = {"dataset": "tail", "method": Method.LFME}
    queue(Teachers.NONE, **more)
    for kind in ("logits", "student"):
        done(kind, 0)
    conn.execute("UPDATE job SET kind = 'other' WHERE name IN ('E_medium', 'E_few')")
    done("teacher", 200)  # E_many: 1 s for each image
    found = estimate(home, conn, plans(Teachers.NONE, seeds=(1,), **more))
    assert found.hours == pytest.approx(260 / 3600)


def test_shared_jobs_count_once(home, conn, queue, done, plans):
    queue(Teachers.TX, wn=(50,))
    for kind in ("wordnet", "nouns", "attribution", "student", "relax", "T_x"):
        done(kind, 0)
    done("embed", 360)
    found = estimate(home, conn, plans(Teachers.TX, wn=(20, 80), limit_train=TRAIN - 1))
    assert found.hours == pytest.approx(0.1, rel=1e-3)


def test_what_was_seen_to_compute_on_the_last_device_is_measured(home, conn, queue, done, plans):
    """Not what nobody saw end, nor what found its artifact made already."""
    queue(Teachers.NONE)
    done("student", 1, device="CPU (x86_64)", at=1.0)
    queue(Teachers.NONE, seeds=(1,))
    done("student", None)
    queue(Teachers.NONE, seeds=(2,))
    done("student", 3, device=None)
    queue(Teachers.NONE, seeds=(3,))
    done("student", 7200, device=GPU, at=50.0)
    found = estimate(home, conn, plans(Teachers.NONE, seeds=(4,)))
    assert (found.hours, found.device) == (pytest.approx(2.0), GPU)


def test_a_run_that_went_on_counts_for_the_epochs_it_did(home, conn, queue, done, plans):
    epochs = {"unit": "epochs", "total": 12}
    queue(Teachers.NONE)
    done("student", 2700, number=3, done_before=3, of=epochs)  # 9 of 12 in 2700 s
    assert estimate(home, conn, plans(Teachers.NONE, seeds=(1,))).hours == pytest.approx(1.0)
    queue(Teachers.NONE, seeds=(1,))
    done("student", 5, number=2, done_before=12, of=epochs)  # nothing was left but the artifact
    assert estimate(home, conn, plans(Teachers.NONE, seeds=(2,))).hours == pytest.approx(1.0)
    queue(Teachers.NONE, seeds=(2,))
    # What has no epochs begins anew, whatever it had counted.
    done("student", 7200, number=2, done_before=900, of={"unit": "images", "total": 1000})
    found = estimate(home, conn, plans(Teachers.NONE, seeds=(3,)))
    assert found.hours == pytest.approx((2700 + 7200) / (9 / 12 + 1) / 3600)


def test_students_of_one_process_share_its_seconds(home, conn, queue, done, plans):
    queue(Teachers.NONE)
    done("student", 7200, together=2)
    assert estimate(home, conn, plans(Teachers.NONE, seeds=(1,))).hours == pytest.approx(1.0)


def test_memory_is_what_the_largest_took_of_the_same_data(home, conn, queue, done, plans):
    queue(Teachers.TM)
    done("teacher", 60, memory=9 * 2**30, host_memory=3 * 2**30)
    done("logits", 60, memory=5 * 2**30, host_memory=4 * 2**30)
    done("student", 60, memory=None, host_memory=None)  # of an older wnkd
    found = estimate(home, conn, plans(Teachers.TM, seeds=(1,)))
    assert (found.memory, found.host_memory) == (Most(9 * 2**30, "teacher"), Most(2**32, "logits"))
    assert (found.jobs, found.unknown_jobs, found.unmeasured_jobs) == (5, 0, 1)
    assert found.lines[1] == (
        "memory: such jobs took 9.0 GiB of the GPU (teacher), 4.0 GiB of the host (logits);"
        " 1 of 5 jobs unknown"
    )
    fewer = estimate(home, conn, plans(Teachers.TM, limit_train=719))
    assert (fewer.unknown_jobs, fewer.memory, fewer.host_memory) == (0, None, None)
    assert fewer.lines[1] == "memory: unknown (no such job told it here yet)"


def test_the_disk_is_what_tables_take(home, conn, queue, done, plans, monkeypatch):
    tables = 2 * TRAIN * EPOCHS * 10 * 2  # two teachers', float16 of ten classes
    found = estimate(home, conn, plans(Teachers.TM))
    assert (found.disk, found.unsized_jobs, found.free) == (tables, 0, None)
    assert "disk" not in " ".join(found.lines)  # so little is not worth a line
    found = estimate(home, conn, plans(Teachers.TM_TX))
    assert (found.disk, found.unsized_jobs) == (tables, 1)  # of the embeddings nobody knows
    long = (("student.optimiser.epochs", 10_000),)
    found = estimate(home, conn, plans(Teachers.TM_TX, changes=long))
    assert found.lines[-1] == "disk: 548.6 MiB of tables; 1 of 11 jobs unknown"
    queue(Teachers.TX, limit_train=100)
    done("embed", 1, of={"result": '{"dim": 300}'})
    monkeypatch.setattr("wnkd_tui.queue.disk.free", lambda home: 2**20)
    found = estimate(home, conn, plans(Teachers.TM_TX))
    assert (found.disk, found.unsized_jobs) == (tables + (TRAIN + VAL) * 300 * 4, 0)
    assert found.lines[-1] == (
        "disk: 2.7 MiB of tables, but 1.0 MiB free: make room (wnkd gc) or set logits.keep=none"
    )
    few = estimate(home, conn, plans(Teachers.TM, changes=(("logits.limit_gb", 0), KEPT)))
    assert few.disk == 2 * TRAIN * EPOCHS * (4 * 2 + 4)
    assert estimate(home, conn, plans(Teachers.TM, changes=(ONLINE,))).disk == 0


def test_jobs_of_an_older_wnkd_are_no_measure(home, conn, queue, done, plans):
    queue(Teachers.TX)
    for kind in ("T_x", "student"):
        done(kind, 5)
    conn.execute("UPDATE job SET spec = json_remove(spec, '$.settings.stem', '$.settings.arch')")
    found = estimate(home, conn, plans(Teachers.TX, seeds=(1,)))
    assert found.hours is None


def test_a_modality_of_its_own_is_not_known(home, conn, queue, done, plans):
    queue(Teachers.TX)
    done("T_x", 5)
    found = estimate(home, conn, plans(Teachers.TX, modality=Modality.TEXT))
    assert (found.hours, found.unknown_jobs) == (None, found.jobs)


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (
            Estimate(2.13, GPU, 43, 3),
            "about 2.1 GPU hours on NVIDIA H100 (measured rates; 3 of 43 jobs unknown)",
        ),
        (Estimate(1.0, "CPU (x86_64)", 4, 0), "about 1.0 CPU hours (measured rates)"),
        (Estimate(0.5, GPU, 4, 0), "about 30 GPU minutes on NVIDIA H100 (measured rates)"),
        (Estimate(0.0, "cpu", 4, 1), "about 1 CPU minute (measured rates; 1 of 4 jobs unknown)"),
    ],
)
def test_an_estimate_in_words(found, text):
    assert found.text == f"estimated: {text}"


def test_the_queue_is_not_changed(home, conn, queue, plans):
    before = queries.jobs(conn)
    estimate(home, conn, plans(Teachers.NONE))
    assert queries.jobs(conn) == before
