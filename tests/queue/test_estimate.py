"""Seconds per unit of work, measured here, times the work that is left. Arithmetic by hand."""

import json
from dataclasses import replace

import pytest

from engine.spec import Method, Modality, Teachers
from wnkd_tui.queue.adding import TrialRequest, plans_of, queue_trials
from wnkd_tui.queue.estimate import Estimate, estimate
from wnkd_tui.store import queries

GPU = "NVIDIA H100"
TRAIN, VAL = 1438, 359  # of digits
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
    """Marks jobs of a kind as done in the seconds given."""

    def done(kind, seconds, device=GPU, attempt=1, at=1000.0):
        conn.execute(
            "UPDATE job SET state = 'done', result = '{}', attempt = ?, device = ?,"
            " started_at = ?, finished_at = ? WHERE kind = ? AND state != 'done'",
            [attempt, device, at, at + seconds, kind],
        )

    return done


def test_nothing_measured_is_unknown(conn, plans):
    found = estimate(conn, plans(Teachers.NONE, Teachers.TX))
    assert (found.hours, found.device, found.jobs, found.unknown_jobs) == (None, None, 8, 8)
    assert found.text == "estimated: unknown (no such job was measured here yet)"


def test_nothing_left_to_do(conn, queue, done, plans):
    queue(Teachers.NONE)
    done("student", 60)
    found = estimate(conn, plans(Teachers.NONE))
    assert (found.hours, found.jobs, found.unknown_jobs) == (0.0, 0, 0)
    assert found.text == "estimated: nothing is left to do"


def test_time_goes_with_epochs_and_training_images(conn, queue, done, plans):
    queue(Teachers.NONE)
    done("student", 3600)
    for more, hours in (
        ({"seeds": (1, 2)}, 2.0),
        ({"seeds": (1,), "changes": (("student.optimiser.epochs", 6),)}, 0.5),
        ({"seeds": (1,), "limit_train": 719}, 0.5),
    ):
        found = estimate(conn, plans(Teachers.NONE, **more))
        assert found.hours == pytest.approx(hours)
        assert found.unknown_jobs == 0


def test_a_rate_is_all_seconds_over_all_work(conn, queue, done, plans):
    queue(Teachers.NONE)
    done("student", 100)
    queue(Teachers.NONE, seeds=(1,), changes=(("student.optimiser.epochs", 36),))
    done("student", 700)
    # 800 s for 12 + 36 epochs of 1438 images: 12 epochs take 200 s
    assert estimate(conn, plans(Teachers.NONE, seeds=(2,))).hours == pytest.approx(200 / 3600)


@pytest.mark.parametrize(
    "changes",
    [
        (("student.arch", "resnet20"),),
        (("image_size", 16),),
        (("precision", "bf16"),),
        (("student.optimiser.batch", 32),),
    ],
)
def test_what_decides_the_cost_of_an_image_is_apart(conn, queue, done, plans, changes):
    queue(Teachers.NONE)
    done("student", 100)
    found = estimate(conn, plans(Teachers.NONE, changes=changes))
    assert (found.hours, found.unknown_jobs) == (None, 1)


def test_what_does_not_decide_it_is_not(conn, queue, done, plans):
    queue(Teachers.NONE)
    done("student", 100)
    changes = (("student.optimiser.lr", 0.01), ("augment.strong.cutout", 1))
    assert estimate(conn, plans(Teachers.NONE, changes=changes)).hours == pytest.approx(100 / 3600)
    (zscore,) = plans(Teachers.TM, method=Method.ZSCORE)
    student = [replace(zscore, jobs=zscore.jobs[-1:])]
    assert estimate(conn, student).hours == pytest.approx(100 / 3600)


def test_every_kind_has_its_work(conn, queue, done, plans):
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
    found = estimate(conn, plans(Teachers.TM_TX, limit_train=limit, changes=changes))
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


def test_t_x_logits_and_views_are_known_by_their_teacher(conn, queue, done, plans):
    batch = (("student.teacher_bn", "batch"),)
    queue(Teachers.TX, changes=batch)
    for kind in ("wordnet", "embed", "nouns", "relax", "T_x", "attribution", "student"):
        done(kind, 0)
    done("logits", 50)
    changes = (*batch, ("student.optimiser.epochs", 24))
    found = estimate(conn, plans(Teachers.TX, changes=changes))
    assert (found.hours, found.unknown_jobs) == (pytest.approx(100 / 3600), 0)
    changes = (*batch, ("T_x.stem", "linear"))
    found = estimate(conn, plans(Teachers.TX, changes=changes))
    assert found.unknown_jobs == 3  # T_x, its logits and its attribution
    augmented = (("embed.mode", "augmented"),)
    queue(Teachers.TX, changes=augmented)
    done("views", 80)
    done("T_x", 0)
    done("logits", 50)
    done("attribution", 0)
    done("student", 0)
    found = estimate(conn, plans(Teachers.TX, seeds=(1,), changes=augmented))
    assert found.unknown_jobs == 0
    assert found.hours == pytest.approx((80 + 50) / 3600)


def test_an_experts_work_is_its_groups_images(conn, queue, done, plans, home):
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
    found = estimate(conn, plans(Teachers.NONE, seeds=(1,), **more))
    assert found.hours == pytest.approx(260 / 3600)


def test_shared_jobs_count_once(conn, queue, done, plans):
    queue(Teachers.TX, wn=(50,))
    for kind in ("wordnet", "nouns", "attribution", "student", "relax", "T_x"):
        done(kind, 0)
    done("embed", 360)
    found = estimate(conn, plans(Teachers.TX, wn=(20, 80), limit_train=TRAIN - 1))
    assert found.hours == pytest.approx(0.1, rel=1e-3)


def test_only_whole_runs_on_the_last_device_are_measured(conn, queue, done, plans):
    queue(Teachers.NONE)
    done("student", 1, device="CPU (x86_64)", at=1.0)
    queue(Teachers.NONE, seeds=(1,))
    done("student", 2, attempt=2)
    queue(Teachers.NONE, seeds=(2,))
    done("student", 3, device=None)
    queue(Teachers.NONE, seeds=(3,))
    done("student", 7200, device=GPU, at=50.0)
    found = estimate(conn, plans(Teachers.NONE, seeds=(4,)))
    assert (found.hours, found.device) == (pytest.approx(2.0), GPU)


def test_jobs_of_an_older_wnkd_are_no_measure(conn, queue, done, plans):
    queue(Teachers.TX)
    for kind in ("T_x", "student"):
        done(kind, 5)
    conn.execute("UPDATE job SET spec = json_remove(spec, '$.settings.stem', '$.settings.arch')")
    found = estimate(conn, plans(Teachers.TX, seeds=(1,)))
    assert found.hours is None


def test_a_modality_of_its_own_is_not_known(conn, queue, done, plans):
    queue(Teachers.TX)
    done("T_x", 5)
    found = estimate(conn, plans(Teachers.TX, modality=Modality.TEXT))
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


def test_the_queue_is_not_changed(conn, queue, plans):
    before = queries.jobs(conn)
    estimate(conn, plans(Teachers.NONE))
    assert queries.jobs(conn) == before
