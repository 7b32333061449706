"""Start-up times as a person feels them: `python benchmarks/startup.py [--runs N] [--save]`.

Medians of whole processes, warm, in an empty WNKD_HOME: `wnkd --help`, `wnkd queue list`, and
`wnkd-tui` from its start to its first screen in a pseudo-terminal of 80×24.
"""

import argparse
import fcntl
import json
import os
import platform
import pty
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

BIN = Path(sys.executable).parent
RESULTS = Path(__file__).parent / "results" / "startup.json"
# The bound that each must keep, in seconds.
BOUNDS = {"wnkd --help": 0.4, "wnkd queue list": 0.8, "wnkd-tui first screen": 1.5}
FIRST_SCREEN = b"Queue"  # a word that only the drawn screen holds


def command(*arguments: str) -> float:
    """Seconds of one whole command."""
    started = time.perf_counter()
    subprocess.run([str(BIN / "wnkd"), *arguments], check=True, capture_output=True)
    return time.perf_counter() - started


def first_screen() -> float:
    """Seconds until wnkd-tui has drawn its first screen."""
    started = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm-256color"
        os.execv(str(BIN / "wnkd-tui"), ["wnkd-tui"])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    seen = b""
    try:
        while FIRST_SCREEN not in seen:
            ready, _, _ = select.select([terminal], [], [], 20)
            if not ready:
                sys.exit("wnkd-tui drew nothing for 20 s")
            seen += os.read(terminal, 65536)
        return time.perf_counter() - started
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


def median(measure: Callable[[], float], runs: int) -> float:
    measure()  # warm
    return statistics.median(measure() for _ in range(runs))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/startup.json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["WNKD_HOME"] = home
        command("queue", "list")  # makes the database
        seconds = {
            "wnkd --help": median(lambda: command("--help"), options.runs),
            "wnkd queue list": median(lambda: command("queue", "list"), options.runs),
            "wnkd-tui first screen": median(first_screen, options.runs),
        }
    print(f"{'what':24} {'median s':>9} {'bound s':>9}")
    for what, value in seconds.items():
        print(
            f"{what:24} {value:9.2f} {BOUNDS[what]:9.2f}{'' if value <= BOUNDS[what] else '  over'}"
        )
    if options.save:
        record = {
            "date": datetime.now(UTC).date().isoformat(),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "python": platform.python_version(),
            "runs": options.runs,
            "median_seconds": {what: round(value, 3) for what, value in seconds.items()},
        }
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(record, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
