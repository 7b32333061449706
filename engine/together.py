"""Students in one process: who may be together, what they share, and how they keep in step.

All that students of one company see is the same: the dataset, its views, the batches. In step, they
learn from one batch in turn; its images are augmented once, and each teacher is asked once.
"""

from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from engine.canonical import content_key

Place = tuple[int, int]  # epoch and step that a training is at, both from 0
LATER: Place = (1 << 62, 0)  # of a job that waits: all who train go first

# The settings that decide a student's views, its batches and how all of them are computed.
ALIKE = (
    "dataset",
    "dataset_key",
    "limit_train",
    "augment",
    "image_size",
    "seed",
    "epochs",
    "cpu_threads",
    "precision",
)

T = TypeVar("T")


def company(kind: str, settings: Mapping[str, Any]) -> str | None:
    """What jobs must have in common to be done in one process; None: this one is done alone."""
    if kind != "student":
        return None
    alike = {name: settings.get(name) for name in ALIKE}
    return content_key({**alike, "batch": settings.get("optimiser", {}).get("batch")})


class Shared:
    """Things that jobs of one process have in common, kept while one of them uses them."""

    def __init__(self) -> None:
        self._things: WeakValueDictionary[Hashable, Any] = WeakValueDictionary()

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """The thing of that `key`, which tells all that decides it; made where it is not there."""
        thing: T | None = self._things.get(key)
        if thing is None:
            thing = make()
            self._things[key] = thing
        return thing
