"""Datasets are added, checked again and forgotten, with the same words for the CLI and the app."""

import numpy as np
import pytest
from PIL import Image

from engine.errors import DataError, SpecError
from wnkd_tui.queue import datasets
from wnkd_tui.queue.adding import TrialRequest, queue_trials
from wnkd_tui.store import queries
from wnkd_tui.store.connection import StoreError


@pytest.fixture
def birds(tmp_path):
    folder = tmp_path / "birds"
    draw = np.random.default_rng(0)
    for name, count in (("owl", 5), ("wren", 3)):
        (folder / name).mkdir(parents=True)
        for i in range(count):
            pixels = draw.integers(0, 255, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i}.png")
    return folder


def test_a_name_decides_the_kind(birds):
    assert datasets.source_of("birds", birds).kind == "folder"
    assert datasets.source_of("imagenet-lt", birds, splits=birds).kind == "imagenet-lt"
    with pytest.raises(SpecError, match="is no name"):
        datasets.source_of("my birds", birds)
    with pytest.raises(SpecError, match="--splits is for imagenet-lt"):
        datasets.source_of("birds", birds, splits=birds)
    with pytest.raises(DataError, match="built in"):
        datasets.source_of("digits", birds)


def test_what_was_added_is_checked_and_the_finding_is_kept(home, conn, birds):
    datasets.add(home, datasets.source_of("birds", birds))
    row = queries.dataset(conn, "birds")
    assert row.train_per_class == (4, 2)
    assert datasets.checked(conn) == {}
    assert datasets.check(home, row).wrong is None
    Image.new("RGB", (8, 8)).save(birds / "owl" / "0.png")
    assert datasets.check(home, row).wrong == "its content is not what was added"
    found = datasets.checked(conn)["birds"]
    assert (found.key, found.wrong) == (row.key, "its content is not what was added")
    assert datasets.missing(row) is None
    birds.rename(birds.with_name("away"))
    assert datasets.missing(row) == birds
    assert "no such folder" in str(datasets.check(home, row).wrong)


def test_one_that_trials_are_of_is_not_forgotten(home, conn, birds):
    datasets.add(home, datasets.source_of("birds", birds))
    datasets.check(home, queries.dataset(conn, "birds"))
    queue_trials(home, [TrialRequest([(0, 0)], dataset="birds", recipe="demo")])
    with pytest.raises(StoreError, match="dataset birds has 3 trials: remove them first"):
        datasets.remove(conn, "birds")
    conn.execute("DELETE FROM trial")
    datasets.remove(conn, "birds")
    assert [row.name for row in queries.datasets(conn)] == ["digits"]
    assert datasets.checked(conn) == {}
    assert birds.exists()
    with pytest.raises(StoreError, match="built in"):
        datasets.remove(conn, "digits")
    with pytest.raises(StoreError, match="unknown dataset"):
        datasets.remove(conn, "birds")
