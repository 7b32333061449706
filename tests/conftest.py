"""The order of the suite: files that take longest begin first, so that no worker ends late."""

import pytest

LONG = ("test_torture", "test_kills", "test_app_snapshots", "test_running", "test_pipeline")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LONG.index(item.path.stem) if item.path.stem in LONG else len(LONG))
