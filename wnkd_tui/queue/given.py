"""Files that a person gives to a trial: taken into the home under names that are content keys.

A job then finds what was given whatever becomes of the original, and equal files are one file.
"""

import hashlib
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO

from engine.errors import SpecError
from engine.files import FILE
from wnkd_tui.home import Home

HASH_DIGITS = 16
NAME_LENGTH = 60  # of a file's own name within the name that it gets
PIECE = 2**20  # bytes read at a time
LARGEST = 32 * 2**30  # bytes; the largest CLIP checkpoint takes 10
MOST_FILES = 1000  # of a folder: a checkpoint has a few
SPARE_DISK = 2**30  # bytes that are left free
# How a checkpoint's name ends; open_clip's tags have no such end, and no slash.
CHECKPOINTS = (".safetensors", ".pt", ".pth", ".bin", ".ckpt")


@dataclass(frozen=True)
class _Part:
    """A file of what is given: where it is, its name inside, its size and time of change."""

    path: Path
    name: str
    size: int
    changed: int  # nanoseconds


def path_of(text: str) -> Path:
    """What a person wrote, as a path."""
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:  # ~ of nobody
        return Path(text).absolute()


def encoder_path(encoder: str) -> Path | None:
    """The PATH of an encoder named ARCH/PATH; None for a published or a built-in one."""
    weights = encoder.partition("/")[2]
    if weights.startswith(FILE):
        return None
    is_path = "/" in weights or weights.startswith(("~", ".")) or weights.endswith(CHECKPOINTS)
    return path_of(weights) if is_path else None


def name_of(path: Path) -> str:
    """`file:NAME`, the name under which `path` is kept; nothing is copied.

    Raises SpecError, in one line, for what is missing, empty, too large, unreadable or no file.
    """
    return _named(path, _digest(tuple(_parts(path))))


def take(home: Home, path: Path) -> str:
    """Copies a file or folder into the home, where it is not there yet; its `file:NAME`.

    A copy appears whole or not at all. Raises SpecError as `name_of` does, and where the disk is
    full.
    """
    parts = tuple(_parts(path))
    name = _named(path, _digest(parts))
    if _place(home, name).exists():
        os.utime(_place(home, name))  # young again: wnkd gc leaves it until its trial is queued
        return name
    home.files.mkdir(parents=True, exist_ok=True)
    size, free = sum(part.size for part in parts), shutil.disk_usage(home.files).free
    if size > free - SPARE_DISK:
        raise SpecError(f"{path} takes {_gib(size)}, and {home.files} has {_gib(free)} left")
    with tempfile.TemporaryDirectory(dir=home.files, prefix=".new-") as temporary:
        copy = Path(temporary) / "copy"
        try:
            # The name is that of the copy: a file that changes meanwhile is still named rightly.
            name = _named(path, _copied(parts, copy, path.is_dir()))
            copy.rename(_place(home, name))
        except OSError as error:
            if not _place(home, name).exists():  # else somebody else was faster
                raise SpecError(f"cannot copy {path} to {home.files}: {error.strerror}") from None
    return name


def _place(home: Home, name: str) -> Path:
    return home.files / name.removeprefix(FILE)


def _named(path: Path, digest: str) -> str:
    """The stem stays for people to read, the suffix for who reads the file."""
    suffix = "" if path.is_dir() else path.suffix
    plain = re.sub(r"[^\w.-]+", "-", path.name.removesuffix(suffix), flags=re.ASCII)
    end = re.sub(r"[^\w.]+", "", suffix, flags=re.ASCII)
    return f"{FILE}{plain[:NAME_LENGTH].strip('.-') or 'file'}-{digest[:HASH_DIGITS]}{end}"


def _parts(path: Path) -> Iterator[_Part]:
    """The file, or the folder's files in the order of their names."""
    try:
        if not path.exists():
            raise SpecError(f"{path} does not exist")
        if not path.is_dir():
            yield _part(path, "")
            return
        found = [_part(one, str(one.relative_to(path))) for one in _files(path)]
    except OSError as error:
        raise SpecError(f"cannot read {path}: {error.strerror}") from None
    if not found:
        raise SpecError(f"{path} is a folder without files")
    if sum(part.size for part in found) > LARGEST:
        raise SpecError(f"{path} is larger than {_gib(LARGEST)}: no checkpoint is")
    yield from sorted(found, key=lambda part: part.name)


def _files(folder: Path) -> Iterator[Path]:
    """Files below `folder`; links to folders and out of it are refused, not followed."""
    whole = os.path.realpath(folder)
    count = 0
    for directory, directories, files in os.walk(folder, onerror=_raise):
        for name in (*directories, *files):
            path = Path(directory, name)
            inside = Path(os.path.realpath(path)).is_relative_to(whole)
            if path.is_symlink() and (path.is_dir() or not inside):
                raise SpecError(f"{path} is a link out of its folder: copy what it means (cp -rL)")
        for name in files:
            count += 1
            if count > MOST_FILES:
                raise SpecError(f"{folder} has more than {MOST_FILES} files: no checkpoint has")
            yield Path(directory, name)


def _part(path: Path, name: str) -> _Part:
    about = path.stat()
    if not stat.S_ISREG(about.st_mode):
        raise SpecError(f"{path} is no file")
    if not about.st_size and not name:
        raise SpecError(f"{path} is empty")
    if about.st_size > LARGEST:
        raise SpecError(f"{path} takes {_gib(about.st_size)}, more than {_gib(LARGEST)}")
    return _Part(path, name, about.st_size, about.st_mtime_ns)


@cache
def _digest(parts: tuple[_Part, ...]) -> str:
    """sha256 of the content; kept for as long as sizes and times stay what they are."""
    digest = hashlib.sha256()
    for part in parts:
        with _opened(part.path) as file:
            digest.update(_heading(part))
            for piece in iter(lambda: file.read(PIECE), b""):
                digest.update(piece)
    return digest.hexdigest()


def _copied(parts: Iterable[_Part], copy: Path, is_folder: bool) -> str:
    """Makes `copy`; the sha256 of what was copied."""
    digest = hashlib.sha256()
    for part in parts:
        target = copy / part.name if is_folder else copy
        target.parent.mkdir(parents=True, exist_ok=True)
        with _opened(part.path) as file, target.open("wb") as written:
            digest.update(_heading(part))
            for piece in iter(lambda: file.read(PIECE), b""):
                digest.update(piece)
                written.write(piece)
            written.flush()
            os.fsync(written.fileno())
    return digest.hexdigest()


def _heading(part: _Part) -> bytes:
    """What sets a folder's files apart; a lone file is its content and nothing else."""
    return f"{part.name}\0{part.size}\0".encode(errors="surrogateescape") if part.name else b""


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise SpecError(f"cannot read {path}: {error.strerror}") from None


def _raise(error: OSError) -> None:
    raise error


def _gib(count: int) -> str:
    return f"{count / 2**30:.1f} GiB"
