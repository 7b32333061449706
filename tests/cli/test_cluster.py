"""Where Slurm's commands are missing, and flags that are of one executor alone."""

import json

import pytest

TELLS = "sbatch, squeue, scancel, scontrol: not there: install Slurm's commands"


@pytest.fixture(autouse=True)
def without_slurm(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))


def test_without_slurm_run_queue_says_what_to_install(wnkd):
    result = wnkd("run-queue", "--executor", "slurm", "--drain")
    assert result.exit_code != 0
    assert result.stderr.splitlines()[-1].startswith(f"wnkd: {TELLS}")


def test_without_slurm_doctor_says_what_to_install(wnkd, home):
    (home.root / "slurm.toml").write_text('partition = "gpu"\n')
    result = wnkd("doctor", "--executor", "slurm", "--json")
    checks = {one["name"]: one for one in json.loads(result.stdout)["checks"]}
    assert checks["slurm profile"] == {
        "name": "slurm profile",
        "ok": True,
        "says": str(home.root / "slurm.toml"),
    }
    assert (checks["slurm"]["ok"], checks["slurm"]["says"][: len(TELLS)]) == (False, TELLS)
    assert result.exit_code == 1


def test_doctor_without_the_option_does_not_speak_of_it(wnkd):
    assert "slurm" not in wnkd("doctor", "--json").stdout


def test_doctor_tells_a_profile_that_cannot_be(wnkd, home):
    (home.root / "slurm.toml").write_text("max_jobs = 0\n")
    assert "slurm.toml: max_jobs" in wnkd("doctor", "--executor", "slurm").stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--executor", "slurm", "--gpus", "0"), "a profile has gres"),
        (("--executor", "slurm", "--slots-per-gpu", "2"), "a profile has gres"),
        (("--executor", "slurm", "--profile", "/gone.toml"), "no profile /gone.toml"),
        (("--profile", "x.toml"), "give --executor slurm too"),
    ],
)
def test_flags_that_do_not_fit(wnkd, words, told):
    result = wnkd("run-queue", *words)
    assert result.exit_code == 2
    assert told in result.stderr


def test_what_nodes_share_may_be_elsewhere(home, wnkd, tmp_path):
    """Everything but the database goes through the link; one that leads nowhere is told."""
    shared = tmp_path / "shared"
    home.shared_link.symlink_to(shared)
    assert f"leads to {shared}, which is not there" in wnkd("queue", "list").stderr
    shared.mkdir()
    again = type(home).find()
    assert again.db.parent == home.root
    places = (again.jobs, again.artifacts, again.datasets, again.cache, again.files)
    assert {place.parent for place in places} == {shared}
    assert all(place.is_dir() for place in places)
