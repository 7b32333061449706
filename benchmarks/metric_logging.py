"""Metric logging: `python benchmarks/metric_logging.py [--peers PYTHON] [--save]`.

1. Rows a second into SQLite while 16 readers look on, and who finds the database locked.
2. wnkd's event file beside trackio, wandb offline, MLflow and TensorBoard's writer: rows a second,
   and rows lost when the writing process gets a SIGKILL. Those that are not there are left out;
   `make bench-logging` installs them in a place of their own.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import crowd
import side_by_side

RESULTS = Path(__file__).parent / "results" / "metric_logging.json"
BAR = 50_000  # rows a second with 16 readers


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", default=sys.executable, help="the Python with the other loggers")
    parser.add_argument("--readers", type=int, default=16)
    parser.add_argument(
        "--rows", type=int, default=2000, help="a logger is to log, five numbers each"
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        alone = crowd.measure(root / "alone", 0)
        crowded = crowd.measure(root / "crowd", options.readers)
        show_crowd([alone, crowded])
        loggers = side_by_side.compare(
            root, options.peers, options.rows, options.repeats, options.kills, options.seed
        )
    show_loggers(loggers)
    if options.save:
        record = {
            "date": datetime.now(UTC).date().isoformat(),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "python": platform.python_version(),
            "readers": [alone, crowded],
            "rows": options.rows,
            "seed": options.seed,
            "loggers": loggers,
        }
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(record, indent=1) + "\n")
    return int(crowded["rows_per_s"] < BAR or crowded["locked"] > 0 or crowded["rows_missing"] > 0)


def show_crowd(measured: list[dict]) -> None:
    print(
        f"{'readers':>7} {'metric rows':>11} {'rows/s':>9} {'missing':>7} {'locked':>6}"
        f" {'looks':>6}"
    )
    for one in measured:
        print(
            f"{one['readers']:7} {one['rows']:11,} {one['rows_per_s']:9,} {one['rows_missing']:7}"
            f" {one['locked']:6} {one['looks']:6}"
        )
    print()


def show_loggers(loggers: list[dict]) -> None:
    print(
        f"{'logger':16} {'version':>8} {'rows/s taken':>13} {'rows/s readable':>16}"
        f" {'lost at SIGKILL':>20}"
    )
    for one in loggers:
        lost = f"{one['lost']:,} of {one['taken_before_kills']:,}"
        print(
            f"{one['logger']:16} {one['version']:>8} {one['taken_per_s']:13,}"
            f" {one['readable_per_s']:16,} {lost:>20}"
        )


if __name__ == "__main__":
    sys.exit(main())
