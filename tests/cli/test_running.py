"""Doing the work: what is told of it, the demo around it, and one real run."""

import io
import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress

from wnkd_tui.cli import running
from wnkd_tui.cli.narrator import LiveNarrator, Narrator
from wnkd_tui.queue.gpus import Found, Gpu
from wnkd_tui.queue.supervisor import Phase
from wnkd_tui.store import queries
from wnkd_tui.store.connection import StoreError
from wnkd_tui.store.database import connect

ROOT = Path(__file__).parents[2]
T4 = Gpu("0", "GPU-a", "NVIDIA T4", 2**34, "GPU-a")


@pytest.fixture
def rows(wnkd, home):
    wnkd("queue", "add", "--wn", "100", "--teachers", "T_x")
    return queries.jobs(connect(home))


def told(rows, narrator_of=Narrator):
    """What is told of a first job that runs, then ends well, and a second one that fails."""
    file = io.StringIO()
    narrator = narrator_of(Console(file=file, width=200))
    narrator.start(rows, ["CPU 0"])
    running_row = replace(rows[0], state="running", slot="CPU 0", done=3, total=9, unit="epochs")
    narrator.look([running_row, *rows[1:]], idle_note=True)
    result = {"best": {"val_top1": 97.5, "epoch": 3}}
    done = replace(rows[0], state="done", result=result, started_at=1.0, finished_at=3.5)
    failed = replace(rows[1], state="failed", reason="no memory")
    behind = [replace(row, reason="waits for job 2 (failed)") for row in rows[2:]]
    narrator.look([done, failed, *behind], idle_note=True)
    narrator.end([done, failed, *behind])
    return file.getvalue()


def test_plain_lines_tell_starts_ends_and_faults(rows):
    lines = told(rows).splitlines()
    name, other, count = rows[0].name, rows[1].name, len(rows)
    assert lines == [
        f"{count} jobs to do, 1 at a time (CPU 0)",
        f"[0/{count}] job 1 running on CPU 0: {name}",
        f"[1/{count}] job 1 done: {name} (val 97.50 %, 2.5 s)",
        f"[1/{count}] job 2 failed: {other} (no memory)",
        "nothing to do: waiting for jobs, Ctrl-C ends",
        f"1 done, 1 failed, {count - 2} waiting",
        f"not done: 2 ({other}); wnkd queue retry --all tries again",
    ]


def test_jobs_that_a_full_disk_holds_up_are_something_to_do(rows):
    file = io.StringIO()
    Narrator(Console(file=file)).look(rows, idle_note=True)
    assert file.getvalue() == ""


def test_a_job_that_goes_back_to_the_queue_says_why(rows):
    file = io.StringIO()
    narrator = Narrator(Console(file=file, width=60, no_color=True))
    back = replace(rows[0], state="waiting", reason="lost: killed; tries again by itself (1 of 5)")
    held = replace(rows[0], state="paused", reason=None)
    for row in (rows[0], replace(rows[0], state="running"), back, back, rows[0], held):
        narrator.look([replace(row, state="running") if row is rows[0] else row], idle_note=False)
    assert file.getvalue().splitlines()[1:] == [
        "      job 1 waits again: lost: killed; tries again by itself (1 of 5)",
        f"[0/1] job 1 running: {rows[0].name}",
        "      job 1 is paused",
    ]


def test_a_terminal_gets_bars_with_rate_and_time_left(rows):
    file = io.StringIO()
    console = Console(file=file, width=120, force_terminal=True)
    columns = "{task.description}", "{task.fields[pace]}"
    with Progress(*columns, console=console) as progress:
        narrator = LiveNarrator(console, progress)
        row = replace(rows[0], state="running", done=3, total=9, unit="epochs", rate=0.5)
        narrator.look([row, *rows[1:]], idle_note=False)
        progress.refresh()
        assert [task.description for task in progress.tasks] == ["all jobs", f"1 {row.name}"]
        assert progress.tasks[1].fields["pace"] == "3/9 epochs, 0.5/s, 12 s left"
        narrator.look([replace(row, state="done"), *rows[1:]], idle_note=False)
        assert [task.description for task in progress.tasks] == ["all jobs"]


