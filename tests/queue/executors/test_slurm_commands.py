"""The commands' answers, as a real Slurm 22.05 gave them; sacct's by its documentation."""

import os

import pytest

from wnkd_tui.queue.executors.base import ExecutorError, NotNowError
from wnkd_tui.queue.executors.slurm.commands import Slurm

SQUEUE = """\
2|CANCELLED|None|vm|low|wnkd-aaa
3|PENDING|Resources||low|wnkd-bbb
4|PENDING|Priority||low|somebody|else
1|RUNNING|None|vm|low|wnkd-ccc
"""
# As its manual has it: jobs with their steps, one that is queued again twice, and an array.
SACCT = """\
7|CANCELLED by 1000|None|node1|gpu|wnkd-ddd
7.batch|CANCELLED|None|node1||batch
7.extern|COMPLETED|None|node1||extern
7.0|FAILED|None|node2||wnkd-ddd
8|OUT_OF_MEMORY|None|node[1-2]|gpu|wnkd-eee
9|NODE_FAIL|None|node3|gpu|wnkd-fff
10|PREEMPTED|Priority|node3|gpu|wnkd-ggg
11|TIMEOUT|None|node3|gpu|wnkd-hhh
12|COMPLETED|None|node3|gpu|wnkd-iii
12|RUNNING|None|node4|gpu|wnkd-iii
13_1|COMPLETED|None|node3|gpu|wnkd-jjj
13_[2-9%4]|PENDING|JobArrayTaskLimit|None assigned|gpu|wnkd-jjj
14|COMPLETED|None|node3|gpu|somebody|else
"""
CONFIG = """Configuration data as of 2026-11-23T13:40:50
ClusterName             = wnkdtest
CommunicationParameters = (null)
"""


@pytest.fixture
def slurm(tmp_path):
    """A Slurm whose commands say what they are told to; `slurm.seen` is how one was called."""

    class Fake(Slurm):
        def __init__(self):
            odd = {"SBATCH_PARTITION": "theirs", "SQUEUE_FORMAT": "%i"}
            super().__init__({**os.environ, **odd, "PATH": f"{tmp_path}:/usr/bin:/bin"})

        def says(self, command, out="", errors="", code=0):
            path = tmp_path / command
            (tmp_path / f"{command}.out").write_text(out)
            (tmp_path / f"{command}.err").write_text(errors)
            path.write_text(
                f'#!/bin/sh\necho "$@" > {path}.seen\nenv > {path}.env\n'
                f"cat {path}.out\ncat {path}.err >&2\nexit {code}\n"
            )
            path.chmod(0o755)

        def seen(self, command, what="seen"):
            return (tmp_path / f"{command}.{what}").read_text()

    return Fake()


def test_our_jobs_as_squeue_tells_them(slurm):
    slurm.says("squeue", SQUEUE)
    jobs = slurm.jobs()
    assert sorted(jobs) == ["wnkd-aaa", "wnkd-bbb", "wnkd-ccc"]
    assert (jobs["wnkd-bbb"].id, jobs["wnkd-bbb"].reason) == ("3", "Resources")
    assert (jobs["wnkd-ccc"].state, jobs["wnkd-ccc"].reason) == ("RUNNING", "")
    assert "--states=all" in slurm.seen("squeue")


def test_our_jobs_as_the_accounting_tells_them(slurm):
    slurm.says("sacct", SACCT)
    jobs = slurm.past(["wnkd-ddd", "wnkd-eee"])
    assert {name[-3:]: (job.id, job.state, job.ended) for name, job in jobs.items()} == {
        "ddd": ("7", "CANCELLED", True),
        "eee": ("8", "OUT_OF_MEMORY", True),
        "fff": ("9", "NODE_FAIL", True),
        "ggg": ("10", "PREEMPTED", True),
        "hhh": ("11", "TIMEOUT", True),
        "iii": ("12", "RUNNING", False),
    }
    assert "--name=wnkd-ddd,wnkd-eee" in slurm.seen("sacct")
    assert "--allocations" in slurm.seen("sacct")


def test_an_accounting_that_knows_nothing_of_them(slurm):
    slurm.says("sacct", "\n")
    assert slurm.past(["wnkd-ddd"]) == {}


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("Slurm accounting storage is disabled\n", ExecutorError),
        ("sacct: error: Invalid user id: 4242\n", ExecutorError),
        (
            "sacct: error: slurm_persist_conn_open_without_init: failed to open persistent"
            " connection to host:db:6819: Connection refused\n"
            "sacct: error: Problem talking to the database: Connection refused\n",
            NotNowError,
        ),
    ],
)
def test_whether_the_accounting_may_be_asked_again(slurm, said, error):
    slurm.says("sacct", errors=said, code=1)
    with pytest.raises(ExecutorError) as found:
        slurm.past(["wnkd-ddd"])
    assert type(found.value) is error


def test_what_the_environment_would_change_is_not_passed_on(slurm):
    slurm.says("squeue", SQUEUE)
    slurm.jobs()
    assert "SQUEUE_" not in slurm.seen("squeue", "env")
    assert "SBATCH_" not in slurm.seen("squeue", "env")


