"""Files that are there whole or not at all, whatever ends the program or the machine."""

import contextlib
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

NEW = ".new"  # the end of the name of a file that is not whole yet


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write that takes the place of `path` on leaving, or is removed on an exception.

    What a killed writer leaves is a file `path.PID.new`. Raises OSError where it cannot be written,
    and where something that is no file has the name: /dev/null must stay what it is.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EEXIST, "a folder or a device, no file", str(path))
    temporary = path.with_name(f"{path.name}.{os.getpid()}{NEW}")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    sync(path.parent)


def sync(path: Path) -> None:
    """Waits until a file's content, or a folder's names, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
