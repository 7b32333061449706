"""The embed and views stages: what is asked of the encoder, and what is left of its answers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.augment import Augment
from engine.data import digits
from engine.encoders.base import ClassTexts
from engine.job import subseed
from engine.stages import embed, tables, views

DIM, TRAIN, EPOCHS, SEED = 5, 300, 3, 2
POLICY = {"crop": "shift", "pad": 1, "rotation": 15.0, "cutout": 2}
VIEWS_SETTINGS = {
    "dataset": "digits",
    "limit_train": TRAIN,
    "encoder": "any",
    "size": 8,
    "image_size": 8,
    "augment": POLICY,
    "epochs": EPOCHS,
    "seed": SEED,
    "precision": "fp32",
}


def projection(pixels: Tensor) -> Tensor:
    """A made-up tower: five fixed directions."""
    flat = pixels.double().flatten(1)
    directions = torch.randn(
        flat.shape[1], DIM, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    return F.normalize(flat @ directions).float()


class FakeTower:
    def __init__(self, asked: dict[str, Any], train: Any) -> None:
        self.asked, self._train = asked, train

    def training(self, report: Callable[[int, int], None]) -> Tensor:
        return projection(torch.from_numpy(self._train[:]) / 255)

    def unseen(self, images: Any, report: Callable[[int, int], None]) -> Tensor:
        return -projection(torch.from_numpy(images[:]) / 255)

    def views(self, index: Tensor, pixels: Tensor) -> Tensor:
        self.asked.setdefault("views", []).append((index.clone(), pixels.clone()))
        return projection(pixels)

    def unseen_views(self, pixels: Tensor) -> Tensor:
        return 2 * projection(pixels)


class FakeEncoder:
    """Remembers what it is asked."""

    dim = DIM

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}

    def embed_classes(self, names: Any, prompts: Any) -> ClassTexts:
        self.asked["classes"] = (list(names), dict(prompts))
        texts = torch.randn(len(names), DIM, generator=torch.Generator().manual_seed(1))
        return ClassTexts(F.normalize(texts), ["zero: a note"])

    def fit(self, train: Any, labels: Tensor, class_texts: Tensor, report: Any) -> FakeTower:
        self.asked["fit"] = (train.shape, labels.clone(), class_texts.clone())
        return FakeTower(self.asked, train)


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> FakeEncoder:
    fake = FakeEncoder()
    monkeypatch.setattr(embed, "load_encoder", lambda *_, **__: fake)
    return fake


def run_embed(desk: Any) -> tuple[dict[str, Any], Any]:
    settings = {"dataset": "digits", "limit_train": TRAIN, "encoder": "any", "size": 8}
    job = desk.job("embed", settings)
    return embed.run(job), job.out


def test_embed_writes_both_splits_in_their_order(desk: Any, encoder: FakeEncoder) -> None:
    result, out = run_embed(desk)
    data = digits.load().limited(TRAIN)
    found = tables.Embedded.load(out, "cpu")
    assert found.classes == list(data.classes)
    torch.testing.assert_close(
        found.train.images, projection(torch.from_numpy(data.train.images) / 255)
    )
    torch.testing.assert_close(
        found.val.images, -projection(torch.from_numpy(data.val.images) / 255)
    )
    for split, expected in ((found.train, data.train), (found.val, data.val)):
        np.testing.assert_array_equal(split.labels, expected.labels)
        np.testing.assert_array_equal(split.ids, expected.ids)
    nearest = (found.val.images @ found.class_texts.T).argmax(1)
    hits = 100 * (nearest == found.val.labels).double().mean()
    assert result["val_nearest_top1"] == pytest.approx(float(hits))
    assert (result["train_n"], result["val_n"]) == (TRAIN, len(data.val))
    assert desk.said("embed") == ["zero: a note"]


def test_prompts_of_the_dataset_reach_the_encoder(
    desk: Any, encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    prompts = {"zero": ("a photo of a round {}",)}
    data = replace(digits.load().limited(TRAIN), prompts=prompts)
    monkeypatch.setattr(tables, "dataset", lambda job, size: data)
    run_embed(desk)
    assert encoder.asked["classes"] == (list(digits.CLASSES), prompts)


def views_job(desk: Any, encoder: FakeEncoder) -> Any:
    _, out = run_embed(desk)
    artifact = desk.artifact("embed")
    for path in out.iterdir():
        (artifact / path.name).write_bytes(path.read_bytes())
    encoder.asked.clear()
    return desk.job("views", VIEWS_SETTINGS)


def test_views_are_the_student_s_in_levels_from_0_to_1(desk: Any, encoder: FakeEncoder) -> None:
    job = views_job(desk, encoder)
    result = views.run(job)
    data = digits.load().limited(TRAIN)
    shape, labels, class_texts = encoder.asked["fit"]
    assert shape == data.train.images.shape
    np.testing.assert_array_equal(labels, data.train.labels)
    embedded = tables.Embedded.load(job.input("embed"), "cpu")
    assert torch.equal(class_texts, embedded.class_texts)

    augment = Augment(POLICY, size=8)
    images, ids = torch.from_numpy(data.train.images), torch.from_numpy(data.train.ids)
    table = np.load(job.out / "views.npy")
    assert table.dtype == np.float16
    assert table.shape == (EPOCHS, TRAIN, DIM)
    for epoch in range(EPOCHS):
        pixels = augment(images, ids, seed=subseed(SEED, "S_s"), epoch=epoch)
        np.testing.assert_array_equal(table[epoch], projection(pixels).half().numpy())
    asked = encoder.asked["views"]
    every = torch.cat([index for index, _ in asked[: len(asked) // EPOCHS]])
    assert torch.equal(every, torch.arange(TRAIN))
    assert all(float(p.min()) >= 0 and float(p.max()) <= 1 for _, p in asked)
    val = tables.load(job.out / tables.VAL_VIEWS, "cpu")["val"]
    assert torch.equal(val, 2 * projection(torch.from_numpy(data.val.images).float() / 255))
    assert result == {"epochs": EPOCHS, "train_n": TRAIN, "bytes": result["bytes"]}
    assert result["bytes"] == (job.out / "views.npy").stat().st_size


def test_a_killed_views_job_goes_on_to_the_same_bits(desk: Any, encoder: FakeEncoder) -> None:
    job = views_job(desk, encoder)
    views.run(job)
    whole = (job.out / "views.npy").read_bytes()
    tower_views = FakeTower.views
    calls = []

    def stop(self: FakeTower, index: Tensor, pixels: Tensor) -> Tensor:
        calls.append(index)
        if len(calls) == 4:  # the second epoch's second half
            raise KeyboardInterrupt
        return tower_views(self, index, pixels)

    FakeTower.views = stop  # type: ignore[method-assign]
    try:
        with pytest.raises(KeyboardInterrupt):
            views.run(desk.job("views", VIEWS_SETTINGS))
    finally:
        FakeTower.views = tower_views  # type: ignore[method-assign]
    encoder.asked.clear()
    job = desk.job("views", VIEWS_SETTINGS)
    views.run(job)
    assert len(encoder.asked["views"]) == 4  # two epochs, not three
    assert (job.out / "views.npy").read_bytes() == whole


def test_t_x_that_sees_views_is_validated_on_images_prepared_as_they_are(desk: Any) -> None:
    desk.embedded()
    clean = tables.Embedded.of(desk.job("T_x", {})).val
    desk.views(np.zeros((1, 40, 8), np.float16), val=torch.ones(15, 8))
    seen = tables.Embedded.of(desk.job("T_x", {})).val
    assert torch.equal(seen.images, torch.ones(15, 8))
    assert torch.equal(seen.labels, clean.labels)
