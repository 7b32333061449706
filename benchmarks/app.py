"""The app on a large home: `python benchmarks/app.py [--home DIR] [--save]`. About 5 minutes.

One table: first screen, from key to final content on every page, the chart of a run of 1,000,000
points, filters over all trials, CPU, bytes drawn and memory; each with its bound. Everything is
measured from outside, in a pseudo-terminal of 160×50. DIR is a home of benchmarks/large_home.py
and is copied; without it one is made (a minute more).
"""

import argparse
import json
import math
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import app_keys
import app_store
import large_home
from app_terminal import Gone, Silent, Terminal

from wnkd_tui.home import Home
from wnkd_tui.store.database import connect

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "app.json"
BIN = Path(sys.executable).parent
POINTS = 1_000_000
A_JOB = r"S_s|T_x,|T_1s|T_2w|T_3s|logits of"  # stands in a list's line and nowhere else
DAY_UPDATES, DAY_HERTZ = 10_000, 200


@dataclass(frozen=True)
class Row:
    """A line of the table. `value` None: it could not be measured, and `note` says why."""

    what: str
    value: float | None
    unit: str
    bound: float | None = None
    note: str = ""

    @property
    def over(self) -> bool:
        return self.bound is not None and (self.value is None or self.value > self.bound)

    def line(self) -> str:
        value = "–" if self.value is None else f"{self.value:,.{0 if self.unit == 'ms' else 2}f}"
        bound = "" if self.bound is None else f"≤ {self.bound:g}"
        over = "over" if self.over else ""
        return f"{self.what:46} {value:>8} {self.unit:3} {bound:>6} {over:4}  {self.note}".rstrip()


class Bench:
    """The copy of the home that is measured on, and the rows so far."""

    def __init__(self, home: Path) -> None:
        self.home = Home(home)
        self.rows: list[Row] = []
        self.details: dict[str, object] = {}

    def say(self, *row: object, **more: object) -> None:
        self.rows.append(Row(*row, **more))
        print(self.rows[-1].line(), flush=True)

    def start(self, *command: str | Path) -> Terminal:
        return Terminal(command or (BIN / "wnkd-tui",), {"WNKD_HOME": str(self.home.root)})

    def fresh(self) -> Terminal:
        """The app as at its first start: nothing remembered."""
        (self.home.root / "app.json").unlink(missing_ok=True)
        return self.start()

    @contextmanager
    def worker(self, hertz: float, *more: str):
        """A run-queue that writes `hertz` times a second while the context lasts."""
        command = [sys.executable, HERE / "app_writer.py", self.home.root, "--hertz", str(hertz)]
        process = subprocess.Popen([*command, *more], stdout=subprocess.PIPE, text=True)
        try:
            yield process
        finally:
            process.terminate()
            process.wait()


def first_screen(bench: Bench) -> None:
    taken, used = [], []
    for _ in range(6):
        with bench.fresh() as terminal:
            taken.append(terminal.until(A_JOB))
            used.append(terminal.cpu())
    bench.details["first screen"] = taken
    note = f"CPU {statistics.median(used[1:]):.2f} s"
    bench.say("first useful screen, from the start", statistics.median(taken[1:]), "s", 1.0, note)


def keys(bench: Bench) -> None:
    _, trial = app_store.long_job(connect(bench.home), POINTS)
    waits, memory = app_keys.measure(bench.fresh, f"id:{trial}")
    for page, found in waits.items():
        if found.fault or not found.final:
            bench.say(f"key to repaint, {page}", None, "ms", 100, found.fault or "draws nothing")
            continue
        final = f"{1000 * statistics.median(found.final):.0f}/{1000 * p95(found.final):.0f}"
        note = f"to the last thing drawn p50/p95 {final}, slowest: {found.slowest()}"
        if found.silent:
            note += f"; draws nothing: {', '.join(found.silent)}"
        bench.say(f"key to repaint p95, {page}", 1000 * p95(found.first), "ms", 100, note)
    bench.details["keys"] = {page: asdict(found) for page, found in waits.items()}
    for when, value in memory.items():
        bench.say(f"memory {when}", value, "MB", 200)


def chart(bench: Bench) -> None:
    job, trial = app_store.long_job(connect(bench.home), POINTS)
    seconds = app_store.chart(connect(bench.home), job)
    bench.say("chart of 1,000,000 points, its curves read", seconds, "s", 0.3)
    with bench.fresh() as terminal:
        terminal.settle(limit=10, quiet=1.0)
        taken = [app_keys.open_run(terminal, f"id:{trial}") for _ in range(3)]
    bench.say("chart of 1,000,000 points, from key to screen", statistics.median(taken), "s", 0.5)


