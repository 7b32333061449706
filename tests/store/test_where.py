"""How it is told where a job runs and what it waits for: one wording, in the rows."""

from dataclasses import fields

import pytest

from wnkd_tui.store.rows import AttemptRow, JobRow

GPU = "NVIDIA H100"
QUEUED = "Priority, place 14 in the cluster's queue"
THERE = "waits for its turn there"


def row(kind, **known):
    return kind(**dict.fromkeys((one.name for one in fields(kind)), None) | known)


def job(state="running", **known):
    return row(JobRow, state=state, host="server", slot="GPU 1", **known)


@pytest.mark.parametrize(
    ("known", "where", "told"),
    [
        ({}, "on server, GPU 1", "on server, GPU 1"),
        ({"device": GPU, "together": 1}, "on server, GPU 1", f"on server, GPU 1, {GPU}"),
        (
            {"device": GPU, "together": 3},
            "on server, GPU 1 (3 jobs in one process)",
            f"on server, GPU 1 (3 jobs in one process), {GPU}",
        ),
        ({"place": "Slurm job 4", "reason": QUEUED}, "Slurm job 4", f"Slurm job 4, {QUEUED}"),
        (
            {"place": "Slurm job 4 on node7", "reason": THERE},
            "Slurm job 4 on node7",
            f"Slurm job 4 on node7, {THERE}",
        ),
        (
            {"place": "Slurm job 4 on node7", "device": GPU},
            "Slurm job 4 on node7",
            f"Slurm job 4 on node7, {GPU}",
        ),
        ({"reason": "waits for word of the cluster"}, None, "waits for word of the cluster"),
        ({"state": "lost", "reason": "its process is gone"}, None, "its process is gone"),
        ({"state": "waiting", "device": GPU}, None, None),
    ],
)
def test_where_a_job_is_and_what_it_waits_for(known, where, told):
    found = job(**known)
    assert (found.where, found.told) == (where, told)


def test_a_job_of_an_older_wnkd_that_kept_no_run():
    assert row(JobRow, state="running", slot="GPU 1", device=GPU).told == GPU


def test_a_run_is_told_alike():
    run = row(AttemptRow, host="server", slot="GPU 0+1", together=2)
    assert run.where == "on server, GPU 0+1 (2 jobs in one process)"
    assert row(AttemptRow, host="login", slot="Slurm 3", place="Slurm job 4").where == "Slurm job 4"
