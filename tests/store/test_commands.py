import json

import pytest

from engine.data.listing import Skipped
from engine.data.registry import DatasetInfo, Source
from engine.plan import JobSpec, Plan
from engine.spec import Method, Teachers, TrialSpec
from wnkd_tui.store import commands, queries
from wnkd_tui.store.connection import StoreError


def set_state(conn, job, state):
    conn.execute("UPDATE job SET state = ? WHERE id = ?", [state, job])


def states(conn):
    return {row.name: row.state for row in queries.jobs(conn)}


def test_what_two_trials_have_in_common_is_one_job(conn, add):
    one = add("embed", "relax", "T_x 50", seed=0)
    two = add("embed", "relax", "T_x 100", seed=1)

    assert [job.name for job in one.jobs] == ["embed", "relax", "T_x 50"]
    assert [job.id for job in two.jobs][:2] == [job.id for job in one.jobs][:2]
    assert two.new_jobs == {two.jobs[2].id}
    assert two.new_trials == {two.trials[0].id}
    assert two.jobs[0].trials == (one.trials[0].id, two.trials[0].id)
    assert two.jobs[2].inputs == (two.jobs[1].id,)
    assert [job.position for job in queries.jobs(conn)] == [1, 2, 3, 4]


def test_the_same_trial_again_adds_nothing(conn, add):
    first = add("embed", "student")
    again = add("embed", "student")

    assert again.new_trials == again.new_jobs == set()
    assert again.trials == first.trials
    assert again.jobs == first.jobs


def test_only_a_cancelled_job_is_put_back_by_asking_for_it_again(conn, add):
    jobs = add("a", "b", "c", "d").jobs
    for job, state in zip(jobs, ("cancelled", "failed", "lost", "done"), strict=True):
        set_state(conn, job.id, state)

    add("a", "b", "c", "d", seed=1)

    assert states(conn) == {"a": "waiting", "b": "failed", "c": "lost", "d": "done"}


def test_cancel_ends_waiting_jobs_and_leaves_a_wish_for_running_ones(conn, add):
    waiting, running, _ = (job.id for job in add("a", "b", "c").jobs)
    set_state(conn, running, "running")

    commands.cancel(conn, [waiting, running])

    assert states(conn) == {"a": "cancelled", "b": "running", "c": "waiting"}
    assert queries.job(conn, waiting).reason == "by hand"
    assert queries.job(conn, waiting).finished_at is not None
    assert queries.job(conn, running).wanted == "cancelled"


@pytest.mark.parametrize("command", [commands.cancel, commands.retry])
@pytest.mark.parametrize("refused", ["done", "no such job"])
def test_one_refused_job_and_nothing_changes(conn, add, command, refused):
    first, second = (job.id for job in add("a", "b").jobs)
    set_state(conn, first, "failed" if command is commands.retry else "waiting")
    set_state(conn, second, "done")
    before = states(conn)

    with pytest.raises(StoreError) as told:
        command(conn, [first, second if refused == "done" else 99])

    assert ("is done" if refused == "done" else "no job 99") in str(told.value)
    assert states(conn) == before


@pytest.mark.parametrize("state", ["failed", "lost", "cancelled"])
def test_retry_lets_a_job_wait_again(conn, add, state):
    (job,) = add("a").jobs
    conn.execute("UPDATE job SET state = ?, reason = 'bad luck', finished_at = 1", [state])

    commands.retry(conn, [job.id])

    row = queries.job(conn, job.id)
    assert (row.state, row.reason, row.finished_at) == ("waiting", None, None)


def test_remove_takes_the_jobs_that_no_other_trial_needs(conn, add):
    one = add("shared", "mine", seed=0).trials[0]
    add("shared", "theirs", seed=1)
    conn.execute("INSERT INTO metric SELECT id, 'loss', 1, 0.5 FROM job")

    commands.remove(conn, [one.id])

    assert list(states(conn)) == ["shared", "theirs"]
    assert [trial.id for trial in queries.trials(conn)] == [2]
    assert conn.execute("SELECT count(*) FROM metric").fetchone()[0] == 2
    assert queries.jobs(conn)[0].trials == (2,)


def test_a_removed_id_is_not_used_again(conn, add):
    commands.remove(conn, [add("a").trials[0].id])

    added = add("b", seed=1)

    assert (added.trials[0].id, added.jobs[0].id) == (2, 2)


def test_a_trial_is_not_removed_while_a_job_of_its_own_runs(conn, add):
    one = add("shared", "mine", seed=0).trials[0]
    add("shared", "theirs", seed=1)
    set_state(conn, 2, "running")

    with pytest.raises(StoreError, match="job 2 is running"):
        commands.remove(conn, [one.id])
    assert len(queries.trials(conn)) == 2

    set_state(conn, 2, "done")
    set_state(conn, 1, "running")  # the other trial needs this one
    commands.remove(conn, [one.id])
    assert list(states(conn)) == ["shared", "theirs"]


def test_removing_an_unknown_trial_removes_none(conn, add):
    one = add("a").trials[0]

    with pytest.raises(StoreError, match="no trial 7"):
        commands.remove(conn, [one.id, 7])

    assert len(queries.trials(conn)) == 1


