"""How the suite is run: on two cores, by three workers of pytest-xdist."""

import gc
import os
from zlib import crc32

import pytest

# The workers share the cores: a second thread of torch or NumPy would only wait for its turn.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Begun first, so that no worker ends late.
LONG = (
    "test_torture",
    "test_app_snapshots",
    "test_pipeline",
    "test_app_dialogs",
    "test_job",
    "test_ranks",
    "test_together",
    "test_kills",
)


def pytest_configure() -> None:
    gc.disable()  # of what is imported nothing is garbage


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: turn(item.nodeid.partition("::")[0]))


def turn(file: str) -> tuple[int, int]:
    """The longest files first; the others mixed, so that those that compute (the engine's) run
    beside those that mostly wait (the app's)."""
    name = file.rpartition("/")[2].removesuffix(".py")
    return LONG.index(name) if name in LONG else len(LONG), crc32(file.encode())


def pytest_collection_finish() -> None:
    gc.freeze()  # it stays to the end: nobody has to look through it
    gc.enable()
