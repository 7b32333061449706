"""Who may run a queue: any number of run-queues for jobs of this host, or one alone for a cluster.

Jobs of a cluster are known by their slots (`Slurm 3`). Whose run-queue was killed are left to one
of their own kind: to any other they would look gone, while they run on. Those of a Ray cluster have
ended with it, and anybody may find that.
"""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from engine.errors import WnkdError
from wnkd_tui.home import Home
from wnkd_tui.queue.executors import clusters

LOCK = "run-queue.lock"  # in the home: on a local disk, where the kernel lets go of it at any end
_RUNNING = "SELECT id, slot FROM job WHERE state = 'running'"


class OwnerError(WnkdError):
    """Another run-queue has the queue, or has to see to its jobs first."""


@contextmanager
def owning(home: Home, conn: sqlite3.Connection, *, cluster: str | None) -> Iterator[None]:
    """While inside, run-queues that cannot work beside this one are refused; `cluster` is its
    kind, None for jobs of this host.

    Raises OwnerError where this one is refused.
    """
    with (home.root / LOCK).open("ab") as lock:
        try:
            fcntl.flock(lock, (fcntl.LOCK_EX if cluster else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OwnerError(
                "another run-queue works on this queue, and only one may where jobs are with a"
                " cluster: stop it first (Ctrl-C there), or let it work"
            ) from None
        left: dict[str | None, list[str]] = {}
        for row in conn.execute(_RUNNING):
            left.setdefault(clusters.kind_of(row["slot"]), []).append(str(row["id"]))
        for settled in (cluster, clusters.RAY):
            left.pop(settled, None)
        if left:
            raise OwnerError("; ".join(_left(jobs, owner) for owner, jobs in left.items()))
        yield


def _left(jobs: list[str], owner: str | None) -> str:
    one = len(jobs) == 1
    which = f"job {jobs[0]} is" if one else f"jobs {', '.join(jobs[:5])} are"
    if owner is None:
        return f"{which} of this host still: wnkd run-queue without --executor sees to them first"
    return f"{which} with the cluster still: wnkd run-queue --executor {owner} sees to them"
