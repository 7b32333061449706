"""Many run-queues on one database: is every job done exactly once, and how fast?

`python benchmarks/many_supervisors.py [--supervisors 8] [--jobs 2000] [--save]`. The jobs are
trivial: a process each that notes that it ran, reports one number and ends.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from supervising import HERE, environment, make_home
from targets import RUNS

from wnkd_tui.store import queries
from wnkd_tui.store.database import connect

RESULTS = HERE / "results" / "many_supervisors.json"
JOBS_A_TRIAL = 40


def measure(root: Path, supervisors: int, jobs: int, slots: int) -> dict[str, object]:
    home = make_home(root, trials=jobs // JOBS_A_TRIAL, jobs=JOBS_A_TRIAL, steps=1, values=1)
    began = time.monotonic()
    processes = [
        subprocess.Popen(
            [sys.executable, HERE / "supervising.py", home.root, str(slots)],
            env=environment(),
            stdout=subprocess.PIPE,
        )
        for _ in range(supervisors)
    ]
    said = [process.communicate()[0] for process in processes]
    wall = time.monotonic() - began
    runs = Counter((home.root / RUNS).read_text().split())
    with closing(connect(home)) as conn:
        rows = queries.jobs(conn)
    asked = {row.key for row in rows}
    working = max(row.finished_at or 0 for row in rows) - min(row.started_at or 0 for row in rows)
    return {
        "supervisors": supervisors,
        "jobs": len(rows),
        "slots": slots,
        "done": sum(row.state == "done" for row in rows),
        "never": len(asked - runs.keys()),
        "more_than_once": sum(n > 1 for n in runs.values()),
        "attempts_beyond_one": sum(row.attempt > 1 for row in rows),
        "exit_codes": sorted({process.returncode for process in processes}),
        "locked": sum(json.loads(line)["locked"] for line in said if line),
        "seconds": round(wall, 2),
        "jobs_per_s": round(len(rows) / working, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--supervisors", type=int, default=8)
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--slots", type=int, default=8, help="of the machine: all share them")
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder) / "home", options.supervisors, options.jobs, options.slots)
    for name, value in found.items():
        print(f"{name.replace('_', ' '):20} {value}")
    once = found["done"] == found["jobs"] and not (found["never"] or found["more_than_once"])
    print("every job ran exactly once" if once else "NOT every job ran exactly once")
    if options.save:
        record = {
            "date": datetime.now(UTC).date().isoformat(),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "python": platform.python_version(),
            **found,
        }
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(record, indent=1) + "\n")
    return not once


if __name__ == "__main__":
    sys.exit(main())
