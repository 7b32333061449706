"""The way out of the home: one rename into a trash folder, then deletion.

A kill at any point leaves a thing either whole in its place or in the trash, where nobody looks for
it. Each folder of the home has a trash of its own, so that the rename stays on one filesystem.
"""

import os
import shutil
import stat
import uuid
from pathlib import Path

TRASH = ".trash"


def put(path: Path, top: Path) -> Path:
    """Takes `path`, somewhere below the folder `top`, out of its place; where it is now.

    Raises OSError, with nothing moved, where that is not possible.
    """
    trash = top / TRASH
    trash.mkdir(exist_ok=True)
    place = trash / uuid.uuid4().hex
    path.rename(place)
    return place


def delete(path: Path) -> None:
    """Deletes a file, a link or a folder with all that is in it; links are not followed.

    Raises OSError where something of it stays.
    """
    if path.is_dir() and not path.is_symlink():
        for folder, _, _ in os.walk(path):  # a folder that may not be written keeps its files
            Path(folder).chmod(stat.S_IRWXU)
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def entries(top: Path, below: str = "") -> list[Path]:
    """What lies in the folder `below` of `top`, by name; nothing where either is missing or a link
    to elsewhere."""
    folder = top / below
    if top.is_symlink() or folder.is_symlink() or not folder.is_dir():
        return []
    return sorted(folder.iterdir())


def size(path: Path) -> int:
    """Bytes of a file, or of all files in a folder; links count for nothing."""
    if path.is_symlink() or not path.is_dir():
        return _bytes(path)
    return sum(_bytes(Path(folder, name)) for folder, _, names in os.walk(path) for name in names)


def _bytes(path: Path) -> int:
    try:
        found = path.lstat()
    except FileNotFoundError:  # deleted just now
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0
