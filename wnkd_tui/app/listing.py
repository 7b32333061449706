"""A long list of which only what is near the eye is read: every key, some of the rows."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True)
class Window:
    """The places that are wanted: `count` of them from `first` on, counted from 0."""

    first: int = 0
    count: int = 100

    def of(self, keys: Sequence[int]) -> Sequence[int]:
        """The keys at these places."""
        return keys[self.first : self.first + self.count]


@dataclass(frozen=True)
class Listing(Generic[Row]):
    """`keys` of all rows in their order; `rows` by key, of a window at least."""

    keys: Sequence[Hashable] = ()
    rows: Mapping[Hashable, Row] = field(default_factory=dict)