def test_what_slurm_tells_of_an_allocation_that_this_is_in_is_not_passed_on(slurm, tmp_path):
    """A job would take its count of restarts for its own."""
    inside = {"SLURM_JOB_ID": "7", "SLURM_RESTART_COUNT": "1", "SLURM_CONF": "/etc/slurm.conf"}
    slurm.says("squeue", SQUEUE)
    Slurm({"PATH": f"{tmp_path}:/usr/bin:/bin", **inside}).jobs()
    told = slurm.seen("squeue", "env")
    assert "SLURM_CONF=/etc/slurm.conf" in told
    assert not {"SLURM_JOB_ID=7", "SLURM_RESTART_COUNT=1"} & {*told.splitlines()}


@pytest.mark.parametrize("order", [1, -1])
def test_of_a_job_that_clusters_share_the_one_that_has_it_tells(slurm, order):
    lines = ["9|REVOKED|None||gpu|wnkd-aaa", "9|RUNNING|None|far1|gpu|wnkd-aaa"][::order]
    slurm.says("squeue", "\n".join(lines))
    assert slurm.jobs()["wnkd-aaa"].node == "far1"
    slurm.says("squeue", "9|REVOKED|None||gpu|wnkd-aaa")
    assert not slurm.jobs()["wnkd-aaa"].ended  # it is elsewhere


def test_an_answer_that_was_cut_off_tells_what_is_whole(slurm):
    slurm.says("squeue", f"CLUSTER: wnkdtest\n{SQUEUE}5|RUNN")
    assert len(slurm.jobs()) == 3


def test_many_are_cancelled_at_once(slurm):
    slurm.says("squeue", SQUEUE)
    slurm.says("scancel")
    slurm.cancel(slurm.jobs().values())
    assert slurm.seen("scancel").split() == ["--quiet", "2", "3", "1"]


def test_when_a_job_would_start_is_what_is_told_last(slurm, tmp_path):
    said = "sbatch: charged to vision\nsbatch: Job 5 to start at 2026-11-23T15:00:00\n"
    slurm.says("sbatch", errors=said)
    assert slurm.test([], tmp_path / "script.sh") == "Job 5 to start at 2026-11-23T15:00:00"


def test_the_number_of_a_new_job_and_the_clusters_name(slurm, tmp_path):
    slurm.says("sbatch", "4711;wnkdtest\n")
    assert slurm.submit(["--partition=low"], tmp_path / "script.sh") == "4711"
    assert slurm.seen("sbatch").startswith("--parsable --partition=low ")
    slurm.says("scontrol", CONFIG)
    assert slurm.cluster() == "wnkdtest"


@pytest.mark.parametrize(
    ("said", "error", "told"),
    [
        (
            "sbatch: error: invalid partition specified: nope\n"
            "sbatch: error: Batch job submission failed: Invalid partition name specified\n",
            ExecutorError,
            "sbatch: invalid partition specified: nope; Batch job submission failed: Invalid"
            " partition name specified",
        ),
        (
            "sbatch: error: Name an account of yours: -A\n"
            "sbatch: error: Name an account of yours: -A\n"
            "sbatch: error: Batch job submission failed: Unspecified error\n",
            NotNowError,
            "sbatch: Name an account of yours: -A; Batch job submission failed: Unspecified error",
        ),
        (
            "sbatch: error: QOSMaxSubmitJobPerUserLimit\n"
            "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job"
            " submit limit, user's size and/or time limits)\n",
            NotNowError,
            "sbatch: QOSMaxSubmitJobPerUserLimit; Batch job submission failed: Job violates"
            " accounting/QOS policy (job submit limit, user's size and/or time limits)",
        ),
        (
            "sbatch: error: Batch job submission failed: Required partition not available"
            " (inactive or drain)\n",
            NotNowError,
            "sbatch: Batch job submission failed: Required partition not available (inactive or"
            " drain)",
        ),
        (
            "sbatch: unrecognized option '--nonsense'\n"
            'Try "sbatch --help" for more information\n',
            ExecutorError,
            "sbatch: unrecognized option '--nonsense'",
        ),
        (
            "allocation failure: Requested node configuration is not available\n",
            ExecutorError,
            "sbatch: allocation failure: Requested node configuration is not available",
        ),
        (
            "sbatch: error: Batch job submission failed: Unable to contact slurm controller"
            " (connect failure)\n",
            NotNowError,
            "sbatch: Batch job submission failed: Unable to contact slurm controller"
            " (connect failure)",
        ),
        ("", NotNowError, "sbatch: said nothing"),
    ],
)
def test_what_went_wrong_is_one_line_and_for_good_or_not(slurm, tmp_path, said, error, told):
    slurm.says("sbatch", errors=said, code=1)
    with pytest.raises(ExecutorError) as found:
        slurm.submit([], tmp_path / "script.sh")
    assert type(found.value) is error
    assert str(found.value) == told


def test_a_command_that_is_not_there_says_what_to_install(tmp_path):
    slurm = Slurm({"PATH": str(tmp_path)})
    assert slurm.missing() == ["sbatch", "squeue", "scancel", "scontrol"]
    with pytest.raises(ExecutorError, match=r"sbatch is not there: install .*slurm-client"):
        slurm.submit([], tmp_path / "script.sh")
