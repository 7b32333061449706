"""Sample images of a dataset, read in a thread that posts them."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual.message import Message

from engine.errors import WnkdError
from wnkd_tui.store.rows import DatasetRow

if TYPE_CHECKING:
    from wnkd_tui.pictures import Sample

MOST = 30  # images; more do not fit on a screen


class Sampled(Message):
    """The images of the dataset with `key`, or in a line why there are none."""

    def __init__(self, key: str, samples: "Sequence[Sample] | str") -> None:
        super().__init__()
        self.key, self.samples = key, samples


def sample(row: DatasetRow, post: Callable[[Message], object]) -> None:
    """Posts an image of each class, as many as fit."""
    from wnkd_tui import pictures

    try:
        found: Sequence[Sample] | str = pictures.samples(row.source, MOST)
    except (WnkdError, OSError) as error:
        found = str(error)
    post(Sampled(row.key, found))
