"""Files and folders in pieces of a few MiB, as they cross from one host to another.

No file is ever whole in memory, and small ones travel together.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

PIECE = 4 << 20  # bytes that cross at a time
_OVERHEAD = 256  # bytes that a piece counts beyond its data, so that empty files come to an end


@dataclass(frozen=True)
class Piece:
    """`data` from `offset` on of the file `name`, relative to what is sent; "" is that itself."""

    name: str
    offset: int
    data: bytes


def pieces(root: Path) -> Iterator[list[Piece]]:
    """A file, or all files of a folder in the order of their names, about `PIECE` bytes at a time.

    A link counts as what it leads to. Raises OSError for what cannot be read.
    """
    batch: list[Piece] = []
    room = PIECE
    for name, path in _files(root):
        with path.open("rb") as file:
            offset = 0
            while (data := file.read(room)) or not offset:
                batch.append(Piece(name, offset, data))
                offset += len(data)
                room -= len(data) + _OVERHEAD
                if room <= 0:
                    yield batch
                    batch, room = [], PIECE
                if not data:  # an empty file
                    break
    if batch:
        yield batch


def place(root: Path, batch: Iterable[Piece]) -> None:
    """Writes pieces where they belong. Raises ValueError for a name that leads out of `root`."""
    for piece in batch:
        name = PurePosixPath(piece.name)
        if name.is_absolute() or ".." in name.parts:
            raise ValueError(f"{piece.name!r} leads out of {root}")
        path = root / name if piece.name else root
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("r+b" if piece.offset else "wb") as file:
            file.seek(piece.offset)
            file.write(piece.data)


def _files(root: Path) -> Iterator[tuple[str, Path]]:
    if not root.is_dir():
        yield "", root
        return
    for here, folders, files in os.walk(root, onerror=_raise, followlinks=True):
        folders.sort()
        for name in sorted(files):
            path = Path(here) / name
            yield path.relative_to(root).as_posix(), path


def _raise(error: OSError) -> None:
    raise error
