"""A program in a pseudo-terminal, timed from outside: when it draws, how much, at what cost."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SMALL = 300  # bytes: a line with a blinking cursor is less, a line of a list more
PATIENCE = 1.5  # seconds after which a trifle is taken for all that is drawn
RECENT = 1 << 17  # bytes that are looked through for words
QUIET = 0.4  # seconds without anything drawn, after which a screen counts as final
_ESCAPES = re.compile(
    rb"\x1b\[[0-9;?<>=]*[A-Za-z~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][A-Z0-9]"
)
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Burst:
    """What was drawn after something was done: seconds to the first and to the last of it."""

    first: float
    last: float
    size: int  # bytes
    text: str  # without escape sequences


class Gone(Exception):
    """The program ended."""


class Silent(Exception):
    """The program drew nothing, or not what was expected."""


class Terminal:
    """Runs `command`; leaves nothing behind when closed. All that reads raises Gone at its end."""

    def __init__(
        self,
        command: Sequence[str | Path],
        env: Mapping[str, str] | None = None,
        columns: int = 160,
        rows: int = 50,
    ) -> None:
        self.started = time.monotonic()
        self._recent = b""
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            known = {
                **os.environ,
                "TERM": "xterm-256color",
                "COLORTERM": "truecolor",
                **(env or {}),
            }
            os.execve(command[0], [str(part) for part in command], known)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        os.kill(self.pid, signal.SIGKILL)  # not waited for: it stays a zombie until here
        os.waitpid(self.pid, 0)
        os.close(self._fd)

    def _read(self, timeout: float) -> bytes:
        """What was written within `timeout` seconds, b"" where that is nothing."""
        if not select.select([self._fd], [], [], max(0.0, timeout))[0]:
            return b""
        try:
            data = os.read(self._fd, 1 << 20)
        except OSError:  # Linux tells the end of a pty like this
            data = b""
        if not data:
            raise Gone("the program ended")
        self._answer(data)
        self._recent = (self._recent + data)[-RECENT:]
        return data

    def _answer(self, data: bytes) -> None:
        """What a terminal is asked at start; some programs wait for it."""
        if b"\x1b[c" in data or b"\x1b[0c" in data:
            os.write(self._fd, b"\x1b[?62;22c")
        if b"\x1b[6n" in data:
            os.write(self._fd, b"\x1b[1;1R")
        if b"\x1b]11;?" in data:
            os.write(self._fd, b"\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\")

    def send(self, keys: str) -> None:
        os.write(self._fd, keys.encode())

    def press(self, keys: str, limit: float = 5.0, quiet: float = QUIET) -> Burst:
        """Sends keys and waits until nothing more is drawn. Raises Silent where nothing is."""
        self.drain()
        self.send(keys)
        return self.settle(limit, quiet)

    def settle(self, limit: float = 5.0, quiet: float = QUIET) -> Burst:
        """Waits until nothing worth mentioning is drawn for `quiet` seconds, or `limit` is over;
        after a mere trifle, until PATIENCE is. Raises Silent where nothing at all is drawn."""
        began = time.monotonic()
        first = last = 0.0  # of anything, and of what is worth mentioning
        parts = []
        while True:
            over = began + limit
            if last:
                over = min(over, last + quiet)
            elif first:
                over = min(over, first + max(quiet, PATIENCE))
            now = time.monotonic()
            if now >= over:
                break
            if data := self._read(over - now):
                at = time.monotonic()
                parts.append(data)
                first = first or at
                if len(data) >= SMALL:
                    last = at
        if not first:
            raise Silent(f"nothing drawn within {limit:.0f} s")
        whole = b"".join(parts)
        return Burst(first - began, (last or first) - began, len(whole), plain(whole))

    def until(self, words: str, limit: float = 20.0) -> float:
        """Seconds from the program's start until `words` (a pattern) are drawn. Raises Silent."""
        deadline = time.monotonic() + limit
        while not re.search(words, plain(self._recent)):
            if not self._read(deadline - time.monotonic()):
                break
        else:
            return time.monotonic() - self.started
        raise Silent(f"{words!r} was not drawn within {limit:.0f} s")

    def drain(self) -> None:
        while self._read(0.0):
            pass

    def watch(self, seconds: float) -> tuple[float, float]:
        """Lets it run: its share of one core in percent, and the bytes a second that it draws."""
        self.drain()
        began, used, size = time.monotonic(), self.cpu(), 0
        while (left := began + seconds - time.monotonic()) > 0:
            size += len(self._read(left))
        took = time.monotonic() - began
        return 100 * (self.cpu() - used) / took, size / took

    def cpu(self) -> float:
        """Seconds of CPU that it has used."""
        stat = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / _TICKS

    def memory(self) -> float:
        """Resident MB of it and the processes that it started."""
        family = [self.pid]
        for pid in family:  # grows on the way
            for task in Path(f"/proc/{pid}/task").iterdir():
                family += map(int, (task / "children").read_text().split())
        statuses = [Path(f"/proc/{pid}/status").read_text() for pid in family]
        return (
            sum(int(kb) for text in statuses for kb in re.findall(r"VmRSS:\s+(\d+)", text)) / 1000
        )


def plain(data: bytes) -> str:
    return _ESCAPES.sub(b"", data).decode(errors="replace")
