"""All processes of a job: found in the system's table, and signalled without hitting a stranger."""

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from engine import process as processes
from engine.process import ProcessId


@dataclass(frozen=True)
class Entry:
    """A process as the system's table has it; `session` and `group` are numbers of leaders.

    `ended`: it waits to be reaped, and no thread of it runs on.
    """

    id: ProcessId
    parent: int
    group: int
    session: int
    ended: bool


def family(leader: ProcessId, known: Iterable[ProcessId] = ()) -> set[ProcessId]:
    """What runs of a job: its leader, the leader's group and session, those of `known`, and the
    descendants of all of them. What only waits to be reaped is left out.

    A descendant that made a session of its own belongs here while its parents run, or once it is
    `known`. One whose parents ended before anybody looked cannot be told from a stranger and is
    missed. The kernel gives no new process the number of a group or session that has members, so
    where the leader's number is a stranger's now, nothing of either is left.
    """
    known = set(known)
    if not known and not any(leader.pid in _leaders(pid) for pid in psutil.pids()):
        return set()  # the usual end of a job, told without reading the table
    there = leader.exists()  # before the table is read: what holds the number later is a stranger
    table = _table()
    if there or leader.pid not in table:
        ours = {
            pid for pid, entry in table.items() if leader.pid in (pid, entry.group, entry.session)
        }
    else:
        ours = set()
    ours |= {one.pid for one in known if one.pid in table and table[one.pid].id == one}
    children: dict[int, list[int]] = {}
    for pid, entry in table.items():
        children.setdefault(entry.parent, []).append(pid)
    new = list(ours)
    while new:
        new = [pid for parent in new for pid in children.get(parent, ()) if pid not in ours]
        ours.update(new)
    return {table[pid].id for pid in ours if not table[pid].ended}


def resident(leader: ProcessId) -> int:
    """Bytes of memory that a job's processes take; what several share counts for each of them."""
    found = 0
    for member in family(leader):
        with suppress(psutil.Error):  # it has just ended
            found += psutil.Process(member.pid).memory_info().rss
    return found


def send(process: ProcessId, number: signal.Signals) -> None:
    """Signals a process if it is still there; never one that got its number later."""
    descriptor = _descriptor(process.pid)
    try:
        if not process.exists():
            return
        if descriptor is None:
            os.kill(process.pid, number)
        else:  # it was there when the descriptor was made, so that is what the descriptor holds
            signal.pidfd_send_signal(descriptor, number)
    except (ProcessLookupError, PermissionError):
        return
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _descriptor(pid: int) -> int | None:
    """Holds on to a process; None where there is none, or the system has no such thing."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def _leaders(pid: int) -> tuple[int, ...]:
    """Of a process itself, its group and its session."""
    try:
        return pid, os.getpgid(pid), os.getsid(pid)
    except OSError:
        return (pid,)


def _table() -> dict[int, Entry]:
    """All processes of the system, by pid."""
    boot = processes.boot()
    if not boot:
        return _portable_table()
    tick = os.sysconf("SC_CLK_TCK")
    table = {}
    for pid in psutil.pids():
        try:
            stat = Path(f"/proc/{pid}/stat").read_bytes()
        except OSError:
            continue
        fields = stat.rpartition(b")")[2].split()  # the name before it may hold anything
        parent, group, session = map(int, fields[1:4])
        # A process whose first thread has ended is a zombie to look at, while others free a GPU.
        ended = fields[0] in (b"Z", b"X") and int(fields[17]) <= 1
        found = ProcessId(pid, int(fields[19]) / tick, boot)
        table[pid] = Entry(found, parent, group, session, ended)
    return table


def _portable_table() -> dict[int, Entry]:
    """The same where there is no /proc."""
    table = {}
    for process in psutil.process_iter(["status", "create_time", "ppid"]):
        known = process.info
        try:
            group, session = os.getpgid(process.pid), os.getsid(process.pid)
        except OSError:
            continue
        found = ProcessId(process.pid, float(known["create_time"] or 0.0), "")
        ended = known["status"] == psutil.STATUS_ZOMBIE
        table[process.pid] = Entry(found, known["ppid"] or 0, group, session, ended)
    return table