class Watched:
    """What `_Watch` sees of a supervisor, and what it says of it, at times that tests set."""

    def __init__(self, home):
        self.phase, self.note, self.lines = Phase.WORKING, "working", []
        self.conn = connect(home)
        self.watch = running._Watch(home, self, self, drain=True)

    def say(self, text):
        self.lines.append(text)

    def look(self, rows, *, idle_note):
        assert not idle_note


def test_what_keeps_it_from_starting_jobs_is_told_now_and_then_and_its_end_at_once(
    home, monkeypatch
):
    watched = Watched(home)
    for now, note in enumerate(["working", "disk full: 1", "disk full: 2", "disk full: 3"]):
        monkeypatch.setattr(time, "monotonic", lambda now=now: 100.0 + 20 * now)
        watched.note = note
        watched.watch(watched.conn)
    watched.phase, watched.note = Phase.FINISHING, "finishing"
    watched.watch(watched.conn)
    watched.watch(watched.conn)
    assert watched.lines == ["disk full: 1", "disk full: 3", "finishing; Ctrl-C again stops them"]


def test_the_database_is_copied_once_a_day(home, monkeypatch):
    watched, began = Watched(home), time.monotonic()
    copy = home.root / "wnkd.db.backup"
    for days, there in ((0.9, False), (1.1, True), (1.2, False), (2.3, True)):
        monkeypatch.setattr(time, "monotonic", lambda days=days: began + days * 86_400)
        watched.watch(watched.conn)
        assert copy.exists() is there
        copy.unlink(missing_ok=True)


def test_a_copy_of_a_damaged_database_is_told_and_ends_nothing(home, monkeypatch):
    watched, began = Watched(home), time.monotonic()

    def damaged(home):
        raise StoreError("it is damaged")

    monkeypatch.setattr(running, "backup", damaged)
    monkeypatch.setattr(time, "monotonic", lambda: began + 90_000)
    watched.watch(watched.conn)
    assert watched.lines == ["it is damaged"]


@pytest.fixture
def worked(finish, monkeypatch):
    """Stands for the work: every job is done at once; lists the calls."""
    calls = []

    def work(home, **wishes):
        calls.append(wishes)
        finish()
        return 0

    monkeypatch.setattr(running, "work", work)
    return calls


def test_demo_queues_works_and_reports(wnkd, worked, data):
    result = wnkd("demo")
    assert result.exit_code == 0
    assert worked == [{"drain": True}]
    for words in ("Table 2", "T_x val", "student alone", "S from T_m+T_x", "image share",
                  "Teacher and students", "Attribution of T_x", "holds (95.17 aga"):  # fmt: skip
        assert words in result.stdout
    assert result.stdout.count("a stand-in, not CLIP") == 1
    names = {trial["name"] for trial in data("trial", "list")["trials"]}
    assert len(names) == 1 + 5 * 2


def test_a_second_demo_does_no_work(wnkd, worked):
    first, second = wnkd("demo"), wnkd("demo")
    assert len(worked) == 1
    assert second.stdout == first.stdout
    assert "29 of them done already" in second.stderr


def test_demo_full_is_the_papers_nine_mixes_and_three_seeds(wnkd, worked, data):
    result = wnkd("demo", "--full")
    assert result.exit_code == 0
    assert len(data("trial", "list")["trials"]) == 3 * (1 + 9 * 2)
    assert "± 0.00 (3)" in result.stdout


def test_demo_reports_its_own_trials_only(wnkd, worked, finish):
    wnkd("queue", "add", "--wn", "80")
    assert "20%gt 80%wn" not in wnkd("demo").stdout


