"""Where a person's database, jobs, artifacts and datasets are."""

import os
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

from engine.durable import NEW
from engine.errors import WnkdError
from engine.shown import as_shown, is_showable

VARIABLE = "WNKD_HOME"
# SQLite's WAL needs memory shared by all who open the database: no network filesystem has that.
NETWORK = ("nfs", "cifs", "smb", "9p", "afs", "lustre", "gpfs", "ceph", "glusterfs", "beegfs")
NETWORK_FUSE = ("sshfs", "s3fs", "gcsfuse", "rclone", "ceph", "glusterfs", "smb", "nfs")


class HomeError(WnkdError):
    """The home directory cannot be used."""


@dataclass(frozen=True)
class Mount:
    """A mounted filesystem: its directory and its type as the kernel names it."""

    directory: Path
    kind: str


@dataclass(frozen=True)
class Home:
    """One database with everything that belongs to it, in one directory; what nodes of a cluster
    are to see may be on a file system that they share."""

    root: Path

    @property
    def shared_link(self) -> Path:
        """A person makes it, to the directory that nodes see."""
        return self.root / "shared"

    @cached_property
    def shared(self) -> Path:
        """Where jobs, artifacts, datasets, files and the cache are."""
        return self.shared_link.resolve() if self.shared_link.is_symlink() else self.root

    @property
    def db(self) -> Path:
        return self.root / "wnkd.db"

    @property
    def database_files(self) -> tuple[Path, Path, Path]:
        """The database, its log of what is new, and the log's index; the last two come and go."""
        return self.db, Path(f"{self.db}-wal"), Path(f"{self.db}-shm")

    @property
    def backups(self) -> list[Path]:
        """Copies of the database that were kept, the newest first."""
        found = [*self.root.glob("wnkd.db.backup*"), *self.root.glob("wnkd.db.before-*")]
        whole = [path for path in found if path.suffix != NEW and path.is_file()]
        return sorted(whole, key=lambda path: path.stat().st_mtime, reverse=True)

    @property
    def jobs(self) -> Path:
        return self.shared / "jobs"

    @property
    def artifacts(self) -> Path:
        return self.shared / "artifacts"

    @property
    def datasets(self) -> Path:
        return self.shared / "datasets"

    @property
    def cache(self) -> Path:
        return self.shared / "cache"

    @property
    def files(self) -> Path:
        """What people gave to trials, under names that hold its content's hash."""
        return self.shared / "files"

    @property
    def allocations(self) -> Path:
        """What a cluster's allocations are given; made with the first one."""
        return self.shared / "allocations"

    @property
    def configurations(self) -> Path:
        """What people saved of the form, a TOML file each; made with the first one."""
        return self.root / "configurations"

    def job(self, key: str) -> Path:
        """The directory of the job `key`: its events, checkpoint and output."""
        return self.jobs / key[:16]

    @classmethod
    def find(cls, mounts: Iterable[Mount] | None = None) -> Self:
        """$WNKD_HOME, else the platform's user data directory; made where it is missing.

        Raises HomeError where it is no path that can be shown, cannot be written, lies on a network
        filesystem, or what it shares is not there; `mounts` stands for the machine's mounted
        filesystems.
        """
        home = cls(_place())
        network = network_filesystem(home.root, mounts)
        if network:
            raise HomeError(
                f"{home.root} is on a network filesystem ({network}), where its database would be"
                f" damaged: set {VARIABLE} to a directory on a local disk"
            )
        try:
            if not home.shared.exists() and home.shared_link.is_symlink():
                raise HomeError(
                    f"{home.shared_link} leads to {home.shared}, which is not there: mount it"
                )
            for directory in (home.root, home.jobs, home.artifacts, home.datasets, home.files):
                directory.mkdir(parents=True, exist_ok=True)
            home.cache.mkdir(exist_ok=True)
            tempfile.TemporaryFile(dir=home.root).close()
        except (FileExistsError, NotADirectoryError):
            raise HomeError(
                f"{home.root} cannot be a home, for a file is in its place or in its way:"
                f" set {VARIABLE} to a directory"
            ) from None
        except OSError as error:
            raise HomeError(
                f"cannot write to {home.root} ({error.strerror}):"
                f" set {VARIABLE} to a directory of your own"
            ) from None
        return home


def mounted() -> list[Mount]:
    """The machine's mounted filesystems, in the order in which they were mounted."""
    table = Path("/proc/self/mounts")
    if not table.exists():
        import psutil  # late: Linux does without it

        parts = psutil.disk_partitions(all=True)
        return [Mount(Path(part.mountpoint), part.fstype) for part in parts]
    rows = [line.split(b" ") for line in table.read_bytes().splitlines()]
    return [Mount(Path(os.fsdecode(_unescaped(row[1]))), os.fsdecode(row[2])) for row in rows]


def _place() -> Path:
    """Raises HomeError for a path that leads nowhere, and for one that SQLite cannot be told or
    that would garble a terminal."""
    try:
        place = chosen()
        place.resolve()
    except (OSError, RuntimeError) as error:  # ~ of nobody, links in a circle, no working directory
        named = as_shown(os.environ.get(VARIABLE, ""))
        raise HomeError(
            f"{VARIABLE}={named} is no place ({error}): set it to a directory"
        ) from None
    if not is_showable(str(place)):
        raise HomeError(
            f"{as_shown(str(place))} has signs in it that cannot be shown: set {VARIABLE} to a"
            " directory without them"
        )
    return place


def chosen() -> Path:
    """The home's absolute path, whether it is there or not."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_data_dir("wnkd", appauthor=False)).absolute()


def _unescaped(name: bytes) -> bytes:
    """The kernel writes blanks in a mount's name as octal escapes."""
    return re.sub(rb"\\([0-7]{3})", lambda octal: bytes([int(octal[1], 8)]), name)


def network_filesystem(path: Path, mounts: Iterable[Mount] | None = None) -> str | None:
    """The type of the network filesystem that holds `path`, None for a local one; `mounts` stands
    for the machine's mounted filesystems."""
    real = path.resolve()
    known = mounted() if mounts is None else mounts
    above = [mount for mount in known if real.is_relative_to(mount.directory)]
    if not above:
        return None
    # Of equally deep ones the last mounted hides the others: max() keeps the first.
    kind = max(reversed(above), key=lambda mount: len(mount.directory.parts)).kind.lower()
    fuse = kind.removeprefix("fuse.") if kind.startswith("fuse.") else ""
    return kind if kind.startswith(NETWORK) or fuse.startswith(NETWORK_FUSE) else None
