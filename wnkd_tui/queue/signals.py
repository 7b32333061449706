"""What Ctrl-C means to a supervisor."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol


class Stoppable(Protocol):
    def finish(self) -> None: ...
    def interrupt(self) -> None: ...


@contextmanager
def stopping_on_signals(supervisor: Stoppable) -> Iterator[list[int]]:
    """The first SIGINT finishes, a second one or SIGTERM interrupts; yields the signals so far.

    Outside the main thread, where Python handles no signals, nothing is changed.
    """
    seen: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield seen
        return

    def on_signal(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and not seen:
            supervisor.finish()
        else:
            supervisor.interrupt()
        seen.append(number)

    before = {
        number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield seen
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
