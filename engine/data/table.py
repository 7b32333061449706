"""Lists and small CSV tables that people and competitions give, and names that are safe to open."""

import csv
import stat
from collections.abc import Iterator
from pathlib import Path

from engine.errors import DataError
from engine.shown import is_showable

LARGEST = 1 << 30  # bytes of a list: ImageNet-21k's 14 million images take half as many


def text(path: Path, encoding: str) -> str:
    """All of a list of lines. Raises DataError for what is no file or no text, or larger than
    LARGEST."""
    _check(path)
    try:
        return path.read_text(encoding=encoding)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not readable ({error})") from None


def rows(path: Path, columns: tuple[str, str]) -> Iterator[tuple[int, str, str]]:
    """(line number, first column, second column) of each row, without blanks around them.

    The header names the columns, in any order and among others. Raises DataError, with the line's
    number, for a column that is missing, for control characters and line breaks in a row, and for
    what is no CSV in UTF-8 or larger than LARGEST.
    """
    _check(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [name.strip() for name in next(reader, [])]
            for name in columns:
                if name not in header:
                    raise DataError(f"{path} line 1: no column {name}; needed: {','.join(columns)}")
            first, second = (header.index(name) for name in columns)
            for row in reader:
                if not row:
                    continue
                if len(row) <= max(first, second):
                    raise DataError(f"{path} line {reader.line_num}: fewer columns than the header")
                cells = row[first].strip(), row[second].strip()
                if not all(map(is_showable, cells)):
                    raise DataError(f"{path} line {reader.line_num}: characters of no plain text")
                yield reader.line_num, *cells
    except OSError as error:
        raise DataError(f"{path}: not readable ({error.strerror})") from None
    except UnicodeDecodeError:
        raise DataError(f"{path}: not UTF-8 text") from None
    except csv.Error as error:
        raise DataError(f"{path} line {reader.line_num}: not CSV ({error})") from None


def is_file_name(name: str) -> bool:
    """Whether `name` is that of a file in a folder: no way out of it."""
    return bool(name) and not name.startswith(".") and "/" not in name and "\\" not in name


def _check(path: Path) -> None:
    try:
        about = path.stat()
    except OSError as error:
        raise DataError(f"{path}: not readable ({error.strerror})") from None
    if not stat.S_ISREG(about.st_mode):  # a device may have no end
        raise DataError(f"{path}: a folder or a device, no file")
    if about.st_size > LARGEST:
        raise DataError(f"{path}: larger than {LARGEST >> 20} MiB, no list")
