"""A real home with a past: a sweep half done, one job running, others waiting, failed or lost."""

import asyncio
import json
import shutil
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from math import exp
from pathlib import Path

import pytest
from textual.pilot import Pilot

from engine.artifacts import ArtifactStore
from engine.events import EVENTS
from engine.spec import Method, Modality, Teachers
from wnkd_tui.app.application import WnkdApp
from wnkd_tui.home import Home
from wnkd_tui.queue import vitals
from wnkd_tui.queue.adding import TrialRequest, queue_trials
from wnkd_tui.queue.vitals import GpuVitals, Vitals
from wnkd_tui.store import queries
from wnkd_tui.store.database import connect
from wnkd_tui.store.rows import JobRow, TrialRow

NOW = 1_800_000_000.0
ALL = (Teachers.NONE, Teachers.TX, Teachers.TM_TX)
CURVED = ("teacher", "T_x", "student")
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
DEVICE = "cpu (2 cores)"
ALL_WN = ((100, 0),)
_FALLING = [500 - 4 * i for i in range(100)]
# What stands beside the sweep, all of it done: other methods, modalities and settings.
OTHERS = (
    TrialRequest(ALL_WN, (Teachers.ENSEMBLE,), seeds=(0, 1)),
    TrialRequest(ALL_WN, (Teachers.TM,), seeds=(0, 1), method=Method.ZSCORE),
    TrialRequest(ALL_WN, (Teachers.TX,), changes=(("T_x.stem", "linear"),)),
    TrialRequest(((0, 0), (50, 0), (100, 0)), (Teachers.TX,), modality=Modality.TEXT),
    TrialRequest(ALL_WN, (Teachers.TX,), modality=Modality.IMG),
    TrialRequest(ALL_WN, (Teachers.TM_TX,), seeds=(0, 1), changes=(("T_x.text_update", "fixed"),)),
)


def seed(home: Home) -> None:
    """Fills `home` as the queue and the engine would."""
    queue_trials(home, [TrialRequest(((0, 0), (50, 0), (100, 0)), ALL, seeds=(0, 1))])
    queue_trials(home, [TrialRequest(((0, 50), (0, 100)), ALL)])
    queue_trials(home, [TrialRequest(((80, 0),), (Teachers.TX,), limit_train=200)])
    conn = connect(home)
    sweep = {job.id for job in queries.jobs(conn)}
    queue_trials(home, OTHERS)
    trials = queries.trials(conn)
    for row in queries.jobs(conn):
        _play(conn, home, row, next(t for t in trials if t.id in row.trials))
    _ends(conn, home, [job for job in queries.jobs(conn) if job.id in sweep])
    conn.execute(
        "INSERT INTO supervisor VALUES ('host:4242', 'server', 4242, ?, ?, NULL, NULL, NULL)",
        [NOW - 900, NOW],
    )
    _register(
        conn, "cifar100", "cifar100", [f"class {i:02}" for i in range(100)], _FALLING, 100, ()
    )
    skipped = (("barn_owl/07.jpg", "cannot be read"), ("barn_owl/._08.jpg", "no image"))
    _register(conn, "birds", "folder", ["barn owl", "heron", "wren"], (180, 60, 12), 20, skipped)
    conn.close()


def _register(
    conn: sqlite3.Connection,
    name: str,
    kind: str,
    classes: Sequence[str],
    train: Sequence[int],
    val: int,
    skipped: Sequence[tuple[str, str]],
) -> None:
    """A dataset that was added, and whose files are elsewhere by now."""
    facts = {
        "name": name,
        "kind": kind,
        "path": f"/data/{name}",
        "key": name[0] * 64,
        "classes": json.dumps(classes),
        "train_per_class": json.dumps(train),
        "val_per_class": json.dumps([val] * len(classes)),
        "added_at": NOW - 5000,
        "skipped": json.dumps([{"file": file, "why": why} for file, why in skipped]),
        "size": json.dumps([32, 32, 3]),
    }
    named = ", ".join(f":{column}" for column in facts)
    conn.execute(f"INSERT INTO dataset ({', '.join(facts)}) VALUES ({named})", facts)


