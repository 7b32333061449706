"""Room on the disk: no job starts without it, and what finds none is done again later."""

import errno
import os
import sqlite3

from wnkd_tui.home import Home

MIB = 2**20
_FULL = (errno.ENOSPC, errno.EDQUOT)


def free(home: Home) -> int:
    """Bytes that can still be written; the least, where parts of the home are on other disks."""
    rooms = []
    for directory in (home.root, home.jobs, home.artifacts):
        if directory.exists():
            disk = os.statvfs(directory)
            rooms.append(disk.f_bavail * disk.f_frsize)
    return min(rooms)


def shortage(home: Home, least: int) -> str | None:
    """A note where fewer than `least` MiB are free, else None."""
    room = free(home)
    if room >= least * MIB:
        return None
    return f"paused: disk full ({room // MIB} MiB free at {home.root}; goes on at {least})"


def is_full(error: BaseException | None, short: bool) -> bool:
    """Whether an error, or what it came of, is that there was no room.

    SQLite tells most full disks as such, and some as a fault of the disk; that counts where room
    is `short`.
    """
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        match getattr(error, "sqlite_errorcode", 0) & 0xFF:
            case sqlite3.SQLITE_FULL:
                return True
            case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_CANTOPEN if short:
                return True
        error = error.__cause__ or error.__context__
    return False
