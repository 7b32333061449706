"""Another program, run within bounds of time and output."""

import os
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ended:
    """`code` is negative for a signal, None where it took too long. `output` is stdout and stderr,
    `cut` whether there was more of it."""

    code: int | None
    output: bytes
    cut: bool

    @property
    def ok(self) -> bool:
        return self.code == 0


def run(
    command: Sequence[str],
    *,
    seconds: float,
    most: int,
    directory: Path,
    env: Mapping[str, str],
    given: bytes = b"",
) -> Ended:
    """Runs `command` in `directory` in a process group of its own, `given` on its stdin.

    At most `most` bytes of its output are kept, the rest is read and dropped. A program that is not
    done, or whose output is still open, after `seconds` is killed with its group. Raises OSError
    or ValueError where it cannot be started.
    """
    deadline = time.monotonic() + seconds
    with tempfile.TemporaryFile() as stdin:
        stdin.write(given)
        stdin.seek(0)
        process = subprocess.Popen(
            command,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=directory,
            env=env,
            start_new_session=True,
        )
    assert process.stdout is not None
    with process.stdout:
        output, cut, closed = _read(process.stdout.fileno(), most, deadline)
    if closed:
        with suppress(subprocess.TimeoutExpired):
            return Ended(process.wait(max(0.0, deadline - time.monotonic())), output, cut)
    # It was not waited for yet: its pid, which is the group's, cannot be a stranger's.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    code = process.wait()
    return Ended(None if code == -signal.SIGKILL else code, output, cut)


def _read(pipe: int, most: int, deadline: float) -> tuple[bytes, bool, bool]:
    """What comes until the end or the deadline: the first `most` bytes, whether there was more,
    and whether the end was reached."""
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    kept, dropped = bytearray(), False
    while (left := deadline - time.monotonic()) > 0:
        if not poll.poll(1000 * left):
            break
        chunk = os.read(pipe, 1 << 16)
        if not chunk:
            return bytes(kept), dropped, True
        room = most - len(kept)
        kept += chunk[:room]
        dropped = dropped or len(chunk) > room
    return bytes(kept), dropped, False