def test_datasets_are_the_built_in_ones_and_those_added(home, conn, tmp_path):
    info = DatasetInfo(
        name="birds",
        kind="cifar100",
        path=tmp_path,
        key="k" * 64,
        classes=("crow", "Häher"),
        train_per_class=(3, 4),
        val_per_class=(1, 1),
        size=(32, 24, 3),
        skipped=(Skipped("crow/1.jpg", "damaged"),),
        prompts=tmp_path / "prompts.csv",
        splits=tmp_path / "splits",
    )
    commands.add_dataset(home, info)

    assert [row.name for row in queries.datasets(conn)] == ["digits", "birds"]
    birds = queries.dataset(conn, "birds")
    assert (birds.classes, birds.path, birds.builtin) == (("crow", "Häher"), tmp_path, False)
    assert (birds.size, birds.skipped) == ((32, 24, 3), info.skipped)
    assert birds.source == Source(
        "birds",
        "cifar100",
        tmp_path,
        tmp_path / "prompts.csv",
        tmp_path / "splits",
        ("crow/1.jpg",),
    )
    assert birds.location == {
        "name": "birds",
        "kind": "cifar100",
        "path": str(tmp_path),
        "prompts": str(tmp_path / "prompts.csv"),
        "splits": str(tmp_path / "splits"),
        "skipped": ["crow/1.jpg"],
    }
    digits = queries.dataset(conn, "digits")
    assert digits.builtin
    assert digits.source == Source("digits", "digits", skipped=())
    with pytest.raises(StoreError, match="unknown dataset 'fish'; known: digits, birds"):
        queries.dataset(conn, "fish")


def test_a_built_in_dataset_is_not_added(home):
    from engine.data.registry import builtin

    with pytest.raises(StoreError, match="built in"):
        commands.add_dataset(home, builtin()[0])


def test_settings_are_remembered(conn):
    assert queries.setting(conn, "colour") is None
    commands.remember(conn, "colour", "blue")
    commands.remember(conn, "colour", "red")
    assert queries.setting(conn, "colour") == "red"


def test_each_datasets_jobs_are_told_where_it_is(home, conn):
    plans = [
        Plan(
            TrialSpec(name, "demo", Teachers.NONE, None),
            (JobSpec("student", name, {"name": name}),),
        )
        for name in ("digits", "birds", "fish")
    ]
    commands.add_trials(home, plans, {name: {"name": name} for name in ("digits", "birds")})

    data = [row["data"] for row in conn.execute("SELECT data FROM job ORDER BY id")]
    assert [one and json.loads(one) for one in data] == [
        {"name": "digits"},
        {"name": "birds"},
        None,
    ]


def test_a_trial_keeps_its_method_and_changes(home, conn):
    spec = TrialSpec(
        "digits", "demo", Teachers.TM, None, method=Method.ZSCORE, changes=(("zscore.tau", 3.0),)
    )
    commands.add_trials(home, [Plan(spec, (JobSpec("student", "S_s", {}),))])

    row = queries.trial(conn, 1)
    assert (row.method, row.changes, row.spec) == (Method.ZSCORE, (("zscore.tau", 3.0),), spec)
    columns = conn.execute("SELECT method, changes FROM trial").fetchone()
    assert tuple(columns) == ("zscore", '{"zscore.tau": 3.0}')


def test_pause_holds_waiting_jobs_at_once_and_leaves_a_wish_for_running_ones(conn, add):
    waiting, running = (job.id for job in add("a", "b").jobs)
    set_state(conn, running, "running")

    commands.pause(conn, [waiting, running])

    assert states(conn) == {"a": "paused", "b": "running"}
    assert queries.job(conn, running).wanted == "paused"

    commands.resume(conn, [waiting, running])

    assert states(conn) == {"a": "waiting", "b": "running"}
    assert queries.job(conn, running).wanted is None


@pytest.mark.parametrize("state", ["done", "failed", "lost", "cancelled"])
def test_what_has_ended_is_neither_paused_nor_resumed(conn, add, state):
    (job,) = (job.id for job in add("a").jobs)
    set_state(conn, job, state)
    for command in (commands.pause, commands.resume):
        with pytest.raises(StoreError, match=f"job {job} is {state}"):
            command(conn, [job])


def test_resume_takes_back_no_other_wish(conn, add):
    (job,) = (job.id for job in add("a").jobs)
    set_state(conn, job, "running")
    commands.cancel(conn, [job])
    with pytest.raises(StoreError, match="only paused jobs"):
        commands.resume(conn, [job])
    assert queries.job(conn, job).wanted == "cancelled"


def test_what_is_so_already_is_no_fault_and_a_job_that_ends_is_not_held(conn, add):
    held, ending = (job.id for job in add("a", "b").jobs)
    set_state(conn, ending, "running")
    for _ in range(2):
        commands.cancel(conn, [ending])
        commands.pause(conn, [held])
    with pytest.raises(StoreError, match=f"job {ending} is about to be cancelled"):
        commands.pause(conn, [held, ending])
    assert queries.job(conn, ending).wanted == "cancelled"
    assert queries.job(conn, held).state == "paused"


def test_retry_starts_anew_with_the_count_of_losses(conn, add):
    one, two, three = (job.id for job in add("a", "b", "c").jobs)
    set_state(conn, one, "lost")
    conn.execute("UPDATE job SET losses = 6 WHERE id = ?", [one])
    conn.execute("UPDATE job SET losses = 2, retry_at = 9e9 WHERE id = ?", [two])

    commands.retry(conn, [one, two])

    for id in (one, two):
        row = queries.job(conn, id)
        assert (row.state, row.losses, row.retry_at) == ("waiting", 0, None)
    with pytest.raises(StoreError, match="only failed, lost, cancelled"):
        commands.retry(conn, [three])


def test_what_waits_for_a_paused_job_says_so(conn, add):
    first, *_, last = (job.id for job in add("a", "b", "c").jobs)
    commands.pause(conn, [first])
    assert queries.job(conn, last).reason == f"waits for job {first} (paused)"
    commands.resume(conn, [first])
    assert queries.job(conn, last).reason is None
