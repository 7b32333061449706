"""A home as a lab has it after a year: `python benchmarks/large_home.py DIR [--trials 10000]
[--metrics 20000000] [--seed 0]`.

Real trials and real plans, five jobs a trial, with results, attempts, captures and metric rows;
one job has a curve of 1,000,000 points, one a curve of 100,000. Most jobs are done; nothing runs.
The same seed makes the same home. 10,000 trials take about a minute and 0.9 GB.
"""

import argparse
import sqlite3
import sys
import time
from collections import Counter
from pathlib import Path

import lab
from large_rows import (
    CANCELLED,
    END,
    HOSTS,
    LONG_RUNS,
    PAUSED,
    WAITS,
    YEAR,
    Writer,
    as_json,
    insert,
)

from engine.events import EVENTS
from wnkd_tui.home import Home
from wnkd_tui.queue.adding import LAST_DATASET, LAST_RECIPE
from wnkd_tui.store.database import connect
from wnkd_tui.store.datasets import DatasetRow

JOBS_PER_TRIAL = 5
SAVED = {
    "for the paper": ("trials", "tag:paper state:done", "acc"),
    "leaky": ("trials", "tx:>95 wn:<50", "tx"),
    "broken": ("jobs", "state:failed,lost", ""),
}


def _register(conn: sqlite3.Connection, row: DatasetRow) -> None:
    insert(
        conn,
        "dataset",
        name=row.name,
        kind=row.kind,
        path=str(row.path),
        key=row.key,
        classes=as_json(row.classes),
        train_per_class=as_json(row.train_per_class),
        val_per_class=as_json(row.val_per_class),
        added_at=END - YEAR,
        size=as_json(row.size),
    )


def _directories(home: Home, conn: sqlite3.Connection) -> None:
    """Logs of the long runs, of the newest that are done, and of some that went wrong."""
    chosen = (
        "SELECT id FROM job WHERE total >= 100000 UNION SELECT id FROM (SELECT id FROM job"
        " WHERE state = 'done' ORDER BY id DESC LIMIT 40) UNION SELECT id FROM (SELECT id FROM job"
        " WHERE state IN ('failed', 'lost') ORDER BY id DESC LIMIT 20)"
    )
    for row in conn.execute(f"SELECT * FROM job WHERE id IN ({chosen})").fetchall():
        directory = home.job(row["key"])
        directory.mkdir(parents=True)
        (directory / "output.log").write_text("a warning of a library\n" * 3)
        each = max(1, row["done"] // 20_000)
        with (directory / EVENTS).open("w", encoding="utf-8") as file:
            said = {"type": "start", "device": row["device"], "pid": 4321, "made": True}
            file.write(as_json({"t": row["started_at"], **said}) + "\n")
            for step, loss in conn.execute(
                "SELECT step, value FROM metric WHERE job_id = ? AND name = 'train_loss'"
                " AND step % ? = 0 ORDER BY step",
                [row["id"], each],
            ):
                told = {"type": "metric", "step": step, "values": {"train_loss": loss}}
                file.write(as_json({"t": row["started_at"] + step, **told}) + "\n")
            file.write(as_json({"t": row["started_at"], "type": "log", "text": row["name"]}) + "\n")


def make(root: Path, trials: int, metrics: int, seed: int) -> None:
    home = Home(root)
    for directory in (home.jobs, home.artifacts, home.datasets, home.cache, home.files):
        directory.mkdir(parents=True)
    conn = connect(home)
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "foreign_keys = OFF"):
        conn.execute(f"PRAGMA {pragma}")
    conn.execute("BEGIN")
    found = lab.datasets(conn)
    for row in found[1:]:
        _register(conn, row)
    expected = trials * JOBS_PER_TRIAL
    long_runs = [lab.long_run(found[0], points) for points in LONG_RUNS]
    long_rows = sum(round(points * 1.004) for points in LONG_RUNS)
    usual = 1.02 * max(0, metrics - long_rows) / (1 - WAITS - PAUSED - CANCELLED)
    writer = Writer(conn, seed, expected)
    for one in lab.campaigns(found, trials - len(LONG_RUNS), expected, round(usual), seed):
        writer.campaign(one)
        if long_runs and writer.trials > 0.8 * trials:
            for long_run in long_runs:
                writer.campaign(long_run)
            long_runs = []
    for name, value in ((LAST_DATASET, "cifar100"), (LAST_RECIPE, "fast")):
        insert(conn, "setting", name=name, value=value)
    for name, (what, text, sort) in SAVED.items():
        insert(conn, "saved_filter", name=name, what=what, text=text, sort=sort, down=1)
    for host in HOSTS:
        insert(
            conn,
            "supervisor",
            id=f"{host}:4242",
            host=host,
            pid=4242,
            started_at=END - 9e5,
            heartbeat=END - 3600,
        )
    conn.execute("COMMIT")
    conn.execute("PRAGMA journal_mode = WAL")
    _directories(home, conn)
    states = Counter(writer.states.values())
    size = home.db.stat().st_size / 1e9
    print(f"{writer.trials:,} trials, {len(writer.jobs):,} jobs, {writer.rows:,} metric rows")
    print(
        ", ".join(f"{count:,} {state}" for state, count in states.most_common()), f"{size:.2f} GB"
    )
    conn.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--metrics", type=int, default=20_000_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.directory.exists():
        sys.exit(f"{options.directory} is there already: name a new directory")
    started = time.perf_counter()
    part = options.directory.with_name(f"{options.directory.name}.part")
    make(part, options.trials, options.metrics, options.seed)
    part.rename(options.directory)
    print(f"{options.directory} in {time.perf_counter() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
