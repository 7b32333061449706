"""Many readers, one writer: metric rows a second into SQLite while others look at the queue.

The writer is a real run-queue with jobs that report as fast as they can; the readers are processes
that ask what the app asks, as often as it does. `crowd.py reader HOME` is one of them; it prints
what it saw as JSON once its stdin ends.
"""

import json
import select
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import counting
from supervising import HERE, environment, make_home

from wnkd_tui.home import Home
from wnkd_tui.store import queries
from wnkd_tui.store.database import connect

EVERY = 0.5  # seconds, as the app's poller
POINTS = 160  # of a curve, as the app's queue page
CURVES = [f"value_{n}" for n in range(4)]  # as many as it draws
TRIALS, JOBS, STEPS, VALUES = 8, 8, 1250, 8
SLOTS = 2


def measure(root: Path, readers: int) -> dict[str, object]:
    """Rows a second from the first job's start to the last one's end."""
    home = make_home(root, trials=TRIALS, jobs=JOBS, steps=STEPS, values=VALUES)
    crowd = [
        subprocess.Popen(
            [sys.executable, __file__, "reader", home.root],
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(readers)
    ]
    for reader in crowd:
        assert reader.stdout is not None
        reader.stdout.readline()  # it has looked once
    said = subprocess.run(
        [sys.executable, HERE / "supervising.py", home.root, str(SLOTS)],
        env=environment(),
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    seen = [json.loads(reader.communicate()[0]) for reader in crowd]
    with closing(connect(home)) as conn:
        rows = queries.jobs(conn)
        count = conn.execute("SELECT count(*) FROM metric").fetchone()[0]
    seconds = max(row.finished_at or 0 for row in rows) - min(row.started_at or 0 for row in rows)
    return {
        "readers": readers,
        "rows": count,
        "rows_missing": TRIALS * JOBS * STEPS * VALUES - count,
        "seconds": round(seconds, 2),
        "rows_per_s": round(count / seconds),
        "looks": sum(one["looks"] for one in seen),
        "slowest_look_s": round(max((one["slowest_s"] for one in seen), default=0.0), 3),
        "locked": json.loads(said)["locked"] + sum(one["locked"] for one in seen),
    }


def read(home: Home) -> None:
    looks, slowest, version = 0, 0.0, -1
    with closing(connect(home)) as conn:
        while True:
            began = time.monotonic()
            now_at = conn.execute("PRAGMA data_version").fetchone()[0]
            queries.supervisors(conn, time.time())
            queries.counts(conn)
            if now_at != version:
                rows = queries.jobs(conn)
                shown = next((row for row in rows if row.state == "running"), rows[0])
                queries.metrics(conn, shown.id, CURVES, buckets=POINTS)
            version = now_at
            slowest = max(slowest, time.monotonic() - began)
            looks += 1
            if looks == 1:
                print("ready", flush=True)
            if select.select([0], [], [], EVERY)[0]:
                break
    print(json.dumps({"looks": looks, "slowest_s": slowest, "locked": counting.locked}))


if __name__ == "__main__":
    read(Home(Path(sys.argv[2])))
