"""Who may run a queue beside whom."""

import pytest

from wnkd_tui.queue.owner import OwnerError, owning


def test_run_queues_of_this_host_work_side_by_side(home, conn):
    with owning(home, conn, cluster=None), owning(home, conn, cluster=None):
        pass


@pytest.mark.parametrize("first", ["slurm", "ray", None])
@pytest.mark.parametrize("second", ["slurm", None])
def test_one_of_a_cluster_is_alone(home, conn, first, second):
    if not (first or second):
        return
    with owning(home, conn, cluster=first):
        told = "another run-queue works on this queue, and only one may"
        with pytest.raises(OwnerError, match=told), owning(home, conn, cluster=second):
            pass
    with owning(home, conn, cluster=second):
        pass


def test_what_one_kind_left_running_is_for_that_kind(home, conn, work):
    work.add(work.job("one"))
    work.claim("killed")
    with pytest.raises(OwnerError, match="job 1 is of this host still"):
        owning(home, conn, cluster="slurm").__enter__()
    conn.execute("UPDATE job SET slot = 'Slurm 3'")
    for other in ("ray", None):
        with pytest.raises(OwnerError, match=r"job 1 is with the cluster still: .*slurm"):
            owning(home, conn, cluster=other).__enter__()
    with owning(home, conn, cluster="slurm"):
        pass


@pytest.mark.parametrize("cluster", ["slurm", "ray", None])
def test_what_ended_with_its_run_queue_is_for_anybody(home, conn, work, cluster):
    work.add(work.job("one"))
    work.claim("killed")
    conn.execute("UPDATE job SET slot = 'Ray 0'")
    with owning(home, conn, cluster=cluster):
        pass
