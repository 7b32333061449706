"""The kill campaign: `python campaign.py [--seed N] [--kills N] [--short] [--root DIR]`.

One sweep in two homes: undisturbed in `calm`, and in `killed` under a hail of SIGKILLs at random
moments. Afterwards both must hold the same, to the bit. See docs/torture.md.
"""

import argparse
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from checks import Check, Outcome, compare, show
from killer import Killer
from place import FULL, SHORT, Place
from processes import Finder, touching
from watcher import Watcher

from wnkd_tui.store import queries
from wnkd_tui.store.database import connect

CREW = 2  # run-queues at work at a time
SLOTS = "2"
STEP = 0.02  # seconds between two looks at the crew
DRAIN = 900.0  # seconds that the rest may take once nothing is killed any more
LEAVE = 10.0  # seconds in which every process has left after the last run-queue


class Crew:
    """Run-queues that drain the queue, started anew when they are killed.

    `gave_up`: a line for each that left by itself while there was work, or with an error.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._at_work: list[tuple[subprocess.Popen[bytes], Path]] = []
        self.started = 0
        self.gave_up: list[str] = []

    def tend(self, conn: sqlite3.Connection, size: int) -> None:
        """Buries the dead; while there is work, fills the ranks up to `size`."""
        for process, log in self._at_work[:]:
            code = process.poll()
            if code is None:
                continue
            self._at_work.remove((process, log))
            drained = code in (0, 1) and all_done(conn)
            if code != -signal.SIGKILL and not drained:
                self.gave_up.append(f"{log.name}: left with code {code}: {last_line(log)}")
        while len(self._at_work) < size and not all_done(conn):
            process = self._place.start("run-queue", "--drain", "--slots", SLOTS)
            self._at_work.append((process, self._place.last_log))
            self.started += 1

    def drain(self, conn: sqlite3.Connection) -> None:
        """Lets them work, with at least one of them there, until they have left by themselves."""
        deadline = time.monotonic() + DRAIN
        while self._at_work or not all_done(conn):
            if time.monotonic() > deadline:
                self.gave_up.append(f"not drained within {DRAIN:.0f} s")
                break
            self.tend(conn, 1)
            time.sleep(0.05)
        for process, _ in self._at_work:
            process.kill()


def fill(place: Place, short: bool) -> None:
    for words in SHORT if short else FULL:
        place.read("queue", "add", *words)


def undisturbed(place: Place) -> float:
    """Seconds of the sweep when nothing is killed."""
    began = time.monotonic()
    if place.start("run-queue", "--drain", "--slots", SLOTS).wait() != 0:
        sys.exit(f"the undisturbed run went wrong: {last_line(place.last_log)}")
    return time.monotonic() - began


def torture(
    conn: sqlite3.Connection, killer: Killer, crew: Crew, watcher: Watcher, kills: int
) -> None:
    """Until so many shots have hit, or nothing is left to be done."""
    hits = 0
    while hits < kills and not all_done(conn):
        gap, busy = killer.gap()
        while gap > 0 and not all_done(conn):
            crew.tend(conn, CREW)
            killer.wake()
            time.sleep(STEP)
            if watcher.busy or not busy:
                gap -= STEP / killer.pace(hits / kills, share_done(conn))
        if told := killer.shoot():
            hits += 1
            print(f"{hits:4}  {share_done(conn):4.0%} done  {told}", flush=True)
            if told := killer.lull():
                print(f"{'':4}  {'':9}  {told}", flush=True)
    killer.wake(all=True)


def all_done(conn: sqlite3.Connection) -> bool:
    return set(queries.counts(conn)) == {"done"}


def share_done(conn: sqlite3.Connection) -> float:
    counts = queries.counts(conn)
    return counts.get("done", 0) / sum(counts.values())


def last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


def left(place: Place) -> list[str]:
    """The processes that are still there when they should have left."""
    deadline = time.monotonic() + LEAVE
    while (found := touching(place.home.root)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def bury(finder: Finder) -> None:
    """Ends what is left of a campaign that was broken off."""
    while found := finder.find():
        for one in found:
            with suppress(ProcessLookupError):
                os.kill(one.pid, signal.SIGKILL)
        time.sleep(STEP)


def campaign(root: Path, seed: int, kills: int, short: bool) -> tuple[dict[str, Any], list[Check]]:
    """Both runs; what happened, and what of it is as it must be."""
    calm, killed = (Place(root / name, root / "logs") for name in ("calm", "killed"))
    fill(calm, short)
    shutil.copytree(calm.home.root, killed.home.root, dirs_exist_ok=True)
    calm_seconds = undisturbed(calm)
    print(f"undisturbed: {calm_seconds:.0f} s", flush=True)
    finder = Finder(killed.home.root)
    watcher, crew = Watcher(Finder(killed.home.root)), Crew(killed)
    killer = Killer(seed, killed.home.root, finder, quick=short)
    watcher.start()
    began = time.monotonic()
    try:
        with closing(connect(killed.home)) as conn:
            torture(conn, killer, crew, watcher, kills)
            kill_seconds = time.monotonic() - began
            crew.drain(conn)
        rest_seconds = time.monotonic() - began - kill_seconds
        stayed = left(killed)
    finally:
        watcher.end()
        bury(finder)
    outcome, fired = Outcome(killed.home), killer.shots.total()
    checks = [
        Check("kills", fired, [f"all was done after {fired} of {kills}"] if fired < kills else []),
        *compare(Outcome(calm.home), outcome),
        Check("no two runs of a job at the same time", watcher.looks, [*watcher.doubles.values()]),
        Check("no process is left", 1, stayed),
        Check("no run-queue gave up by itself", crew.started, crew.gave_up),
    ]
    happened = {
        "seed": seed,
        "trials": len(outcome.trials),
        "jobs": len(outcome.jobs),
        "kills": dict(killer.shots.most_common()),
        "sigkills": killer.signals,
        "naps": killer.naps,
        "runs seen": sum(map(len, watcher.runs.values())),
        "attempts": outcome.attempt_rows(),
        "run-queues started": crew.started,
        "seconds undisturbed": round(calm_seconds, 1),
        "seconds of killing": round(kill_seconds, 1),
        "seconds of the rest": round(rest_seconds, 1),
    }
    return happened, checks


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--short", action="store_true", help="a small sweep, for the test suite")
    parser.add_argument("--root", type=Path, help="an empty directory; default: a temporary one")
    parser.add_argument("--save", type=Path, help="write the outcome to this file as JSON")
    options = parser.parse_args()
    root = (options.root or Path(tempfile.mkdtemp(prefix="wnkd-torture-"))).absolute()
    print(f"seed {options.seed}, {options.kills} kills, in {root}", flush=True)
    happened, checks = campaign(root, options.seed, options.kills, options.short)
    for name, value in happened.items():
        many = isinstance(value, dict)
        print(f"{name}: {', '.join(f'{n} {kind}' for kind, n in value.items()) if many else value}")
    good = show(checks)
    if options.save:
        found = {one.name: {"looked at": one.looked, "faults": one.faults} for one in checks}
        record = {**happened, "checks": found}
        options.save.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    print("all is well" if good else f"NOT well: look into {root}")
    return not good


if __name__ == "__main__":
    sys.exit(main())
