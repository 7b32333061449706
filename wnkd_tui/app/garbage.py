"""Garbage is looked for while nobody presses a key.

Python looks through all that lives (0.1 s here) whenever enough was made: mostly in the middle of a
page that is being drawn, which waits. So what lasts is set apart once, and the rest is looked
through in a pause; in the middle of something only where no pause comes for long.
"""

import gc
import time

_DUE = 10  # lesser collections, after which Python itself would look through everything
_MOST = 5 * _DUE  # after so many it does
_PAUSE = 1.0  # seconds without a key


class Garbage:
    """`spare` once all is loaded, `touched` at every key, `collect` now and then."""

    def __init__(self) -> None:
        self._touched = 0.0  # on the monotonic clock

    def spare(self) -> None:
        """What lives now is never looked at again."""
        gc.freeze()
        young, middle, _ = gc.get_threshold()
        gc.set_threshold(young, middle, _MOST)

    def touched(self) -> None:
        self._touched = time.monotonic()

    def collect(self) -> None:
        """Frees what nothing leads to, if that is due and nobody is at the keys."""
        if gc.get_count()[2] >= _DUE and time.monotonic() - self._touched >= _PAUSE:
            gc.collect()
