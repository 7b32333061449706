"""What is kept of the code and its surroundings when a trial is queued."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from engine.code import digest
from engine.spec import Teachers
from wnkd_tui.queue import adding, capture, checkout
from wnkd_tui.queue.adding import TrialRequest, queue_trials
from wnkd_tui.store import commands, queries

ROOT = Path(__file__).parents[2]
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")


def git(where, *words):
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgSign=false"]
    done = subprocess.run(["git", "-C", where, *who, *words], check=True, capture_output=True)
    return done.stdout.decode().strip()


@pytest.fixture
def repo(tmp_path, monkeypatch):
    """A committed checkout with both trees, as small as can be."""
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    root = tmp_path / "repo"
    for name in ("engine/__init__.py", "engine/loss.py", "wnkd_tui/__init__.py", "README.md"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("one\ntwo\nthree\n")
    git(tmp_path, "init", "-q", root)
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "first")
    return root


@needs_git
def test_a_clean_checkout_is_its_commit(repo):
    (repo / "README.md").write_text("no code")
    (repo / "notes.py").write_text("no code of ours")
    assert checkout.checkout(repo) == (git(repo, "rev-parse", "HEAD"), None)


@needs_git
def test_the_commit_and_the_diff_give_the_code_back(repo, tmp_path):
    (repo / "engine" / "loss.py").write_text("one\n2\nthree")
    (repo / "wnkd_tui" / "__init__.py").write_text("")
    (repo / "engine" / "recipes").mkdir()
    (repo / "engine" / "recipes" / "own.toml").write_text("lr = 0.1\n")
    (repo / "engine" / "zwölf.py").write_text("no newline\n\nat the end")
    (repo / ".gitignore").write_text("*.py\n")  # a module that git ignores is imported as well
    (repo / "engine" / "notes.txt").write_text("not read by any job")
    revision, diff = checkout.checkout(repo)

    again = tmp_path / "again"
    git(tmp_path, "clone", "-q", repo, again)
    git(again, "checkout", "-q", revision)
    subprocess.run(["git", "-C", again, "apply"], input=diff.encode(), check=True)

    assert digest(again / "engine") == digest(repo / "engine")
    assert (again / "wnkd_tui" / "__init__.py").read_bytes() == b""
    assert not (again / "engine" / "notes.txt").exists()


@needs_git
def test_a_folder_of_a_larger_checkout(tmp_path, repo):
    outer = tmp_path / "outer"
    shutil.copytree(repo, outer / "sub", ignore=shutil.ignore_patterns(".git"))
    git(tmp_path, "init", "-q", outer)
    git(outer, "add", ".")
    git(outer, "commit", "-q", "-m", "all")
    (outer / "sub" / "engine" / "loss.py").write_text("other\n")
    revision, diff = checkout.checkout(outer / "sub")
    assert revision == git(outer, "rev-parse", "HEAD")
    assert "+++ b/engine/loss.py\n" in diff


@needs_git
def test_where_there_is_no_checkout_of_ours(tmp_path, repo, monkeypatch):
    outside = tmp_path / "outside"
    shutil.copytree(repo, outside, ignore=shutil.ignore_patterns(".git"))
    installed = repo / "venv" / "site-packages"  # in somebody's repository, and none of its files
    shutil.copytree(outside, installed)
    for where in (outside, installed, tmp_path / "gone"):
        assert checkout.checkout(where) == (None, None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert checkout.checkout(repo) == (None, None)


@needs_git
def test_a_repository_without_a_commit(tmp_path):
    git(tmp_path, "init", "-q", tmp_path)
    for tree in checkout.TREES:
        (tmp_path / tree).mkdir()
        (tmp_path / tree / "__init__.py").touch()
    git(tmp_path, "add", ".")
    assert checkout.checkout(tmp_path) == (None, None)


@needs_git
def test_a_persons_own_git_settings_neither_run_nor_show(repo, tmp_path, monkeypatch):
    (repo / "engine" / "loss.py").write_text("one\n2\nthree\n")
    plain = checkout.checkout(repo)
    ran = tmp_path / "ran"
    spy = tmp_path / "spy"
    spy.write_text(f"#!/bin/sh\ntouch {ran}\n")
    spy.chmod(0o755)
    for name, value in {
        "core.fsmonitor": spy,
        "core.pager": spy,
        "pager.diff": "true",
        "diff.external": spy,
        "diff.spy.textconv": spy,
        "diff.noprefix": "true",
        "diff.mnemonicPrefix": "true",
        "diff.context": "0",
        "diff.interHunkContext": "9",
        "diff.algorithm": "patience",
        "color.ui": "always",
    }.items():
        git(repo, "config", name, str(value))
    (repo / ".git" / "info").mkdir(exist_ok=True)
    (repo / ".git" / "info" / "attributes").write_text("*.py diff=spy\n")
    (repo / ".git" / "hooks").mkdir(exist_ok=True)
    shutil.copy(spy, repo / ".git" / "hooks" / "post-index-change")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "another"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", str(spy))
    index = (repo / ".git" / "index").read_bytes()
    os.utime(repo / "README.md", (1, 1))  # git would refresh its index

    assert checkout.checkout(repo) == plain
    assert not ran.exists()
    assert (repo / ".git" / "index").read_bytes() == index


@needs_git
@pytest.mark.parametrize("name", ["loss.py", "new.py"])
def test_a_diff_is_bounded(repo, name):
    (repo / "engine" / name).write_text("a line\n" * (checkout.MOST // 4))
    (repo / "engine" / "zz.py").write_text("more\n")
    diff = checkout.checkout(repo)[1]
    assert checkout.MOST / 2 < len(diff) <= checkout.MOST + len(checkout.CUT) + 1
    assert diff.endswith(f"+a line\n{checkout.CUT}")


@needs_git
def test_bytes_that_are_no_text_and_files_that_are_gone(repo):
    (repo / "engine" / "new.py").write_bytes(b"\xff\xfe\0 = 1\n")
    (repo / "engine" / "nowhere.py").symlink_to("no/such/file")
    diff = checkout.checkout(repo)[1]
    assert "+\ufffd\ufffd\0 = 1\n" in diff
    assert "# engine/nowhere.py: No such file or directory\n" in diff
    assert json.loads(json.dumps(diff)) == diff


def test_a_git_that_hangs_is_ended(tmp_path, monkeypatch):
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\nsleep 60 & echo $! > {tmp_path}/pid; wait\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(checkout, "PATIENCE", 0.3)
    assert checkout.checkout(tmp_path) == (None, None)
    helper = int((tmp_path / "pid").read_text())
    assert not psutil.pid_exists(helper) or psutil.Process(helper).status() == psutil.STATUS_ZOMBIE


@needs_git
def test_a_diff_that_git_does_not_give_is_said_to_be_unknown(repo, tmp_path, monkeypatch):
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    real = shutil.which("git")
    fake.write_text(f'#!/bin/sh\ncase "$*" in *--no-ext-diff*) exit 1;; esac\nexec {real} "$@"\n')
    fake.chmod(0o755)
    revision = git(repo, "rev-parse", "HEAD")
    monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")
    assert checkout.checkout(repo) == (revision, checkout.UNKNOWN)


def test_packages_are_those_that_wnkd_needs(monkeypatch):
    class Found:
        def __init__(self, *requires):
            self.lines = ["Version: 1.2", *(f"Requires-Dist: {one}" for one in requires)]

        def read_text(self, name):
            return "\n".join([*self.lines, "", "Version: 9 in the long text"])

    known = {
        "wnkd-tui": Found("a[x, y]>=1; python_version >= '3'", "Mat_plot; extra == 'plots'"),
        "a": Found("c;extra=='x'", 'd ; extra == "z"', "E_e.f (>=2)", "gone; os_name == 'nt'"),
        "c": Found("a"),
        "d": Found(),
        "e-e-f": Found(),
        "mat-plot": Found(),
    }

    def distribution(name):
        if name not in known:
            raise capture.metadata.PackageNotFoundError(name)
        return known[name]

    monkeypatch.setattr(capture.metadata, "distribution", distribution)
    assert capture.packages() == {"a": "1.2", "c": "1.2", "e-e-f": "1.2"}


def test_a_capture_is_named_by_its_content(monkeypatch):
    one = capture.capture()
    assert one.engine == digest(ROOT / "engine")
    assert {"torch", "numpy", "markupsafe"} <= one.packages.keys()  # the last by way of alembic
    assert not {"wnkd-tui", "import-linter"} & one.packages.keys()
    monkeypatch.setattr(capture, "checkout", lambda _: (one.revision, one.diff))
    again = capture.capture()
    assert again.id == one.id
    assert again.taken_at > one.taken_at
    monkeypatch.setattr(capture, "packages", dict)
    assert capture.capture().id != one.id


def test_it_imports_no_package():
    code = "import sys; from wnkd_tui.queue.capture import capture; capture()\n"
    code += "print([m for m in ('torch', 'numpy', 'sqlmodel', 'pydantic') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


@pytest.fixture
def as_if(monkeypatch):
    """Lets trials be queued with made-up code."""
    real = capture.capture()

    def queued_with(id):
        changed = real.__class__(**{**vars(real), "id": id, "diff": f"+ {id}\n"})
        monkeypatch.setattr(adding, "capture", lambda: changed)
        return changed

    return queued_with


def captures(conn, table):
    return {row["name"]: row["capture"] for row in conn.execute(f"SELECT * FROM {table}")}


def test_what_is_queued_keeps_its_capture(home, conn, as_if):
    kept = as_if("one")
    (trial,) = queue_trials(home, [TrialRequest([(100, 0)], [Teachers.NONE])]).trials
    assert queries.capture(conn, "one") == kept
    assert trial.capture == "one"
    assert trial.dataset_key == queries.dataset(conn, "digits").key
    assert set(captures(conn, "job").values()) == {"one"}

    as_if("two")
    again = queue_trials(home, [TrialRequest([(100, 0)], [Teachers.NONE])])
    assert again.trials == [trial]
    assert queries.capture(conn, "two") is None  # nothing was queued with it

    as_if("three")
    queue_trials(home, [TrialRequest([(100, 0)], [Teachers.NONE, Teachers.TX], seeds=[0, 1])])
    found = [row["capture"] for row in conn.execute("SELECT capture FROM trial ORDER BY id")]
    assert found == ["one", "three", "three", "three"]
    assert captures(conn, "job")["WordNet nouns"] == "three"
    assert conn.execute("SELECT count(*) FROM capture").fetchone()[0] == 2


def test_a_capture_goes_with_the_last_trial_or_job_that_was_queued_with_it(home, conn, as_if):
    as_if("one")
    (first,) = queue_trials(home, [TrialRequest([(100, 0)], [Teachers.TM])]).trials
    as_if("two")
    (second,) = queue_trials(home, [TrialRequest([(100, 0)], [Teachers.TM_TX])]).trials
    commands.remove(conn, [first.id])
    assert queries.capture(conn, "one")  # of T_m's jobs, which the second one shares
    assert queries.capture(conn, "two")
    commands.remove(conn, [second.id])
    assert conn.execute("SELECT count(*) FROM capture").fetchone()[0] == 0


def test_a_cancelled_job_that_waits_again_is_queued_with_the_code_of_now(home, conn, as_if):
    as_if("one")
    (job,) = queue_trials(home, [TrialRequest([(100, 0)], [Teachers.NONE])]).jobs
    commands.cancel(conn, [job.id])
    as_if("two")
    (job,) = queue_trials(home, [TrialRequest([(100, 0)], [Teachers.NONE])]).jobs
    assert (job.state, job.capture) == ("waiting", "two")
