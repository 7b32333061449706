"""Processes of this host, told from later ones that got the same pid; and their groups."""

import os
import signal
from dataclasses import dataclass
from typing import Self

import psutil

# A start time is reckoned from the boot time, which moves when the clock is set.
SAME_START = 2.0  # seconds


@dataclass(frozen=True)
class ProcessId:
    """A pid and when its process started, in UTC seconds. It leads a group of the same number."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> Self:
        """Of a process that runs or has not been reaped; its start is 0 where it is gone."""
        return cls(pid, _start_of(pid) or 0.0)

    @classmethod
    def parse(cls, handle: str) -> Self:
        pid, started = handle.split(":")
        return cls(int(pid), float(started))

    def __str__(self) -> str:
        return f"{self.pid}:{self.started!r}"

    def runs(self) -> bool:
        """False for a stranger with the same pid, and for a process that waits to be reaped."""
        return self._is_ours() and not _zombie(self.pid)

    def group(self) -> list[int]:
        """Pids of the group's processes that run; none where the pid is a stranger's now.

        The kernel gives no new process the number of a group that still has members.
        """
        if psutil.pid_exists(self.pid) and not self._is_ours():
            return []
        return [pid for pid in psutil.pids() if _group_of(pid) == self.pid and not _zombie(pid)]

    def signal_group(self, number: signal.Signals) -> None:
        """Signals every process of the group, if any is left."""
        if self.group():
            try:
                os.killpg(self.pid, number)
            except ProcessLookupError:  # the last one ended just now
                return

    def _is_ours(self) -> bool:
        started = _start_of(self.pid)
        return started is not None and abs(started - self.started) < SAME_START


def runs_since(pid: int, when: float) -> bool:
    """Whether `pid` is a process that was there at `when` (UTC seconds) and still runs."""
    started = _start_of(pid)
    return started is not None and started < when + SAME_START and not _zombie(pid)


def _start_of(pid: int) -> float | None:
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return None


def _zombie(pid: int) -> bool:
    """True for a process that is gone, as well."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except (ProcessLookupError, PermissionError):
        return None
