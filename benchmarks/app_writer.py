"""A `run-queue` as the database sees it: `python benchmarks/app_writer.py HOME --hertz 2
[--updates N] [--epoch N] [--jobs N]`.

Some jobs run under a supervisor that is this process. Each update tells their progress; every
`--epoch` updates a job ends an epoch and reports its metrics; after twelve it is done, and the
next one that waits begins. Goes on until N updates are written or it is killed; prints how many.
"""

import argparse
import json
import math
import os
import signal
import socket
import sqlite3
import sys
import time
from pathlib import Path

from engine import process
from engine.process import ProcessId
from wnkd_tui.home import Home
from wnkd_tui.store.connection import transaction
from wnkd_tui.store.database import connect

EPOCHS, HEARTBEAT = 12, 2.0


class Writer:
    def __init__(self, conn: sqlite3.Connection, running: int) -> None:
        self.conn = conn
        self.me = f"{socket.gethostname()}:{os.getpid()}"
        self.process = str(ProcessId.of(os.getpid()))
        self.beaten = 0.0
        names = "id, host, pid, started_at, heartbeat, process, beat"
        conn.execute(
            f"INSERT OR REPLACE INTO supervisor ({names}) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                self.me,
                socket.gethostname(),
                os.getpid(),
                time.time(),
                time.time(),
                self.process,
                process.uptime(),
            ],
        )
        self.jobs = [job for _ in range(running) if (job := self.begin())]

    def begin(self) -> int | None:
        """The next student or teacher that waits runs from now on."""
        row = self.conn.execute(
            "SELECT id FROM job WHERE state = 'waiting' AND kind IN ('student', 'teacher')"
            " ORDER BY position LIMIT 1"
        ).fetchone()
        if row is None:
            return None
        self.conn.execute(
            "UPDATE job SET state = 'running', supervisor = ?, slot = 'gpu0.0', handle = ?,"
            " device = 'cuda:0 (NVIDIA A100)', attempt = attempt + 1, done = 0, total = ?,"
            " unit = 'epochs', rate = 0.2, started_at = ? WHERE id = ?",
            [self.me, self.process, EPOCHS * 100, time.time(), row["id"]],
        )
        return int(row["id"])

    def update(self, count: int, epoch: int) -> None:
        """One transaction, as `wnkd_tui.queue.ingest` makes one for what it has read."""
        now = time.monotonic()
        with transaction(self.conn):
            if now - self.beaten >= HEARTBEAT:
                self.beaten = now
                self.conn.execute(
                    "UPDATE supervisor SET heartbeat = ?, beat = ? WHERE id = ?",
                    [time.time(), process.uptime(), self.me],
                )
            for job in self.jobs:
                self.conn.execute(
                    "UPDATE job SET done = min(total, done + 1), rate = ? WHERE id = ?",
                    [0.2 + 0.01 * math.sin(count), job],
                )
            if self.jobs and count % epoch == 0:
                ended = count // epoch
                self.end_epoch(ended % len(self.jobs), ended // len(self.jobs) % EPOCHS + 1)

    def end_epoch(self, place: int, step: int) -> None:
        job = self.jobs[place]
        figures = {
            "lr": 0.1 / step,
            "samples_per_s": 9000.0 + step,
            "train_loss": 4 / step,
            "val_loss": 3 / step,
            "val_top1": 60 + step,
        }
        self.conn.executemany(
            "INSERT OR REPLACE INTO metric (job_id, name, step, value) VALUES (?, ?, ?, ?)",
            [(job, name, step, value) for name, value in figures.items()],
        )
        if step < EPOCHS:
            return
        score = {"val_top1": 72.0, "epoch": EPOCHS}
        told = {"best": score, "last": score, "train_n": 50_000, "val_n": 10_000}
        self.conn.execute(
            "UPDATE job SET state = 'done', done = total, result = ?, finished_at = ?,"
            " supervisor = NULL, handle = NULL, slot = NULL WHERE id = ?",
            [json.dumps(told), time.time(), job],
        )
        if (new := self.begin()) is not None:
            self.jobs[place] = new


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--hertz", type=float, default=2.0)
    parser.add_argument("--updates", type=int, default=sys.maxsize)
    parser.add_argument("--epoch", type=int, default=10, help="updates from one epoch's end on")
    parser.add_argument("--jobs", type=int, default=4, help="that run; 0: heartbeats alone")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    conn = connect(Home(options.home))
    writer = Writer(conn, options.jobs)
    began = time.monotonic()
    for count in range(1, options.updates + 1):
        writer.update(count, options.epoch)
        time.sleep(max(0.0, began + count / options.hertz - time.monotonic()))
    print(f"{options.updates:,} updates in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
