"""What a fault is. A module beside this one finds each kind."""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from engine.errors import WnkdError
from wnkd_tui.home import Home


class MendError(WnkdError):
    """A fault could not be mended, or is none any more."""


@dataclass(frozen=True)
class Fault:
    """Something wrong: `says` what and, where only a person can mend it, what to do.

    `mend` does it and gives one line on what it did. It looks once more first: what has changed
    meanwhile is not touched. Raises MendError, OSError or sqlite3.Error.
    """

    says: str
    mend: Callable[[], str] | None = None


# Looks for one kind of fault, and changes nothing.
Find = Callable[[Home, sqlite3.Connection], Iterator[Fault]]
