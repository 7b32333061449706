"""wnkd's event file and other loggers under the same load: how fast, and what a SIGKILL costs."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from statistics import median

import psutil
from loggers import LOGGERS, MISSING, NAMES
from supervising import HERE, environment, make_home

from wnkd_tui.home import Home
from wnkd_tui.queue.ingest import ingest
from wnkd_tui.store import queries, work
from wnkd_tui.store.database import connect

POLL = 0.2  # seconds, as the supervisor's
ME = "bench"
KILL_AFTER = (0.5, 3.0)  # seconds after the first row, uniform
PAUSE = 0.001  # seconds between two rows of a writer that is killed
SETTLE = 10.0  # seconds that a logger's helpers have to save what they hold


class Missing(Exception):
    """The logger is not installed."""


class Bench:
    """`peers`: the Python that has the other loggers."""

    def __init__(self, root: Path, peers: str) -> None:
        self._root = root
        self._peers = peers
        self._places = 0

    def speed(self, name: str, rows: int) -> dict[str, float | str]:
        """Rows a second that the loop can log, and until a reader has them all."""
        folder = self._folder(name)
        ingesting = Ingesting(folder, rows) if name == "wnkd" else None
        told = json.loads(self._run(name, folder, "write", str(rows)))
        readable = told["closed_s"]
        if ingesting:
            readable = ingesting.ended() - told["began"]
        found = len(self._read(name, folder))
        if found != rows:
            raise RuntimeError(f"{name}: {found} of {rows} rows can be read")
        return {
            "version": told["version"],
            "taken_per_s": rows / told["taken_s"],
            "readable_per_s": rows / readable,
        }

    def killed(self, name: str, after: float) -> tuple[int, int]:
        """Rows that the logger had taken when its process was killed, and those of them lost."""
        folder = self._folder(name)
        writer = subprocess.Popen(
            self._command(name, folder, "endless", str(PAUSE)),
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert writer.stdout is not None
        first = writer.stdout.readline()
        if not first:
            raise Missing(name) if writer.wait() == MISSING else RuntimeError(f"{name}: no row")
        deadline = time.monotonic() + after
        taken: list[bytes] = [first]
        reader = threading.Thread(target=lambda: taken.extend(writer.stdout or ()))
        reader.start()
        time.sleep(max(0.0, deadline - time.monotonic()))
        helpers = psutil.Process(writer.pid).children(recursive=True)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        psutil.wait_procs(helpers, timeout=SETTLE)
        for helper in helpers:
            if helper.is_running():
                helper.kill()
        reader.join()
        steps = {int(line) for line in taken if line.endswith(b"\n")}
        return len(steps), len(steps - set(self._read(name, folder)))

    def _folder(self, name: str) -> Path:
        self._places += 1
        folder = self._root / f"{self._places}"
        if name == "wnkd":
            return running_job(folder)
        folder.mkdir()
        return folder

    def _read(self, name: str, folder: Path) -> list[int]:
        if name == "wnkd":
            return ingested(folder)
        found: list[int] = json.loads(self._run(name, folder, "read"))
        return found

    def _run(self, name: str, folder: Path, *words: str) -> bytes:
        done = subprocess.run(
            self._command(name, folder, *words), env=environment(), capture_output=True
        )
        if done.returncode == MISSING:
            raise Missing(name)
        if done.returncode:
            raise RuntimeError(f"{name} {' '.join(words)}: {done.stderr.decode()[-2000:]}")
        return done.stdout

    def _command(self, name: str, folder: Path, *words: str) -> list[str]:
        python = sys.executable if name == "wnkd" else self._peers
        return [python, str(HERE / "loggers.py"), name, str(folder), *words]


class Ingesting(threading.Thread):
    """What a supervisor does with the events, until so many rows are in the database."""

    def __init__(self, folder: Path, rows: int) -> None:
        super().__init__(daemon=True)
        self._folder, self._rows = folder, rows
        self._ended = 0.0
        self.start()

    def run(self) -> None:
        while len(ingested(self._folder)) < self._rows:
            time.sleep(POLL)
        self._ended = time.time()

    def ended(self) -> float:
        self.join()
        return self._ended


def running_job(root: Path) -> Path:
    """The directory of a job that runs, in a home of its own."""
    home = make_home(root, trials=1, jobs=1, steps=0, values=0)
    with closing(connect(home)) as conn:
        (row,) = queries.jobs(conn)
        conn.execute(
            "UPDATE job SET state = 'running', supervisor = ?, slot = 'CPU 0', attempt = 1", [ME]
        )
    directory = home.job(row.key)
    directory.mkdir(parents=True)
    return directory


def ingested(directory: Path) -> list[int]:
    """Takes in what the job has reported; the steps that the database has whole."""
    with closing(connect(Home(directory.parents[1]))) as conn:
        (mine,) = work.mine(conn, ME)
        ingest(conn, ME, mine, directory)
        curves = queries.metrics(conn, mine.id, NAMES)
    return sorted(set.intersection(*({step for step, _ in curves.get(name, ())} for name in NAMES)))


def compare(root: Path, peers: str, rows: int, repeats: int, kills: int, seed: int) -> list[dict]:
    """One record a logger; the loggers take turns, so that a noisy moment falls on all of them."""
    bench, draws = Bench(root, peers), random.Random(seed)
    names = list(LOGGERS)
    speeds: dict[str, list[dict[str, float | str]]] = {name: [] for name in names}
    losses: dict[str, list[tuple[int, int]]] = {name: [] for name in names}
    for turn in range(max(repeats, kills)):
        after = draws.uniform(*KILL_AFTER)
        for name in list(names):
            try:
                if turn < repeats:
                    speeds[name].append(bench.speed(name, rows))
                if turn < kills:
                    losses[name].append(bench.killed(name, after))
            except Missing:
                print(f"{name}: not installed in {os.fspath(peers)}, left out", file=sys.stderr)
                names.remove(name)
    return [
        {
            "logger": name,
            "version": speeds[name][0]["version"],
            "taken_per_s": round(median(one["taken_per_s"] for one in speeds[name])),
            "readable_per_s": round(median(one["readable_per_s"] for one in speeds[name])),
            "kills": len(losses[name]),
            "taken_before_kills": sum(taken for taken, _ in losses[name]),
            "lost": sum(lost for _, lost in losses[name]),
            "lost_each": [lost for _, lost in losses[name]],
        }
        for name in names
    ]
