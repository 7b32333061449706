"""What cannot be done is said in one clear line; the exit code is 2 and nothing is queued."""

import pickle

import pytest
from typer.testing import CliRunner

from wnkd_tui.cli.root import app

ADD = ("queue", "add")
BAD = {
    "wn above 100": ((*ADD, "--wn", "120"), "wn must be 0 to 100 percent, got 120"),
    "wn below 0": ((*ADD, "--wn", "-5"), "wn must be 0 to 100 percent, got -5"),
    "wn no number": ((*ADD, "--wn", "half"), "--wn half: write whole numbers"),
    "one bad of a sweep": ((*ADD, "--sweep", "0,50,101"), "wn must be 0 to 100 percent, got 101"),
    "wn and noise": ((*ADD, "--wn", "50", "--noise", "20"), "wn 50 and noise 20 exclude"),
    "wn and sweep": ((*ADD, "--wn", "50", "--sweep", "0,100"), "--wn and --sweep say the same"),
    "bad wn without T_x": ((*ADD, "--wn", "120", "--teachers", "none"), "wn must be 0 to 100"),
    "no text": (ADD, "which text does T_x get?"),
    "empty text": ((*ADD, "--wn", ""), "--wn needs a number from 0 to 100"),
    "dataset": (
        (*ADD, "--wn", "100", "--dataset", "mnist"),
        "unknown dataset 'mnist'; known: digi",
    ),
    "recipe": ((*ADD, "--wn", "100", "--recipe", "slow"), "unknown recipe 'slow'; known: demo"),
    "teachers": ((*ADD, "--wn", "100", "--teachers", "T_y"), "unknown 'T_y'; known: none, T_x"),
    "one bad teacher": ((*ADD, "--wn", "100", "--teachers", "none,T_y"), "unknown 'T_y'"),
    "encoder": ((*ADD, "--wn", "100", "--encoder", "clip"), "unknown encoder 'clip'"),
    "modality": ((*ADD, "--wn", "100", "--modality", "sound"), "'sound' is not one of"),
    "val-text": ((*ADD, "--wn", "100", "--val-text", "x"), "'x' is not one of"),
    "negative seeds": ((*ADD, "--wn", "100", "--seeds", "-1"), "--seeds -1: write how many"),
    "negative seed": ((*ADD, "--wn", "100", "--seeds", "0,-1"), "a seed cannot be negative"),
    "no seeds": ((*ADD, "--wn", "100", "--seeds", "0"), "at least 1"),
    "huge seed": ((*ADD, "--wn", "100", "--seeds", "2147483648,"), "seed must be 0 to 2147483647"),
    "limit 0": ((*ADD, "--wn", "100", "--limit-train", "0"), "10 classes, each needs an image"),
    "limit too high": ((*ADD, "--wn", "100", "--limit-train", "5000"), "more than the 1438 train"),
    "unknown flag": ((*ADD, "--wnn", "100"), "No such option: --wnn"),
    "unknown command": (("que",), "No such command 'que'"),
    "no such job": (("queue", "show", "7"), "no job 7"),
    "job no number": (("queue", "show", "x"), "JOB"),
    "no such trial": (("trial", "show", "7"), "no trial 7"),
    "cancel what": (("queue", "cancel"), "which jobs?"),
    "cancel two ways": (("queue", "cancel", "1", "--all"), "which jobs?"),
    "cancel unknown": (("queue", "cancel", "9"), "no job 9"),
    "cancel of unknown trial": (("queue", "cancel", "--trial", "9"), "no trial 9"),
    "remove what": (("queue", "remove"), "which trials?"),
    "remove unknown": (("queue", "remove", "--trial", "9"), "no trial 9"),
    "state": (("queue", "list", "--state", "asleep"), "--state: unknown 'asleep'; known: wait"),
    "slots": (("run-queue", "--slots", "0"), "--slots"),
    "report of unknown": (("report", "table2", "--dataset", "mnist"), "unknown dataset 'mnist'"),
    "epoch": (("report", "table2", "--epoch", "first"), "'first' is not one of"),
    "dataset check": (("dataset", "check", "mnist"), "unknown dataset 'mnist'"),
    "dataset add where": (("dataset", "add", "cifar100"), "where is cifar100?"),
    "dataset add builtin": (("dataset", "add", "digits", "."), "digits is built in"),
    "dataset add kind": (("dataset", "add", "mnist", "."), "unknown kind of dataset 'mnist'"),
    "dataset download": (("dataset", "add", "mnist", "--download"), "cannot be downloaded"),
}


@pytest.mark.parametrize(("words", "says"), BAD.values(), ids=BAD.keys())
def test_bad_input(wnkd, count, words, says):
    result = wnkd(*words)
    assert result.exit_code == 2
    assert says in result.stderr
    assert result.stderr.startswith("wnkd: ")
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""
    assert [count(table) for table in ("trial", "job", "dataset", "setting")] == [0, 0, 0, 0]


def test_a_folder_without_cifar100_is_not_added(wnkd, count, tmp_path):
    result = wnkd("dataset", "add", "cifar100", str(tmp_path))
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "no cifar-100-python folder" in result.stderr
    assert count("dataset") == 0


class Hostile:
    """Unpickled by an ordinary unpickler, it makes the file named."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_a_hostile_or_truncated_pickle_is_refused_and_not_run(wnkd, count, tmp_path):
    folder = tmp_path / "cifar-100-python"
    folder.mkdir()
    for content in (pickle.dumps(Hostile(tmp_path / "made")), pickle.dumps({b"a": [1, 2]})[:-3]):
        for name in ("meta", "train", "test"):
            (folder / name).write_bytes(content)
        for words in (("add", "cifar100"), ("check", "cifar100")):
            result = wnkd("dataset", *words, str(tmp_path))
            assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
            assert str(folder / "meta") in result.stderr
    assert count("dataset") == 0
    assert not (tmp_path / "made").exists()


def test_a_home_that_cannot_be_written(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setenv("WNKD_HOME", str(blocked / "home"))
    result = CliRunner().invoke(app, ["queue", "add", "--wn", "100"])
    assert result.exit_code == 2
    assert result.stderr.startswith("wnkd: cannot write to ")
    assert result.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_home_on_a_network_filesystem(tmp_path, monkeypatch):
    from pathlib import Path

    from wnkd_tui import home

    monkeypatch.setenv("WNKD_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(home, "mounted", lambda: [home.Mount(Path("/"), "nfs4")])
    result = CliRunner().invoke(app, ["queue", "add", "--wn", "100"])
    assert result.exit_code == 2
    assert "network filesystem (nfs4)" in result.stderr
    assert not (tmp_path / "home").exists()


def test_a_damaged_database_is_told(wnkd, home):
    home.db.write_bytes(b"this is no database, and long enough to be read as one" * 40)
    for extra in ("-wal", "-shm"):
        home.db.with_name(home.db.name + extra).unlink(missing_ok=True)
    result = wnkd("queue", "list")
    assert result.exit_code == 2
    assert "damaged" in result.stderr
    assert result.stderr.count("\n") == 1
