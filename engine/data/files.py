"""Image files as pixels: RGB squares of one size, decoded by a pool of threads when asked for."""

import os
import stat
import warnings
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.errors import DataError

if TYPE_CHECKING:
    from PIL import Image

Pixels = NDArray[np.uint8]

MEMORY_LIMIT = 4 << 30  # bytes of decoded pixels that a dataset may hold in memory
MAX_BYTES = 1 << 29  # of one file
MAX_PIXELS = 89_478_485  # of one image: Pillow's own limit against decompression bombs
SUFFIXES = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff"),
        *(".ppm", ".pgm", ".pbm", ".pnm"),
    }
)
# The formats of those suffixes and no others: Pillow starts other programs for some (EPS).
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
# Cores this process may use: what a job scheduler left of the machine's.
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
# Threads. Jobs beside each other have as many each and share the cores; more than 32 of one
# process would wait for its interpreter (benchmarks/decoding.py).
WORKERS = min(CORES, 32)
AT_ONCE = 32  # files that one task of the pool reads, at most

# Remarks on odd metadata and large images. What matters is an error.
warnings.filterwarnings("ignore", module=r"PIL\.")

Item = TypeVar("Item")
Result = TypeVar("Result")


class Unreadable(Exception):
    """Why a file gives no pixels, in a few words."""


class FileImages:
    """Images in files, as if they were an array uint8 [N, 3, size, size].

    `names` are relative to `root`. A slice or an int64 array of places gives decoded pixels; a file
    that cannot be read is a DataError, since those were left out when the dataset was added.
    `dataset` is what the error calls it.
    """

    def __init__(self, root: Path, names: Sequence[str], size: int, *, dataset: str) -> None:
        self.root, self.names, self.size, self.dataset = root, names, size, dataset

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return (len(self.names), 3, self.size, self.size)

    def __len__(self) -> int:
        return len(self.names)

    def take(self, index: NDArray[np.int64]) -> "FileImages":
        """The images at `index`, still in their files."""
        names = [self.names[i] for i in index.tolist()]
        return FileImages(self.root, names, self.size, dataset=self.dataset)

    def __getitem__(self, index: slice | NDArray[np.int64]) -> Pixels:
        where = np.arange(*index.indices(len(self))) if isinstance(index, slice) else index
        out = np.empty((len(where), *self.shape[1:]), dtype=np.uint8)
        self.decode_into(out, where)
        return out

    def decode_into(self, out: Pixels, index: NDArray[np.int64]) -> None:
        """Puts the images at `index` int64 [B] into `out` uint8 [B, 3, size, size]."""
        names = self.take(index).names

        def fill(part: range) -> None:
            for i in part:
                out[i] = self._pixels(names[i])

        with closing(in_threads(fill, parts(len(names)))) as done:
            for _ in done:
                pass

    def _pixels(self, name: str) -> Pixels:
        path = self.root / name
        try:
            return decode(read(path), self.size).pixels
        except Unreadable as why:
            raise DataError(
                f"{path}: {why}, though it was readable when {self.dataset} was added;"
                f" wnkd dataset check {self.dataset} tells what changed"
            ) from None


class Decoded(NamedTuple):
    """`pixels` uint8 [3, size, size]; `height` and `width` are the file's own."""

    pixels: Pixels
    height: int
    width: int


def read(path: Path) -> bytes:
    """A file's bytes. Raises Unreadable; never waits, as opening a pipe would."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise Unreadable("not a file")
        if found.st_size > MAX_BYTES:
            raise Unreadable(f"larger than {MAX_BYTES >> 20} MiB")
        content = path.read_bytes()
    except FileNotFoundError:
        raise Unreadable("missing") from None
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise Unreadable(f"not readable ({getattr(error, 'strerror', None) or error})") from None
    if not content:
        raise Unreadable("an empty file")
    return content


def decode(content: bytes, size: int) -> Decoded:
    """The central square of an image file as RGB, resized to `size` by antialiased bicubic.

    This is a resize of the short side and a central crop in one step. A large JPEG is decoded at
    half, a quarter or an eighth of its side, never below twice `size`. An EXIF orientation is left
    alone, transparency is dropped, an animation gives its first frame. Raises Unreadable for what
    is no image, damaged, cut short or has more than MAX_PIXELS pixels.
    """
    from PIL import Image, UnidentifiedImageError  # late: sets of arrays need no Pillow

    try:
        with Image.open(BytesIO(content), formats=FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise Unreadable(f"{width}×{height} pixels, more than {MAX_PIXELS}")
            image.draft(None, (2 * size, 2 * size))
            rgb = _rgb(image)
            side = min(rgb.size)
            left, top = ((length - side) // 2 for length in rgb.size)
            box = (left, top, left + side, top + side)
            square = rgb.resize((size, size), Image.Resampling.BICUBIC, box=box)
            return Decoded(np.asarray(square).transpose(2, 0, 1), height, width)
    except (Unreadable, MemoryError):
        raise
    except UnidentifiedImageError:
        raise Unreadable("not an image") from None
    except Image.DecompressionBombError:
        raise Unreadable(f"more than {MAX_PIXELS} pixels") from None
    except Exception as error:  # noqa: BLE001 - a damaged image can raise anything
        why = " ".join(str(error).split()) or type(error).__name__
        raise Unreadable(f"damaged ({why})") from None


def _rgb(image: "Image.Image") -> "Image.Image":
    from PIL import Image

    if image.mode == "F":
        raise Unreadable("floating-point pixels, whose white is unknown")
    if image.mode.startswith("I"):  # 16 bits of grey; Pillow's conversion would cut, not scale
        levels = np.clip(np.asarray(image).astype(np.int64) >> 8, 0, 255)
        image = Image.fromarray(levels.astype(np.uint8))
    return image.convert("RGB")


def parts(count: int) -> list[range]:
    """range(count) in parts for `in_threads`: enough of them that no worker waits for another."""
    step = max(1, min(AT_ONCE, count // (8 * WORKERS)))
    return [range(start, min(start + step, count)) for start in range(0, count, step)]


def in_threads(work: Callable[[Item], Result], items: Sequence[Item]) -> Generator[Result]:
    """`work` of each item, in order; closing it drops what was not begun.

    Threads are enough: Pillow and hashlib let go of the interpreter while they work.
    """
    begun = deque(_pool(WORKERS).submit(work, item) for item in items)
    try:
        while begun:
            yield begun.popleft().result()
    finally:
        for one in begun:
            one.cancel()


@cache
def _pool(workers: int) -> ThreadPoolExecutor:
    """The process's threads, which are kept: a batch has few files for each."""
    return ThreadPoolExecutor(workers, thread_name_prefix="image files")


os.register_at_fork(after_in_child=_pool.cache_clear)  # threads do not survive a fork
