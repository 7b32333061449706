"""Content-addressed store of what jobs make: `ROOT/ab/abcdef…/` with files and `meta.json`.

An artifact appears whole or not at all: it is made in `ROOT/tmp` and renamed into place. Making is
under a lock per key, so two processes never make the same one at the same time. `meta.json` tells
the files' sizes, so that what a disk or a person cuts short later is found.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from engine.durable import sync
from engine.errors import ArtifactError

META = "meta.json"


@dataclass(frozen=True)
class ArtifactStore:
    """The store at `root`; the directory is made when the first artifact is."""

    root: Path

    def path(self, key: str) -> Path:
        """Where the artifact is, or would be."""
        return self.root / key[:2] / key

    def has(self, key: str) -> bool:
        """Whether it was published; `fault` tells whether it is whole still."""
        return (self.path(key) / META).is_file()

    def meta(self, key: str) -> dict[str, Any]:
        """The artifact's record. Raises ArtifactError where it is missing or not JSON."""
        path = self.path(key) / META
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ArtifactError(f"artifact {key[:12]} is not there: {path.parent}") from None
        except ValueError:
            raise ArtifactError(f"artifact {key[:12]} is damaged: {path} is not JSON") from None
        if not isinstance(record, dict):
            raise ArtifactError(f"artifact {key[:12]} is damaged: {path} is no record")
        return record

    def fault(self, key: str) -> str | None:
        """What is wrong with the artifact, on one line; None where it is whole.

        Compares names and sizes; one made before sizes were kept is whole if its record is.
        """
        path, name = self.path(key), f"artifact {key[:12]}"
        if not path.is_dir():
            return f"{name} is missing: {path}"
        if not self.has(key):
            return f"{name} has no record: {path / META}"
        try:
            files = self.meta(key).get("files", {})
        except (ArtifactError, OSError) as error:
            return str(error)
        for file, size in files.items() if isinstance(files, dict) else ():
            try:
                found = (path / file).stat().st_size
            except OSError:
                return f"{name}: {path / file} is missing"
            if found != size:
                return f"{name}: {path / file} has {found} of {size} bytes"
        return None

    def lock(self, key: str) -> FileLock:
        """The lock to hold while making `key`; the kernel frees it when its holder dies."""
        locks = self.root / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        return FileLock(locks / f"{key}.lock")

    @contextmanager
    def publish(self, key: str, meta: dict[str, Any]) -> Iterator[Path]:
        """A directory to fill; on leaving without an exception it becomes the artifact `key`.

        `meta` may still be added to inside. Hold `lock(key)` around this.
        """
        work = self.root / "tmp" / f"{key}.{os.getpid()}"
        for left in work.parent.glob(f"{key}.*"):  # by makers that were killed
            shutil.rmtree(left)
        work.mkdir(parents=True)
        try:
            yield work
            files = {path.name: path.stat().st_size for path in work.iterdir()}
            text = json.dumps({**meta, "files": files}, sort_keys=True, indent=1, allow_nan=False)
            (work / META).write_text(text, encoding="utf-8")
            for path in (*work.iterdir(), work):
                sync(path)
            final = self.path(key)
            final.parent.mkdir(exist_ok=True)
            if final.exists():  # not whole, or nobody would make it again
                shutil.rmtree(final)
            work.rename(final)
            for folder in (final.parent, self.root):
                sync(folder)
        finally:
            shutil.rmtree(work, ignore_errors=True)
