"""Where Slurm's commands or ray are missing, and flags that are of one executor alone."""

import json
import sys

import pytest

TELLS = {
    "slurm": "sbatch, squeue, scancel, scontrol: not there: install Slurm's commands",
    "ray": "ray is not installed here: pip install 'wnkd-tui[ray]'",
}
of_each_cluster = pytest.mark.parametrize("cluster", TELLS)


@pytest.fixture(autouse=True)
def without_clusters(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setitem(sys.modules, "ray", None)


@of_each_cluster
def test_without_it_run_queue_says_what_to_install(wnkd, cluster):
    result = wnkd("run-queue", "--executor", cluster, "--drain")
    assert result.exit_code != 0
    assert result.stderr.splitlines()[-1].startswith(f"wnkd: {TELLS[cluster]}")


@of_each_cluster
def test_without_it_doctor_says_what_to_install(wnkd, home, cluster):
    path, tells = home.root / f"{cluster}.toml", TELLS[cluster]
    path.write_text("max_jobs = 2\n")
    result = wnkd("doctor", "--executor", cluster, "--json")
    checks = {one["name"]: one for one in json.loads(result.stdout)["checks"]}
    profile = {"name": f"{cluster} profile", "ok": True, "says": str(path)}
    assert checks[f"{cluster} profile"] == profile
    assert (checks[cluster]["ok"], checks[cluster]["says"][: len(tells)]) == (False, tells)
    assert result.exit_code == 1


def test_doctor_without_the_option_does_not_speak_of_it(wnkd):
    names = {one["name"] for one in json.loads(wnkd("doctor", "--json").stdout)["checks"]}
    assert not names & {"slurm", "slurm profile", "ray", "ray profile"}


@of_each_cluster
def test_doctor_tells_a_profile_that_cannot_be(wnkd, home, cluster):
    (home.root / f"{cluster}.toml").write_text("max_jobs = 0\n")
    assert f"{cluster}.toml: max_jobs" in wnkd("doctor", "--executor", cluster).stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--executor", "slurm", "--gpus", "0"), "what a job gets of a cluster is in its profile"),
        (("--executor", "ray", "--slots-per-gpu", "2"), "a cluster is in its profile"),
        (("--executor", "ray", "--gpus-per-job", "2", "--profile", "/gone.toml"), "no profile"),
        (("--executor", "slurm", "--profile", "/gone.toml"), "no profile /gone.toml"),
        (("--profile", "x.toml"), "give --executor slurm or ray too"),
        (("--executor", "slurm", "--address", "auto"), "give --executor ray too"),
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