def _play(conn: sqlite3.Connection, home: Home, job: JobRow, trial: TrialRow) -> None:
    """The job as if it had been done."""
    epochs = 30 if job.kind == "T_x" else 12
    top = _top1(job, trial)
    if job.kind in CURVED:
        _metrics(conn, job.id, epochs, top)
    conn.execute(
        "UPDATE job SET state = 'done', done = ?, total = ?, unit = 'epochs', rate = 2.5,"
        " attempt = 1, device = ?, result = ?, started_at = ?, finished_at = ? WHERE id = ?",
        [
            epochs,
            epochs,
            DEVICE,
            json.dumps(_result(job, trial, top, epochs)),
            NOW - 800 + job.position,
            NOW - 795 + job.position,
            job.id,
        ],
    )
    conn.execute(
        "INSERT INTO attempt (job_id, number, supervisor, host, slot, device, done_before,"
        " started_at, seconds, ending, host_memory)"
        " VALUES (?, 1, 'gone:1', 'host', 'CPU 0', ?, 0, ?, 5, 'done', ?)",
        [job.id, DEVICE, NOW - 800 + job.position, 431 << 20],
    )
    directory = home.jobs / job.key[:16]
    directory.mkdir(parents=True)
    events: list[dict[str, object]] = [{"type": "start", "device": DEVICE, "pid": 1234}]
    if job.kind in CURVED:
        for step in range(1, epochs + 1):
            values = {"val_top1": top * (1 - exp(-step / 4)), "val_loss": 2 * exp(-step / 6)}
            events.append({"type": "metric", "step": step, "values": values})
    events.append({"type": "log", "text": f"{job.name} is done"})
    lines = [json.dumps({"t": NOW - 800 + t, **event}) for t, event in enumerate(events)]
    (directory / EVENTS).write_text("\n".join(lines) + "\n")
    if job.kind in ("T_x", "relax"):
        artifact = ArtifactStore(home.artifacts).path(job.key)
        artifact.mkdir(parents=True)
        nouns = {
            name: [[f"{name} of hearts", 0.5], ["deuce", 0.3], ["dyad", 0.2]] for name in DIGITS
        }
        (artifact / "nouns.json").write_text(json.dumps({"classes": nouns}))


def _top1(job: JobRow, trial: TrialRow) -> float:
    tx = trial.spec.tx
    wn, noise = (tx.wn, tx.noise) if tx else (0, 0)
    seed = trial.seed * 0.3
    if job.kind == "T_x":
        return 100.0 - 0.22 * wn - 0.30 * noise - seed * (wn > 0)
    return 88.0 + 0.03 * wn + 0.02 * noise + 1.5 * len(trial.teachers.image) + seed


def _result(job: JobRow, trial: TrialRow, top: float, epochs: int) -> dict[str, object]:
    tx = trial.spec.tx
    wn, noise = (tx.wn, tx.noise) if tx else (0, 0)
    if job.kind == "attribution":
        image = 0.38 + 0.0023 * wn + 0.0048 * noise
        shares = {"image_share": image, "text_share": 1 - image, "delta_share": 0.001}
        return {**shares, "samples": 359, "steps": 50}
    if job.kind == "relax":
        return {"nouns": 113, "clusters": 30, "excluded": 10}
    if job.kind in CURVED:
        best, last = (
            {"val_top1": top, "epoch": epochs - 2},
            {"val_top1": top - 0.5, "epoch": epochs},
        )
        sizes = {"train_n": 1438, "val_n": 359, "params": 77_000}
        per_class = [top - 0.8 * (i - 4.5) for i in range(len(DIGITS))]
        told: dict[str, object] = {"per_class": {"best": per_class, "last": per_class}}
        told["entropy"] = 0.2 + 0.01 * wn
        if job.kind == "student":
            taught = trial.teachers is not Teachers.NONE
            told |= {
                "fidelity": 90.0 if taught else None,
                "teacher_entropy": 0.35 if taught else None,
            }
        return {"best": best, "last": last, **sizes, **told, "device": DEVICE}
    return {}


def _metrics(conn: sqlite3.Connection, job: int, epochs: int, top: float) -> None:
    rows = []
    for step in range(1, epochs + 1):
        grown = 1 - exp(-step / (epochs / 4))
        for name, value in (
            ("train_loss", 2.3 * exp(-step / 5)),
            ("val_loss", 0.2 + 2.1 * exp(-step / 6)),
            ("train_top1", min(100.0, (top + 2) * grown)),
            ("val_top1", top * grown),
        ):
            rows.append((job, name, step, value))
    conn.executemany("INSERT INTO metric (job_id, name, step, value) VALUES (?, ?, ?, ?)", rows)