def filters(bench: Bench) -> None:
    found = app_store.filters(connect(bench.home))
    bench.details["filters"] = found
    slowest = max(found, key=found.get)
    note = f"slowest of {len(found)}: {slowest}"
    bench.say("filter over all trials, its ids", 1000 * found[slowest], "ms", 150, note)
    note = f"slowest of {len(app_store.FILTERS)}, from the last letter to the last thing drawn"
    with bench.fresh() as terminal:
        terminal.settle(limit=10, quiet=1.0)
        app_keys.goto(terminal, "5")
        taken = []
        for text in app_store.FILTERS:
            terminal.press("/")
            terminal.press(text[:-1])
            taken.append(terminal.press(text[-1]).last)
            terminal.press(app_keys.BACK * len(text) + app_keys.ENTER)
    bench.say("filter over all trials, on the screen", 1000 * max(taken), "ms", 150, note)


def idle(bench: Bench) -> None:
    with bench.fresh() as terminal:
        terminal.settle(limit=10, quiet=1.0)
        app_keys.goto(terminal, "4")
        time.sleep(2)
        cpu, drawn = terminal.watch(30)
        bench.say("idle 30 s, Queue: CPU of one core", cpu, "%", 2.0, f"{drawn:.0f} bytes/s drawn")
        with bench.worker(0.5, "--jobs", "0"):
            app_keys.goto(terminal, "1")
            time.sleep(3)
            cpu, drawn = terminal.watch(30)
        note = f"a worker's heartbeat every 2 s, {drawn:.0f} bytes/s drawn"
        bench.say("idle 30 s, Home: CPU of one core", cpu, "%", 2.0, note)


def working(bench: Bench) -> None:
    for key, page in (("4", "Queue"), ("1", "Home")):
        with bench.fresh() as terminal, bench.worker(2.0):
            terminal.settle(limit=10, quiet=1.0)
            app_keys.goto(terminal, key)
            time.sleep(2)
            cpu, drawn = terminal.watch(10)
        note = f"{cpu:.1f} % of a core"
        bench.say(f"four jobs tell progress twice a second, {page}", drawn, "B/s", None, note)


def day(bench: Bench) -> None:
    """A day's changes played fast, page by page."""
    count = bench.home.root / "drawn"
    (bench.home.root / "app.json").unlink(missing_ok=True)
    with bench.start(sys.executable, HERE / "app_hastened.py", count) as terminal:
        terminal.settle(limit=10, quiet=1.0)
        for key in "1234567":  # what is loaded once is loaded
            app_keys.goto(terminal, key)
        sizes = [terminal.memory()]
        command = ("--updates", str(DAY_UPDATES), "--epoch", "5")
        with bench.worker(DAY_HERTZ, *command) as writer:
            while writer.poll() is None:
                app_keys.goto(terminal, "1456"[len(sizes) % 4])
                terminal.watch(3)
                sizes.append(terminal.memory())
    seen = int(count.read_text()) if count.exists() else 0
    later = sizes[len(sizes) // 4 :]
    bench.details["memory over a day"] = {"megabytes": sizes, "updates": DAY_UPDATES, "drawn": seen}
    bench.say("memory over a day's updates, at most", max(sizes), "MB", 200)
    note = f"{DAY_UPDATES:,} updates, {seen:,} answers drawn; after the first quarter"
    bench.say("memory over a day's updates, growth", later[-1] - min(later), "MB", 10, note)


PARTS: Sequence[Callable[[Bench], None]] = (first_screen, keys, chart, filters, idle, working, day)


def p95(values: Sequence[float]) -> float:
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]


def main() -> int:
    names = [part.__name__ for part in PARTS]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="a home of benchmarks/large_home.py")
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}")
    options = parser.parse_args()
    place = options.home.parent if options.home else None
    with tempfile.TemporaryDirectory(dir=place, prefix="wnkd-app-") as folder:
        root = Path(folder) / "home"
        if options.home:
            shutil.copytree(options.home, root)
        else:
            large_home.make(root, 10_000, 20_000_000, 0)
        bench = Bench(root)
        connect(bench.home).close()  # brings its schema up to date
        for part in PARTS:
            if part.__name__ in options.only:
                try:
                    part(bench)
                except (Gone, Silent, ImportError, AttributeError, TypeError) as error:
                    bench.say(part.__name__.replace("_", " "), None, "", 0, str(error))
        machine = facts(bench)
    print(", ".join(f"{value}" for value in machine.values()))
    if options.save:
        rows = [asdict(row) for row in bench.rows]
        record = {**machine, "rows": rows, "details": bench.details}
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    return int(any(row.over for row in bench.rows))


def facts(bench: Bench) -> dict[str, object]:
    """When, on what and with what it was measured."""
    conn = connect(bench.home)
    select = "SELECT (SELECT count(*) FROM trial), (SELECT count(*) FROM job), count(*) FROM metric"
    trials, jobs, rows = conn.execute(select).fetchone()
    conn.close()
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "load": f"load {os.getloadavg()[0]:.1f}",
        "python": f"Python {platform.python_version()}",
        "textual": f"textual {metadata.version('textual')}",
        "home": f"{trials:,} trials, {jobs:,} jobs, {rows:,} metric rows",
    }


if __name__ == "__main__":
    sys.exit(main())
