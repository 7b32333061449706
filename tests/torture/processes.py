"""The processes of one home, found in /proc: nothing that wnkd says of itself is believed."""

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
YOUNG = 2.0  # seconds in which a process may still become something else by exec


@dataclass(frozen=True)
class Found:
    """`role`: run-queue, server (what jobs are forked from), job, or other. `job` is the directory
    that its output goes to; `session` is the process that leads it."""

    pid: int
    started: int  # clock ticks since the boot: tells it from a later one with the same pid
    role: str
    session: int
    job: str | None

    def runs(self) -> bool:
        """Whether it is still there, and not just waiting to be reaped."""
        fields = _stat(self.pid)
        return fields is not None and fields[0] not in "ZX" and int(fields[19]) == self.started


class Finder:
    """Finds the processes whose environment names `root` as their home."""

    def __init__(self, root: Path) -> None:
        self._mark = f"WNKD_HOME={root}\0".encode()
        self._jobs = f"{root / 'jobs'}/"
        self._strangers: dict[int, float] = {}  # pid → when it was first seen

    def find(self) -> list[Found]:
        pids = {int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()}
        now = time.monotonic()
        self._strangers = {pid: at for pid, at in self._strangers.items() if pid in pids}
        found = []
        for pid in sorted(pids):
            if now - self._strangers.get(pid, now) > YOUNG:
                continue
            one = self._look(pid)
            if one is None:
                self._strangers.setdefault(pid, now)
            else:
                found.append(one)
        return found

    def _look(self, pid: int) -> Found | None:
        try:
            if self._mark not in (PROC / str(pid) / "environ").read_bytes():
                return None
            words = (PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
            output = str((PROC / str(pid) / "fd/1").readlink())
        except OSError:  # gone, a zombie, or another person's
            return None
        fields = _stat(pid)
        if fields is None or fields[0] in "ZX":
            return None
        job = output.removeprefix(self._jobs).split("/")[0] if output.startswith(self._jobs) else ""
        role = (
            "job"
            if job
            else "run-queue"
            if b"run-queue" in words
            else "server"
            if b"engine.warm" in words
            else "other"
        )
        return Found(pid, int(fields[19]), role, int(fields[3]), job or None)


def touching(root: Path) -> list[str]:
    """Every process, this one aside, that names `root` in its environment or command line, works in
    it or has a file of it open: one line each."""
    name = str(root).encode()
    lines = []
    for entry in PROC.iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            fields = _stat(int(entry.name))
            if fields and fields[0] not in "ZX" and any(name in text for text in _texts(entry)):
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                lines.append(f"{entry.name} {words.strip()}")
    return lines


def _texts(entry: Path) -> list[bytes]:
    texts = []
    for part in ("environ", "cmdline"):
        try:
            texts.append((entry / part).read_bytes())
        except OSError:
            continue
    links = [entry / "cwd"]
    with suppress(OSError):
        links += (entry / "fd").iterdir()
    for link in links:
        try:
            texts.append(os.fsencode(link.readlink()))
        except OSError:
            continue
    return texts


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the state on; None for no such process."""
    try:
        text = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()
