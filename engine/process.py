"""Processes told from later ones that got the same pid, whatever is done to the clock.

On Linux a start is counted from the boot, and the boot has an id of its own; elsewhere a start is
in UTC seconds and holds within SAME_START.
"""

import functools
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

SAME_START = 2.0  # seconds; UTC start times move when the clock is set
LARGEST_PID = 2**31 - 1
_PROC = Path("/proc")


@dataclass(frozen=True)
class ProcessId:
    """A process of this machine. `started`: seconds since the boot `boot`, or UTC where the system
    names no boot ("")."""

    pid: int
    started: float
    boot: str

    @classmethod
    def of(cls, pid: int) -> Self:
        """Of a process that runs or waits to be reaped; its start is 0 where it is gone."""
        return cls(pid, _start(pid, boot()) or 0.0, boot())

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """What `str` gave, whatever stands behind it after a blank; `pid:start` of an older wnkd as
        well. None for any other text."""
        pid, _, rest = text.partition(" ")[0].partition(":")
        started, _, where = rest.partition(":")
        try:
            process = cls(int(pid), float(started), where)
        except ValueError:
            return None
        return process if 0 < process.pid <= LARGEST_PID else None

    def __str__(self) -> str:
        return f"{self.pid}:{self.started!r}" + (f":{self.boot}" if self.boot else "")

    @property
    def here(self) -> bool:
        """Whether this process could see it: no other boot, no other container."""
        return self.boot in ("", boot())

    def exists(self) -> bool:
        """Whether it is there, be it as a zombie; False for a stranger with the same pid."""
        if not self.here:
            return False
        started = _start(self.pid, self.boot)
        slack = 0.001 if self.boot else SAME_START
        return started is not None and abs(started - self.started) <= slack

    def runs(self) -> bool:
        """Whether it is there and not just waiting to be reaped."""
        return self.exists() and not is_zombie(self.pid)


@functools.cache
def boot() -> str:
    """What this run of the machine is called, pids' namespace included; "" where it has no name."""
    try:
        run = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{run}/{(_PROC / 'self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def uptime() -> float:
    """Seconds on a clock that all processes of this boot share and nobody can set."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def is_zombie(pid: int) -> bool:
    """True for a process that is gone, as well."""
    fields = _stat(pid)
    if fields is not None:
        return fields[0] in (b"Z", b"X")
    if boot():
        return True
    import psutil  # late: Linux does without it

    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _start(pid: int, boot: str) -> float | None:
    """Seconds since the boot, or UTC where `boot` is ""; None for no such process."""
    if boot:
        fields = _stat(pid)
        return None if fields is None else int(fields[19]) / os.sysconf("SC_CLK_TCK")
    import psutil  # late: Linux does without it

    try:
        return float(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return None


def _stat(pid: int) -> list[bytes] | None:
    """The fields of /proc/PID/stat from the state on; the name before it may hold anything."""
    try:
        return (_PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
