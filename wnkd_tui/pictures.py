"""Sample images of a dataset, and as text: two pixels a character, ▀."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.color import Color
from rich.style import Style
from rich.text import Text

from engine.data.base import Images
from engine.data.files import FileImages
from engine.data.listing import Listing, settle
from engine.data.registry import KINDS, Source

SIDE = 20  # pixels of a shown image, and its width in characters
FINE = 160  # pixels of an image's side on a terminal that shows pixels
HEIGHT = SIDE // 2 + 1  # lines of an image and the name below it
GAP = "  "
UPPER_HALF = "▀"


@dataclass(frozen=True)
class Sample:
    """An image of a class: `pixels` uint8 [side, side, 3]."""

    name: str
    pixels: NDArray[np.uint8]


def samples(source: Source, most: int, first: int = 0, side: int = SIDE) -> list[Sample]:
    """The first training image of each class, of `most` classes from `first` on, `side` pixels wide
    and high; only these are decoded.

    Raises DataError where the dataset cannot be read.
    """
    found = KINDS[source.kind](source)
    images: Images
    if isinstance(found, Listing):
        settled = settle(found, set(source.skipped or ()))
        names, labels = settled.train.names, settled.train.labels
        images = FileImages(settled.root, names, side, dataset=source.name)
    else:
        images, labels = found.train.images, found.train.labels
    present, firsts = np.unique(labels, return_index=True)
    chosen = slice(start := int(np.searchsorted(present, first)), start + most)
    present, firsts = present[chosen], firsts[chosen]
    pixels = images[firsts.astype(np.int64)]
    return [
        Sample(found.classes[label], _square(image, side))
        for label, image in zip(present.tolist(), pixels, strict=True)
    ]


def in_a_line(width: int) -> int:
    """How many images stand side by side in `width` characters."""
    return max(1, (width + len(GAP)) // (SIDE + len(GAP)))


def lines(shown: Sequence[Sample], width: int) -> Iterator[Text]:
    """The images in lines of text, each above its class's name."""
    step = in_a_line(width)
    for start in range(0, len(shown), step):
        line = shown[start : start + step]
        for row in range(0, SIDE, 2):
            yield Text(GAP).join(_halves(one.pixels[row : row + 2]) for one in line)
        yield Text(GAP).join(_label(one.name) for one in line)


def _square(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """[channels, H, W] as [side, side, 3]; a small image keeps its pixels' edges."""
    rgb = np.broadcast_to(image, (3, *image.shape[1:])).transpose(1, 2, 0)
    smaller = max(image.shape[1:]) < side
    way = Image.Resampling.NEAREST if smaller else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(np.ascontiguousarray(rgb)).resize((side, side), way))


def _halves(pixels: NDArray[np.uint8]) -> Text:
    """Two rows of pixels as one row of characters."""
    text = Text()
    for upper, lower in zip(*pixels.tolist(), strict=True):
        style = Style(color=Color.from_rgb(*upper), bgcolor=Color.from_rgb(*lower))
        text.append(UPPER_HALF, style)
    return text


def _label(name: str) -> Text:
    text = Text(name)
    text.truncate(SIDE, overflow="ellipsis", pad=True)
    return text
