"""Where jobs run and what they wait for, as commands tell it."""

import csv
import io

import pytest

from wnkd_tui.store.database import connect

QUEUED = "Priority, place 14 in the cluster's queue"


@pytest.fixture
def placed(wnkd, home):
    """Two jobs that run: beside others on a GPU, and in a cluster's queue; the last one waits."""
    wnkd("queue", "add", "--wn", "100", "--teachers", "T_x")
    conn = connect(home)
    here, there, *_, last = (row["id"] for row in conn.execute("SELECT id FROM job ORDER BY id"))
    conn.execute("UPDATE job SET state = 'running', attempt = 1 WHERE id IN (?, ?)", [here, there])
    conn.execute("UPDATE job SET slot = 'GPU 0', device = 'NVIDIA H100' WHERE id = ?", [here])
    conn.execute("UPDATE job SET slot = 'Slurm 3', reason = ? WHERE id = ?", [QUEUED, there])
    conn.executemany(
        "INSERT INTO attempt (job_id, number, supervisor, host, slot, place, together, done_before,"
        " started_at) VALUES (?, 1, 'me', 'server', ?, ?, ?, 0, 1)",
        [(here, "GPU 0", None, 3), (there, "Slurm 3", "Slurm job 4711", None)],
    )
    conn.close()
    return here, there, last


HERE = "on server, GPU 0 (3 jobs in one process), NVIDIA H100"
THERE = f"Slurm job 4711, {QUEUED}"


def test_lists_and_pages_tell_where_jobs_run(wnkd, placed):
    here, there, last = placed
    for words in (("queue", "list"), ("trial", "show", "1")):
        told = " ".join(wnkd(*words).stdout.split())
        for part in (HERE, THERE):
            assert all(word in told for word in part.replace(",", "").split()), told
    told = wnkd("queue", "show", str(here)).stdout
    assert "where    on server, GPU 0 (3 jobs in one process)\n" in told
    assert "device   NVIDIA H100\n" in told
    told = wnkd("queue", "show", str(there)).stdout
    assert "where    Slurm job 4711\n" in told
    assert f"note     {QUEUED}\n" in told
    assert f"in line  place {last - 2}\n" in wnkd("queue", "show", str(last)).stdout


def test_programs_are_told_as_well(wnkd, data, placed):
    here, there, last = placed
    listed = {job["id"]: job for job in data("queue", "list")["jobs"]}
    facts = ("where", "host", "slot", "place", "together", "reason")
    assert [listed[here][fact] for fact in facts] == [
        *("on server, GPU 0 (3 jobs in one process)", "server", "GPU 0", None, 3, None)
    ]
    assert [listed[there][fact] for fact in facts] == [
        *("Slurm job 4711", "server", "Slurm 3", "Slurm job 4711", None, QUEUED)
    ]
    assert [listed[last][fact] for fact in facts] == [None] * 6
    assert data("queue", "show", str(last))["in_line"] == last - 2
    lines = csv.DictReader(io.StringIO(wnkd("queue", "list", "--csv").stdout))
    found = {int(line["id"]): line for line in lines}
    assert (found[there]["host"], found[there]["place"]) == ("server", "Slurm job 4711")
