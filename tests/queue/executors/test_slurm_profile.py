"""Profiles: what they say to sbatch, and what they cannot be."""

import pytest

from engine.errors import SpecError
from wnkd_tui.home import Home
from wnkd_tui.queue.executors.base import ExecutorError
from wnkd_tui.queue.executors.slurm import script
from wnkd_tui.queue.executors.slurm.allocation import Allocation
from wnkd_tui.queue.executors.slurm.executor import slots_of
from wnkd_tui.queue.executors.slurm.profile import cluster_profile


@pytest.fixture
def load(tmp_path):
    """The profile that a text is."""

    def write(text):
        (tmp_path / "slurm.toml").write_text(text, encoding="utf-8")
        return cluster_profile(Home(tmp_path), None)

    return write


def test_a_home_without_a_profile_asks_for_what_is_usual_there(tmp_path):
    profile = cluster_profile(Home(tmp_path), None)
    assert profile.options(1) == []
    assert "student" not in profile.together


def test_one_that_was_named_must_be_there(tmp_path):
    with pytest.raises(ExecutorError, match=r"no profile .*gone\.toml"):
        cluster_profile(Home(tmp_path), tmp_path / "gone.toml")


def test_what_sbatch_is_given(load, tmp_path):
    profile = load('partition = "gpu"\ngres = "gpu:1"\nextra = ["--mem=32G", "--comment-free=a b"]')
    allocation = Allocation(tmp_path / "wnkd-1")
    given = script.options(profile, allocation, "S_s (T_x); rm -rf", 1)
    assert given[:4] == ["--partition=gpu", "--gres=gpu:1", "--mem=32G", "--comment-free=a b"]
    assert "--job-name=wnkd-1" in given
    assert "--comment=S_s (T_x); rm -rf" in given  # a word of its own: no shell reads it
    assert "--no-requeue" in given
    assert "--signal=B:USR1@120" in given


@pytest.mark.parametrize(
    ("gres", "asked"),
    [
        ("gpu:1", "gpu:4"),
        ("gpu", "gpu:4"),
        ("gpu:a100:2", "gpu:a100:8"),
        ("gpu:a100,nvme:1", "gpu:a100:4,nvme:4"),
    ],
)
def test_a_job_of_several_processes_gets_as_many_times_what_one_gets(load, gres, asked):
    profile = load(f'gres = "{gres}"\nnodes = 2\nextra = ["--cpus-per-task=8"]')
    several = [f"--gres={asked}", "--nodes=2", "--ntasks-per-node=4", "--cpus-per-task=8"]
    assert profile.options(8) == several
    assert profile.options(1) == [f"--gres={gres}", "--cpus-per-task=8"]
    assert load("").options(2) == ["--nodes=1", "--ntasks-per-node=2"]


def test_processes_are_shared_out_evenly(load):
    profile = load("nodes = 2\nmax_jobs = 3")
    assert [(slot.name, slot.ranks) for slot in slots_of(profile, 1, 4)] == [("Slurm 0", 4)]
    assert len(slots_of(profile, None, 2)) == 3
    with pytest.raises(SpecError, match=r"gpus-per-job 3 is not shared out evenly by .*nodes = 2"):
        slots_of(profile, None, 3)


def test_the_script_of_an_allocation(load, tmp_path):
    profile = load('setup = ["module load cuda"]\npython = "/opt/my python"')
    allocation = Allocation(tmp_path / "wnkd-1")
    allocation.make()
    path = script.write(profile, allocation, tmp_path / "jobs", linger=2.5)
    lines = path.read_text().splitlines()
    assert lines[:3] == ["#!/bin/bash", "trap '' USR1", "module load cuda"]
    assert lines[3].startswith("exec '/opt/my python' -m wnkd_tui.queue.executors.slurm.node ")
    assert lines[3].endswith(f"{tmp_path / 'jobs'} 2.5")


def test_a_path_is_what_a_shell_would_make_of_it(load, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("ENVS", "/envs")
    assert load('python = "~/venv/bin/python"').python == "/home/me/venv/bin/python"
    assert load('python = "$ENVS/python"').python == "/envs/python"
    assert load('python = "python3"').python == "python3"
    (tmp_path / "100%").mkdir()
    given = script.options(load(""), Allocation(tmp_path / "100%" / "wnkd-1"), "one", 1)
    assert f"--output={tmp_path}/100%%/wnkd-1/output.log" in given  # a % alone is sbatch's


@pytest.mark.parametrize("time", ["3", "2:01", "0:02:01", "0-1", "1-00:00", "0", "UNLIMITED", ""])
def test_a_warning_before_the_end(load, time):
    assert load(f'time = "{time}"\nwarning = 120').warning == 120


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('partition = "a b"', "partition: .*'a b'"),
        ('account = "x\\ny"', "account: "),
        ('extra = ["mem=3G"]', "extra: 'mem=3G' is no option"),
        ('extra = ["--signal=TERM"]', "extra: '--signal=TERM' is wnkd's own"),
        ('extra = ["--clusters=other"]', "extra: '--clusters=other' is wnkd's own"),
        ('time = "2"', "warning: a job would be asked to go at once: time is '2'"),
        ('time = "0:01:30"', "warning: a job would be asked to go at once"),
        ('extra = ["-Jmine"]', "extra: '-Jmine' is wnkd's own"),
        ('extra = ["--nodes=2"]', "extra: '--nodes=2' is wnkd's own"),
        ("nodes = 0", "nodes: .*0"),
        ('setup = ["a\\nb"]', r"setup\.0: "),
        ('together = ["cooking"]', "together: 'cooking' is no kind of job; known: wordnet"),
        ("max_jobs = 0", "max_jobs: .*0"),
        ("every = inf", "every: "),
        ("linger = -1.0", "linger: "),
        ("colour = 1", "colour: "),
        ("partition = ", "cannot read"),
    ],
)
def test_what_cannot_be_is_one_line_with_the_file(load, text, told):
    with pytest.raises(ExecutorError, match=told) as error:
        load(text)
    assert "slurm.toml" in str(error.value)
    assert "\n" not in str(error.value)
