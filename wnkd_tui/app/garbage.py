"""Garbage is looked for while nobody presses a key, and nothing that is gone is held.

Python looks through all that lives (0.1 s here) whenever enough was made: mostly in the middle of a
page that is being drawn, which waits. So what lasts is set apart once, and the rest is looked
through in a pause; in the middle of something only where no pause comes for long.
"""

import gc
import time
from functools import _lru_cache_wrapper, cache
from typing import Any, cast

from textual._styles_cache import StylesCache

_DUE = 10  # lesser collections, after which Python itself would look through everything
_MOST = 5 * _DUE  # after so many it does
_PAUSE = 1.0  # seconds without a key
_COLOURS = "get_inner_outer"


class Garbage:
    """`spare` once all is loaded, `touched` at every key, `collect` now and then."""

    def __init__(self) -> None:
        self._touched = 0.0  # on the monotonic clock
        _let_go()

    def spare(self) -> None:
        """What lives now is never looked at again."""
        _set_apart()

    def touched(self) -> None:
        self._touched = time.monotonic()

    def collect(self) -> None:
        """Frees what nothing leads to, if that is due and nobody is at the keys."""
        if gc.get_count()[2] >= _DUE and time.monotonic() - self._touched >= _PAUSE:
            gc.collect()


@cache
def _set_apart() -> None:
    """Once: of a second app in this process the first would be set apart too, and never freed."""
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, _MOST)


def _let_go() -> None:
    """Textual 8.2 keeps the drawn lines of its last 1,024 widgets, those that are gone too: in a
    cache of styles by two colours, whose keys hold the one that asks. The colours are enough."""
    kept = vars(StylesCache)[_COLOURS]
    if isinstance(kept, _lru_cache_wrapper):
        setattr(StylesCache, _COLOURS, classmethod(cast(Any, kept)))
