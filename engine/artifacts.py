"""Content-addressed store of what jobs make: `ROOT/ab/abcdef…/` with files and `meta.json`.

An artifact appears whole or not at all: it is made in `ROOT/tmp` and renamed into place. Making is
under a lock per key, so two processes never make the same one at the same time.
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

from engine.errors import ArtifactError

META = "meta.json"


@dataclass(frozen=True)
class ArtifactStore:
    """The store at `root`; the directory is made when the first artifact is."""

    root: Path

    def path(self, key: str) -> Path:
        return self.root / key[:2] / key

    def has(self, key: str) -> bool:
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
            text = json.dumps(meta, sort_keys=True, indent=1, allow_nan=False)
            (work / META).write_text(text, encoding="utf-8")
            for path in work.iterdir():
                _sync(path)
            final = self.path(key)
            final.parent.mkdir(exist_ok=True)
            if final.exists():  # without meta.json, or has() would have kept us away
                shutil.rmtree(final)
            work.rename(final)
            _sync(final.parent)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
