"""What `wnkd doctor` looks at. torch is asked for its version alone, never imported."""

import shutil
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from importlib.metadata import PackageNotFoundError, version

from engine.errors import WnkdError
from wnkd_tui.home import Home
from wnkd_tui.queue.slots import find_gpus
from wnkd_tui.store import queries
from wnkd_tui.store.database import connect

PACKAGES = (
    "torch",
    "torchvision",
    "numpy",
    "scikit-learn",
    "captum",
    "nltk",
    "open_clip_torch",
    "sqlmodel",
    "alembic",
    "textual",
    "plotext",
    "typer",
)
OLDEST_PYTHON = (3, 11)
ENOUGH_DISK = 2 * 2**30  # bytes; a sweep's checkpoints and logits on small images


@dataclass(frozen=True)
class Check:
    """What was looked at, whether it is well, and what was found or is to be done."""

    name: str
    ok: bool
    says: str


def all_checks() -> list[Check]:
    """Every check; what needs a home is left out where there is none."""
    found = [_python(), *_packages(), _gpu(), _wordnet()]
    try:
        home = Home.find()
    except WnkdError as error:
        return [*found, Check("home", False, str(error))]
    found += [Check("home", True, f"{home.root} can be written and is on a local disk")]
    found += [_disk(home), _database(home)]
    if found[-1].ok:
        found += _datasets(home)
    return found


def _python() -> Check:
    ok = sys.version_info >= OLDEST_PYTHON
    text = f"{sys.version.split()[0]} at {sys.executable}"
    return Check("python", ok, text if ok else f"{text}: install Python 3.11 or newer")


def _packages() -> Iterator[Check]:
    for name in PACKAGES:
        try:
            yield Check(name, True, version(name))
        except PackageNotFoundError:
            yield Check(name, False, f"is not installed: pip install {name}")


def _gpu() -> Check:
    """No GPU is no fault: small recipes run on the CPU."""
    names = [f"GPU {gpu.number} ({gpu.uuid})" for gpu in find_gpus()]
    return Check("gpu", True, ", ".join(names) or "none: jobs run on the CPU")


def _wordnet() -> Check:
    archive = resources.files("engine.wordnet").joinpath("wordnet-nouns.tar.xz")
    if archive.is_file():
        return Check("wordnet", True, "WordNet 3.0 nouns come with the package")
    return Check("wordnet", False, "package data is missing: install wnkd-tui again")


def _disk(home: Home) -> Check:
    free = shutil.disk_usage(home.root).free
    text = f"{free / 2**30:.1f} GiB free at {home.root}"
    if free >= ENOUGH_DISK:
        return Check("disk", True, text)
    return Check("disk", False, f"{text}: make room or set WNKD_HOME to a larger disk")


def _database(home: Home) -> Check:
    try:
        conn = connect(home)
        found = conn.execute("PRAGMA quick_check").fetchone()[0]
        jobs = sum(queries.counts(conn).values())
    except (WnkdError, sqlite3.Error) as error:
        return Check("database", False, f"{error}")
    if found != "ok":
        return Check(
            "database", False, f"{home.db}: {found}: move it away or put a copy of it back"
        )
    return Check("database", True, f"{home.db}: sound, {jobs} jobs")


def _datasets(home: Home) -> Iterator[Check]:
    for row in queries.datasets(connect(home)):
        size = f"{sum(row.train_per_class)} train, {sum(row.val_per_class)} val"
        if row.path is None:
            yield Check("dataset", True, f"{row.name}: built in, {size}")
        elif not row.path.is_dir():
            yield Check(
                "dataset",
                False,
                f"{row.name}: {row.path} is gone: bring it back, or say where it is now with"
                f" wnkd dataset add {row.name} PATH",
            )
        else:
            yield Check("dataset", True, f"{row.name}: {row.path}, {size}")
