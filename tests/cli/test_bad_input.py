"""What cannot be done is said in one clear line; the exit code is 2 and nothing is queued."""

import pickle

import pytest
from typer.testing import CliRunner

from wnkd_tui.cli.root import app

ADD = ("queue", "add")
BAD = {
    "a dataset that a script left empty": ((*ADD, "--wn", "0", "--dataset", ""), "dataset ''"),
    "an empty recipe": ((*ADD, "--wn", "0", "--recipe", ""), "unknown recipe ''"),
    "an empty encoder": ((*ADD, "--wn", "0", "--encoder", ""), "unknown encoder ''"),
    "an encoder to garble terminals": (
        (*ADD, "--wn", "0", "--encoder", "a\x1b[2J/b"),
        r"unknown encoder 'a\x1b[2J/b'",
    ),
    "a filter that a script left empty": (
        ("trial", "remove", "--where", " "),
        "--where is empty, and would find everything",
    ),
    "an empty filter of jobs": (("queue", "cancel", "--where", ""), "--where is empty"),
    "a filter to garble terminals": (("filter", "save", "x", "a\x1b[2J"), "one line of text"),
    "a tag put on and taken off": (
        ("trial", "tag", "--all", "--add", "x", "--remove", "x"),
        "tag x: to be put on, and taken off",
    ),
    "an empty list of states": (("queue", "list", "--state", ""), "--state: unknown ''"),
    "slots without end": (("run-queue", "--drain", "--slots", "9999999"), "equal to 10000"),
    "a profile without a cluster": (("doctor", "--profile", "x"), "--profile is of a cluster"),
    "a download for prompts that are not there": (
        ("dataset", "add", "cifar100", "--download", "--prompts", "/nosuch"),
        "/nosuch: no such file or folder",
    ),
    "wn above 100": ((*ADD, "--wn", "120"), "wn must be 0 to 100 percent, got 120"),
    "wn below 0": ((*ADD, "--wn", "-5"), "wn must be 0 to 100 percent, got -5"),
    "wn no number": ((*ADD, "--wn", "half"), "--wn half: write whole numbers"),
    "one bad of a sweep": ((*ADD, "--sweep", "0,50,101"), "wn must be 0 to 100 percent, got 101"),
    "wn and noise": ((*ADD, "--wn", "50", "--noise", "20"), "wn 50 and noise 20 exclude"),
    "sweep by an unknown name": (
        (*ADD, "--sweep", "table9"),
        "--sweep table9: neither one of table1, table2, table3, fig2, fig3, leakage, nor percents",
    ),
    "sweep of names": ((*ADD, "--sweep", "fig2,fig3"), "--sweep fig2,fig3: neither one of"),
    "sweep name and wn": ((*ADD, "--sweep", "fig2", "--wn", "0"), "leave out --wn"),
    "sweep name and noise": ((*ADD, "--sweep", "fig2", "--noise", "0"), "leave out --noise"),
    "sweep name and students": (
        (*ADD, "--sweep", "table2", "--teachers", "none"),
        "--sweep table2 says itself which trials it needs: leave out --teachers",
    ),
    "sweep name and method": ((*ADD, "--sweep", "table1", "--method", "kd"), "out --method"),
    "sweep name and modality": (
        (*ADD, "--sweep", "fig3", "--modality", "img"),
        "leave out --modality",
    ),
    "sweep and what it varies": (
        (*ADD, "--sweep", "table3", "--set", "text_update=fixed"),
        "sweep table3 varies T_x.text_update itself",
    ),
    "method": ((*ADD, "--wn", "100", "--method", "magic"), "'magic' is not one of"),
    "zscore of nobody": (
        (*ADD, "--wn", "100", "--method", "zscore", "--teachers", "none"),
        "zscore standardises teachers' logits",
    ),
    "lfme with teachers": (
        (*ADD, "--wn", "100", "--method", "lfme", "--teachers", "T_m"),
        "lfme trains experts of its own",
    ),
    "lfme of a balanced set": ((*ADD, "--method", "lfme"), "lfme is for long-tailed sets"),
    "set without value": ((*ADD, "--wn", "0", "--set", "stem"), "--set stem: write NAME=VALUE"),
    "set without name": ((*ADD, "--wn", "0", "--set", "=linear"), "write NAME=VALUE"),
    "set of nothing known": ((*ADD, "--wn", "0", "--set", "colour=red"), "no setting 'colour'"),
    "set of a table": ((*ADD, "--wn", "0", "--set", "T_x=1"), "no setting 'T_x'"),
    "set of several": (
        (*ADD, "--wn", "0", "--set", "student.optimiser.lr=1", "--set", "lr=2"),
        "--set student.optimiser.lr and --set lr say the same",
    ),
    "set ambiguously": (
        (*ADD, "--wn", "0", "--set", "batch=2"),
        "'batch' may be teacher.optimiser.batch, T_x.optimiser.batch, student.optimiser.batch",
    ),
    "set to no choice": ((*ADD, "--wn", "0", "--set", "stem=tree"), "T_x.stem: Input should be"),
    "set to a wrong type": ((*ADD, "--wn", "0", "--set", "lam=much"), "student.lam: Input"),
    "set below its range": ((*ADD, "--wn", "0", "--set", "lam=-1"), "greater than or equal to 0"),
    "set to infinity": ((*ADD, "--wn", "0", "--set", "lam=inf"), "inf is no number"),
    "set a list to a number": (
        (*ADD, "--wn", "0", "--set", "teacher.optimiser.steps=25"),
        "teacher.optimiser.steps: Input should be a valid list",
    ),
    "set the encoder": ((*ADD, "--wn", "0", "--set", "encoder=a/b"), "(--encoder)"),
    "set to a file that is not there": (
        (*ADD, "--wn", "100", "--set", "nouns=/no/such/nouns.txt"),
        "'/no/such/nouns.txt' is none of distinct, tac, and no file's path: /no/such/nouns.txt"
        " does not exist",
    ),
    "set to no file at all": ((*ADD, "--wn", "100", "--set", "nouns=/dev/null"), "is no file"),
    "encoder file that is not there": (
        (*ADD, "--wn", "100", "--encoder", "ViT-B-32//no/such/clip.pt"),
        "/no/such/clip.pt does not exist",
    ),
    "encoder file never given": (
        (*ADD, "--wn", "100", "--encoder", "ViT-B-32/file:clip-00.pt"),
        "give it again with --set or --encoder",
    ),
    "encoder file that leads elsewhere": (
        (*ADD, "--wn", "100", "--encoder", "ViT-B-32/file:../wnkd.db"),
        "give it again",
    ),
    "a path with control signs": (
        ("dataset", "add", "birds", "no\x1b[2Jbirds"),
        "no\\x1b[2Jbirds: no such folder",
    ),
    "a note of two lines": (("trial", "note", "1", "a\nb"), "a note is one line of text"),
    "recipe to show": (("recipe", "show", "slow"), "unknown recipe 'slow'; known: demo"),
    "recipe for nothing known": (
        ("recipe", "show", "demo", "--dataset", "mnist"),
        "unknown dataset 'mnist'",
    ),
    "two formats": (("report", "table2", "--csv", "--md"), "--csv and --md: a report has one"),
    "json and tex": (("report", "leakage", "--json", "--tex"), "--json and --tex: a report has"),
    "two pictures": (
        ("report", "fig2", "--png", "a.png", "--svg", "a.svg"),
        "--png and --svg: a report has one form at a time",
    ),
    "a picture of a table": (("report", "table1", "--png", "a.png"), "No such option: --png"),
    "a picture of nothing": (("report", "fig3", "--png", "a.png"), "nothing measured yet"),
    "classes of no trial": (("report", "classes", "7"), "no trial 7"),
    "diff of one trial": (("report", "diff", "7"), "Missing argument"),
    "diff of no trials": (("report", "diff", "7", "8"), "no trial 7"),
    "pictures as JSON": (
        ("dataset", "show", "digits", "--pictures", "--json"),
        "--pictures and --json: give one of them",
    ),
    "splits of what has none": (
        ("dataset", "add", "birds", ".", "--splits", "."),
        "--splits is for imagenet-lt",
    ),
    "prompts of what is added": (
        ("dataset", "check", "digits", "--prompts", "a.csv"),
        "give PATH to check others",
    ),
    **{
        f"dataset called {name!r}": (("dataset", "add", "--", name, "."), "is no name")
        for name in ("../birds", "my birds", "", "-birds", "vögel", "b" * 65, "a\nb")
    },
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
    "dataset add nowhere": (("dataset", "add", "birds", "/no/such"), "/no/such: no such folder"),
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
    assert f"{blocked}/home cannot be a home, for a file is in its place" in result.stderr
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
