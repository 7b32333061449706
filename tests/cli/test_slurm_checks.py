"""What doctor asks of a cluster that is played."""

import socket

import pytest

from wnkd_tui.cli import slurm_checks
from wnkd_tui.queue.executors.base import ExecutorError


class Played:
    def __init__(self):
        self.asked = []

    def missing(self):
        return []

    def cluster(self):
        return "played"

    def nodes(self):
        return {socket.gethostname().partition(".")[0]}

    def test(self, options, script):
        self.asked.append(options)
        return "Job 1 to start at 2026-11-23T15:00:00"

    def past(self, names):
        raise ExecutorError("sacct: Slurm accounting storage is disabled")


@pytest.fixture
def checked(home, monkeypatch):
    """The checks by name and what sbatch was asked, for such a profile and config."""

    def check(profile, config=""):
        slurm = Played()
        monkeypatch.setattr(slurm_checks, "Slurm", lambda: slurm)
        (home.root / "slurm.toml").write_text(profile)
        (home.root / "config.toml").write_text(config)
        found = {one.name: one for one in slurm_checks.slurm_checks(home, None)}
        return found, slurm.asked

    return check


def test_no_accounting_is_no_fault(checked):
    found, asked = checked('gres = "gpu:1"')
    assert all(one.ok for one in found.values())
    assert found["slurm job"].says == "Job 1 to start at 2026-11-23T15:00:00"
    assert len(asked) == 1


def test_a_job_on_several_gpus_is_asked_for_as_well(checked):
    found, asked = checked('gres = "gpu:1"\nnodes = 2', "[queue]\ngpus_per_job = 4\n")
    assert found["slurm job of 4"].ok
    one, four = asked
    assert "--gres=gpu:1" in one
    assert {"--gres=gpu:2", "--nodes=2", "--ntasks-per-node=2"} <= {*four}


def test_processes_that_nodes_cannot_share_evenly_are_told(checked):
    found, _ = checked("nodes = 2", "[queue]\ngpus_per_job = 3\n")
    assert not found["slurm job of 3"].ok
    assert "is not shared out evenly" in found["slurm job of 3"].says


def test_a_config_that_cannot_be_is_told_by_its_own_check(checked):
    assert checked("", "[queue]\ngpus_per_job = 0\n") == ({}, [])
