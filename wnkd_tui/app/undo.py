"""The last deeds, each with what undoes it."""

import sqlite3
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

STEPS = 50  # deeds that can be undone, one after another
# Undoes a deed; gives what could not be undone of it, in words, or "". Raises StoreError, with
# nothing changed, where it no longer applies.
Inverse = Callable[[sqlite3.Connection], str]


@dataclass(frozen=True)
class Did:
    """A deed that is done, told in the past: `cancelled 3 jobs`. `remark` is told with it once.

    Without an `inverse` it cannot be undone.
    """

    words: str
    inverse: Inverse | None = None
    remark: str = ""


class Undo:
    """The deeds that can be undone, the last one on top."""

    def __init__(self) -> None:
        self._steps: deque[Did] = deque(maxlen=STEPS)

    def push(self, did: Did) -> None:
        if did.inverse:
            self._steps.append(did)

    def pop(self) -> Did | None:
        return self._steps.pop() if self._steps else None

    @property
    def next(self) -> Did | None:
        """What would be undone."""
        return self._steps[-1] if self._steps else None
