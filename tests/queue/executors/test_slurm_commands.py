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
SACCT = """\
7|CANCELLED by 1000|None|node1|gpu|wnkd-ddd
8|OUT_OF_MEMORY|None|node[1-2]|gpu|wnkd-eee
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
    assert [job.state for job in jobs.values()] == ["CANCELLED", "OUT_OF_MEMORY"]
    assert "--name=wnkd-ddd,wnkd-eee" in slurm.seen("sacct")


def test_what_the_environment_would_change_is_not_passed_on(slurm):
    slurm.says("squeue", SQUEUE)
    slurm.jobs()
    assert "SQUEUE_" not in slurm.seen("squeue", "env")
    assert "SBATCH_" not in slurm.seen("squeue", "env")


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
            "sbatch: Batch job submission failed: Invalid partition name specified",
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
        ("", NotNowError, "sbatch: failed and said nothing"),
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
