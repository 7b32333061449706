"""Batches that are made ready ahead: the same pixels, read once, and nothing left behind."""

from pathlib import Path
from queue import Queue

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from engine.data.files import FileImages
from engine.errors import DataError
from engine.streamed import Streamed, in_parts
from engine.train.batch import epoch_batches

CPU = torch.device("cpu")
COUNT = 10


class Counted:
    """Images [COUNT, 1, 2, 2] whose levels are their places; remembers what was read."""

    def __init__(self) -> None:
        self.shape = (COUNT, 1, 2, 2)
        self.read: list[list[int]] = []
        self.told: Queue[list[int]] = Queue()

    def __len__(self) -> int:
        return COUNT

    def __getitem__(self, index: np.ndarray) -> np.ndarray:
        self.read.append(index.tolist())
        self.told.put(index.tolist())
        return np.broadcast_to(index.astype(np.uint8)[:, None, None, None], (len(index), 1, 2, 2))


def places(batch: Tensor) -> list[int]:
    return batch[:, 0, 0, 0].tolist()


def test_what_follows_is_read_before_it_is_asked_for_and_once() -> None:
    images = Counted()
    stream = Streamed(images, CPU)
    one, two = torch.tensor([3, 1]), torch.tensor([7, 7, 0])
    for _ in range(2):
        assert places(stream.fetch(one, two)) == [3, 1]
        # Nobody has asked for the second: it is read all the same.
        assert [images.told.get(timeout=60) for _ in range(2)] == [[3, 1], [7, 7, 0]]
        assert places(stream.fetch(two.clone())) == [7, 7, 0]  # an equal one serves
    assert len(images.read) == 4
    assert stream.fetch(one).dtype == torch.uint8


def test_never_more_than_one_batch_ahead() -> None:
    images = Counted()
    stream = Streamed(images, CPU)
    for start in range(3):
        stream.fetch(torch.tensor([start]), torch.tensor([start + 1]))
        assert len(images.read) <= start + 2


def test_something_else_than_what_was_to_follow() -> None:
    images = Counted()
    stream = Streamed(images, CPU)
    stream.fetch(torch.tensor([1]), torch.tensor([2]))
    assert places(stream.fetch(torch.tensor([5]), torch.tensor([6]))) == [5]
    assert places(stream.fetch(slice(2, 4))) == [2, 3]
    assert places(stream.fetch(torch.tensor([6]))) == [6]


def test_all_images_in_order() -> None:
    images = Counted()
    parts = [places(batch) for batch in Streamed(images, CPU).batches(in_parts(COUNT, 4))]
    assert parts == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]] == images.read


@pytest.fixture
def files(tmp_path: Path) -> FileImages:
    draw = np.random.default_rng(0)
    for i in range(COUNT):
        pixels = draw.integers(0, 256, (9, 9, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")
    return FileImages(tmp_path, [f"{i}.png" for i in range(COUNT)], 7, dataset="noise")


def test_files_give_the_same_bits_ahead_or_not(files: FileImages) -> None:
    whole = torch.from_numpy(files[:])
    ahead, alone = Streamed(files, CPU), Streamed(files, CPU)
    for epoch in range(2):
        for batch in epoch_batches(COUNT, 3, seed=1, epoch=epoch, device=CPU):
            found = ahead.fetch(batch.index, batch.following)
            assert torch.equal(found, whole[batch.index])
            assert torch.equal(found, alone.fetch(batch.index))


def test_a_file_that_cannot_be_read_is_told_as_ever(files: FileImages) -> None:
    (files.root / "4.png").unlink()
    with pytest.raises(DataError) as direct:
        files[np.array([4])]
    stream = Streamed(files, CPU)
    bad = torch.tensor([3, 4])
    stream.fetch(torch.tensor([0]), bad)  # which is well
    with pytest.raises(DataError) as ahead:
        stream.fetch(bad)
    assert str(ahead.value) == str(direct.value)
    assert "4.png: missing" in str(ahead.value)
    assert len(stream.fetch(torch.tensor([1]))) == 1  # goes on


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_is_not_waited_for(files: FileImages) -> None:
    device = torch.device("cuda")
    stream, whole = Streamed(files, device), torch.from_numpy(files[:])
    batches = epoch_batches(COUNT, 3, seed=1, epoch=0, device=device)
    stream.fetch(batches[0].index, batches[0].following)
    torch.cuda.set_sync_debug_mode("error")
    try:
        found = [stream.fetch(batch.index, batch.following) for batch in batches[1:]]
    finally:
        torch.cuda.set_sync_debug_mode("default")
    for batch, images in zip(batches[1:], found, strict=True):
        assert torch.equal(images.cpu(), whole[batch.index.cpu()])