def _ends(conn: sqlite3.Connection, home: Home, jobs: Sequence[JobRow]) -> None:
    """The last of `jobs` have not gone that well, or not gone at all."""
    students = [job for job in jobs if job.kind == "student"]
    running, failed, lost, *waiting = students[-7:]
    conn.execute(
        "UPDATE job SET state = 'running', done = 7, finished_at = NULL, result = NULL,"
        " supervisor = 'host:4242' WHERE id = ?",
        [running.id],
    )
    conn.execute("DELETE FROM metric WHERE job_id = ? AND step > 7", [running.id])
    events = home.jobs / running.key[:16] / EVENTS
    events.write_text("".join(events.read_text().splitlines(keepends=True)[:8]))
    for job, state, reason in (
        (failed, "failed", "loss is not finite at epoch 3: lower the learning rate"),
        (lost, "lost", "killed by signal 9"),
    ):
        conn.execute(
            "UPDATE job SET state = ?, reason = ?, done = 3, result = NULL WHERE id = ?",
            [state, reason, job.id],
        )
        (home.jobs / job.key[:16] / "output.log").write_text("Killed\n")
    for job in waiting:
        conn.execute(
            "UPDATE job SET state = 'waiting', done = 0, total = 0, rate = NULL, attempt = 0,"
            " device = NULL, started_at = NULL, finished_at = NULL, result = NULL WHERE id = ?",
            [job.id],
        )
        conn.execute("DELETE FROM metric WHERE job_id = ?", [job.id])
        shutil.rmtree(home.jobs / job.key[:16])
    conn.execute(
        "DELETE FROM attempt WHERE job_id NOT IN (SELECT id FROM job WHERE state = 'done')"
    )


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The seeded home's directory; copy it before use."""
    home = made(tmp_path_factory.mktemp("seeded"))
    seed(home)
    return home.root


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a home with a database and nothing in it."""
    home = made(tmp_path_factory.mktemp("blank"))
    connect(home).close()
    return home.root


def made(root: Path) -> Home:
    home = Home(root)
    for directory in (home.jobs, home.artifacts, home.datasets, home.cache):
        directory.mkdir(parents=True, exist_ok=True)
    return home


@pytest.fixture(autouse=True)
def _same_everywhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    monkeypatch.setenv("WNKD_ASCII", "0")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr("os.getpgrp", lambda: -1)  # as below a shell, which offers ctrl+z


@pytest.fixture
def machine() -> Vitals:
    """What every test's machine tells of itself."""
    gib = 2**30
    return Vitals(
        gpus=(GpuVitals("0", "NVIDIA H100", 63, 12 * gib, 80 * gib, 54),),
        no_gpu="",
        cores=16,
        cpu=12.5,
        used=20 * gib,
        memory=128 * gib,
        disk_left=500 * gib,
        disk=1000 * gib,
    )


@pytest.fixture(autouse=True)
def looks(machine: Vitals, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When the machine, which stays as it is, was looked at."""
    seen: list[float] = []

    class Reader:
        def __init__(self, home: object) -> None:
            pass

        def read(self) -> Vitals:
            seen.append(time.monotonic())
            return machine

    monkeypatch.setattr(vitals, "Reader", Reader)
    return seen


@pytest.fixture
def home(seeded: Path, tmp_path: Path) -> Home:
    """A copy of the seeded home."""
    return Home(Path(shutil.copytree(seeded, tmp_path / "wnkd")))


@pytest.fixture
def new_home(blank: Path, tmp_path: Path) -> Home:
    return Home(Path(shutil.copytree(blank, tmp_path / "wnkd")))


@pytest.fixture
def make_app(monkeypatch: pytest.MonkeyPatch) -> Callable[..., WnkdApp]:
    """Apps with a fixed clock that look at the database as fast as they can, and whose notices stay
    however slow the machine is."""
    monkeypatch.setattr(WnkdApp, "NOTIFICATION_TIMEOUT", 600.0)

    def make(home: Home, **options: object) -> WnkdApp:
        return WnkdApp(lambda: home, clock=lambda: NOW, every=0.05, **options)  # type: ignore[arg-type]

    return make


@pytest.fixture
def db() -> Callable[[Home], sqlite3.Connection]:
    return connect


async def settled(pilot: Pilot[None]) -> None:
    """Waits until the page in sight has shown the answer to its question for a moment."""
    app = pilot.app
    assert isinstance(app, WnkdApp)
    await pilot.pause()
    calm = 0
    for _ in range(3000):
        await asyncio.sleep(0.01)
        page = app.page
        answered = page and app.status and page.answered == page.question()
        calm = calm + 1 if answered else 0
        if calm == 3:
            break
    else:
        raise AssertionError(f"{app.page} has no answer")
    await pilot.pause()
    await pilot.pause()


async def happens(pilot: Pilot[None], what: Callable[[], object]) -> None:
    """Waits until `what()` is true; fails after half a minute.

    Not by pytest.fail: what that raises is no Exception, and an app under test never ends.
    """
    for _ in range(1500):
        if what():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not happen")


@pytest.fixture
def settle() -> Callable[[Pilot[None]], Awaitable[None]]:
    return settled


@pytest.fixture
def until() -> Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]:
    return happens
