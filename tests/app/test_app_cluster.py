"""What the Queue page tells of a job that is with a cluster, as text."""

from dataclasses import fields

import pytest

from wnkd_tui.app.screens.queue.about import about
from wnkd_tui.app.screens.queue.view import JobDetail
from wnkd_tui.store.rows import AttemptRow, JobRow

QUEUED = "in the cluster's queue: Priority, place 14"


class Inks(dict):
    def __missing__(self, name):
        return ""


def row(kind, **known):
    return kind(**dict.fromkeys((one.name for one in fields(kind)), None) | known)


def told(place, reason):
    job = row(
        JobRow, state="running", slot="Slurm 3", reason=reason, device="CPU (x86_64)", priority=0
    )
    run = row(AttemptRow, number=1, host="login", slot="Slurm 3", place=place)
    detail = JobDetail(job, (), {}, (run,), (), (), {})
    return about(detail, None, 0.0, Inks()).plain.splitlines()[0]


@pytest.mark.parametrize(
    ("place", "reason", "line"),
    [
        (None, None, "Slurm 3, CPU (x86_64), on login"),
        ("Slurm job 12", QUEUED, f"Slurm job 12, {QUEUED}"),
        ("Slurm job 12 on node7", None, "Slurm job 12 on node7, CPU (x86_64)"),
    ],
)
def test_where_a_job_is_and_what_it_waits_for(place, reason, line):
    assert told(place, reason) == line
