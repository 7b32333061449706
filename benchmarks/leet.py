"""Beside W&B's leet: `python benchmarks/leet.py --peers PYTHON [--runs DIR] [--save]`.

One run of 100,000 points and one of 1,000,000, the same curve for both programs: seconds from the
start of the process to its first screen, to the first chart of that run, and to the chart of all
its points; in turn, in a pseudo-terminal of 160×50. Each is opened on the run: leet by its path,
wnkd-tui on the page that it was left on. wandb writes a million points in some minutes; with
`--runs` they are kept for the next time.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import app_keys
import lab
import large_rows
from app_terminal import Terminal
from leet_run import value

from wnkd_tui.home import Home
from wnkd_tui.store.connection import transaction
from wnkd_tui.store.database import connect

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "leet.json"
BIN = Path(sys.executable).parent
POINTS = (100_000, 1_000_000)
REMEMBERED = 7.0  # seconds after which wnkd-tui has noted where it is
NOTE = (
    "leet draws a run from its first points on and reads on while one looks; wnkd-tui draws all at"
    " once, each point of the chart the mean, least and greatest of its stretch. leet shows system"
    " metrics as well; it has no queue, and wnkd-tui shows the run's jobs, spec and log beside."
)
WHOLE = 600.0  # seconds at most for a chart of all points


@dataclass(frozen=True)
class Program:
    """How it is started on a run, and what it draws when."""

    name: str
    start: Callable[[], Terminal]
    screen: str
    whole: str  # what stands on the screen once the chart has all points


@dataclass
class Measured:
    """Seconds from the start of the process, medians; resident MB once all is drawn."""

    program: str
    points: int
    screen: float
    chart: float
    whole: float
    memory: float


def leet(peers: str, folder: Path) -> Program:
    run = next((folder / "wandb").glob("offline-run-*"))
    command = (Path(peers).parent / "wandb", "leet", run)
    env = {"HOME": str(folder), "WANDB_ERROR_REPORTING": "false"}
    return Program("leet", lambda: Terminal(command, env), "Metrics", "Finished")


def wnkd(folder: Path, points: int) -> Program:
    """A home with that run alone, left by the app on its page."""
    home = Home(folder)
    _write(home, points)
    env = {"WNKD_HOME": str(home.root)}
    start = lambda: Terminal((BIN / "wnkd-tui",), env)  # noqa: E731
    with start() as terminal:
        terminal.settle(limit=10, quiet=1.0)
        app_keys.open_run(terminal, "id:1")
        time.sleep(REMEMBERED)
        terminal.drain()
    return Program("wnkd-tui", start, "Trials", app_keys.CURVE)


def _write(home: Home, points: int) -> None:
    home.jobs.mkdir(parents=True)
    conn = connect(home)
    (digits, *_) = lab.datasets(conn)
    with transaction(conn):
        large_rows.Writer(conn, 0, 1).campaign(lab.long_run(digits, points))
        conn.execute("DELETE FROM metric")
        conn.executemany(
            "INSERT INTO metric (job_id, name, step, value) VALUES (1, 'train_loss', ?, ?)",
            ((step, value(step, points)) for step in range(1, points + 1)),
        )
    conn.close()


def look(program: Program) -> tuple[float, float]:
    """Seconds to the first screen and to the first chart."""
    with program.start() as terminal:
        return terminal.until(program.screen, 60), terminal.until(app_keys.CURVE, 60)


def wait(program: Program) -> tuple[float, float]:
    """Seconds to the chart of all points, and the resident MB by then."""
    with program.start() as terminal:
        return terminal.until(program.whole, WHOLE), terminal.memory()


def compare(programs: Sequence[Program], points: int, rounds: int) -> list[Measured]:
    for program in programs:  # warm
        look(program)
    looks = {program.name: [] for program in programs}
    for _ in range(rounds):
        for program in programs:
            looks[program.name].append(look(program))
    found = []
    for program in programs:
        whole, memory = wait(program)
        screen, chart = (statistics.median(of) for of in zip(*looks[program.name], strict=True))
        found.append(Measured(program.name, points, screen, chart, max(chart, whole), memory))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", default=sys.executable, help="the Python that has wandb")
    parser.add_argument("--runs", type=Path, help="where wandb's runs are kept")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}")
    options = parser.parse_args()
    found = []
    with tempfile.TemporaryDirectory() as folder:
        runs = options.runs or Path(folder) / "runs"
        print(
            f"{'':9} {'points':>9} {'first screen':>12} {'first chart':>11} {'all points':>10} MB"
        )
        for points in POINTS:
            run = runs / str(points)
            if not run.exists():
                part = run.with_suffix(".part")
                command = [options.peers, HERE / "leet_run.py", part, str(points)]
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
                part.rename(run)
            theirs = leet(options.peers, run)
            ours = wnkd(Path(folder) / f"home-{points}", points)
            for one in compare((theirs, ours), points, options.rounds):
                print(
                    f"{one.program:9} {one.points:9,} {one.screen:10.2f} s {one.chart:9.2f} s"
                    f" {one.whole:8.2f} s {one.memory:.0f}",
                    flush=True,
                )
                found.append(one)
    versions = {"wandb": _version(options.peers), "textual": metadata.version("textual")}
    record = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        **versions,
        "rounds": options.rounds,
        "note": NOTE,
    }
    print(", ".join(f"{name} {value}" for name, value in record.items() if name != "note"))
    print(NOTE)
    if options.save:
        record["measured"] = [asdict(one) for one in found]
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(record, indent=1) + "\n")
    return 0


def _version(peers: str) -> str:
    code = "from importlib.metadata import version; print(version('wandb'))"
    return subprocess.run([peers, "-c", code], check=True, capture_output=True, text=True).stdout[
        :-1
    ]


if __name__ == "__main__":
    sys.exit(main())