def test_a_demo_whose_jobs_failed_tries_them_again(wnkd, worked, home):
    wnkd("demo")
    connect(home).execute("UPDATE job SET state = 'failed', reason = 'x' WHERE id = 3")
    assert wnkd("demo").exit_code == 0
    assert len(worked) == 2


def test_a_demo_that_fails_says_so(wnkd, monkeypatch):
    monkeypatch.setattr(running, "work", lambda *_, **__: 1)
    result = wnkd("demo")
    assert result.exit_code == 1
    assert "29 jobs of the demo are not done" in result.stderr


@pytest.mark.parametrize(
    ("flags", "wishes"),
    [
        ((), {"drain": False}),
        (("--watch",), {"drain": False}),
        (("--drain", "--slots", "3"), {"drain": True, "slots": 3}),
        (("--gpus", "0,1", "--slots-per-gpu", "2"), {"gpus": "0,1", "slots_per_gpu": 2}),
        (("--drain", "--fuse", "3"), {"drain": True, "fuse": 3}),
    ],
)
def test_run_queues_flags_say_what_is_wanted(wnkd, worked, flags, wishes):
    assert wnkd("run-queue", *flags).exit_code == 0
    [given] = worked
    assert {name: value for name, value in given.items() if value is not None} == {
        "drain": False,
        **wishes,
    }


def test_fuse_is_the_flags_else_that_of_config_toml(wnkd, home, monkeypatch):
    made = []

    class Supervising(running.Supervisor):
        def __init__(self, *given, config, **named):
            made.append(config.fuse)
            super().__init__(*given, config=config, **named)

    monkeypatch.setattr(running, "Supervisor", Supervising)
    wnkd("run-queue", "--drain")
    (home.root / "config.toml").write_text("[queue]\nfuse = 4\n")
    wnkd("run-queue", "--drain")
    wnkd("run-queue", "--drain", "--fuse", "2")
    assert made == [1, 4, 2]


def test_where_there_is_no_gpu_one_line_says_why(wnkd, monkeypatch):
    monkeypatch.setattr(running, "look", lambda: Found((), "the driver is on holiday"))
    result = wnkd("run-queue", "--drain", "--slots", "2")
    assert result.exit_code == 0
    assert result.stderr.splitlines()[:2] == [
        "0 jobs to do, 2 at a time (CPU 0, CPU 1)",
        "no GPU: the driver is on holiday; jobs run on the CPU",
    ]


@pytest.mark.parametrize(
    ("found", "flags", "words"),
    [
        (Found(()), ("--gpus", "0"), "there is no GPU here"),
        (Found(()), ("--slots-per-gpu", "2"), "there is no GPU here"),
        (Found((T4,)), ("--gpus", "1"), "there are: 0 (NVIDIA T4, GPU-a)"),
        (Found((T4,)), ("--slots", "1", "--slots-per-gpu", "2"), "give one of them"),
    ],
)
def test_gpus_that_cannot_be_had_are_one_line_and_no_work(wnkd, monkeypatch, found, flags, words):
    monkeypatch.setattr(running, "look", lambda: found)
    result = wnkd("run-queue", "--drain", *flags)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert words in line


def test_a_real_student_from_queue_to_report(wnkd, data, home):
    wnkd("queue", "add", "--teachers", "none", "--limit-train", "40")
    done = subprocess.run(
        [sys.executable, "-c", "from wnkd_tui.cli import main; main()", "run-queue", "--drain",
         "--slots", "1"],
        cwd=ROOT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "[1/1] job 1 done: S_s" in done.stderr
    row = data("report", "table2")["rows"][0]
    assert (row["trial"], row["limit_train"], row["train_n"]) == ("S_s", 40, 40)
    shown = json.loads(wnkd("queue", "show", "1", "--json").stdout)
    assert shown["result"]["best"]["val_top1"] == row["student_alone"]["mean"]
    assert len(shown["metrics"]["val_top1"]) == shown["total"]
