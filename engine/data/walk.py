"""Folders of images, walked so that links, odd names and stray files do no harm."""

import os
from pathlib import Path

from engine.data.files import SUFFIXES
from engine.data.listing import Skipped
from engine.errors import DataError
from engine.shown import as_shown, is_showable

NOT_DATA = frozenset({"__MACOSX"})


def subfolders(path: Path) -> list[Path]:
    """The folders in `path`, by name; none where it is no folder. Hidden ones are not seen.

    A link to a folder is one, unless it leads back to where it stands.
    """
    try:
        found = sorted(entry for entry in path.iterdir() if _visible(entry.name))
        above = path.resolve()
        return [
            entry
            for entry in found
            if entry.is_dir() and not (entry.is_symlink() and above.is_relative_to(entry.resolve()))
        ]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise DataError(f"{path}: not readable ({error.strerror})") from None


def image_files(folder: Path, root: Path) -> tuple[list[str], list[Skipped]]:
    """Names of the images in `folder` and the folders below, relative to `root`, sorted.

    Told apart by suffix; hidden files and folders are not seen. Everything else is skipped: other
    suffixes, links to folders, names that cannot be shown.
    """
    names: list[str] = []
    skipped: list[Skipped] = []

    def fail(error: OSError) -> None:
        raise DataError(f"{error.filename}: not readable ({error.strerror})")

    for here, folders, files in os.walk(folder, onerror=fail):
        folders[:] = [name for name in folders if _visible(name)]
        below = Path(here).relative_to(root).as_posix()
        prefix = "" if below == "." else f"{below}/"
        for name in folders:
            if (Path(here) / name).is_symlink():  # not followed by os.walk
                skipped.append(Skipped(as_shown(prefix + name), "a link to a folder"))
        for name in files:
            full = prefix + name
            if not _visible(name):
                continue
            if not is_showable(full):
                skipped.append(Skipped(as_shown(full), "a name that cannot be shown"))
            elif os.path.splitext(name)[1].lower() not in SUFFIXES:  # noqa: PTH122 - a million times
                skipped.append(Skipped(full, "not an image by its name"))
            else:
                names.append(full)
    return sorted(names), skipped


def _visible(name: str) -> bool:
    return not name.startswith(".") and name not in NOT_DATA
