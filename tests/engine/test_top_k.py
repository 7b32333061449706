"""Rows kept as their largest logits: what is exact at τ, how far off the rest is, their file."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import ArtifactError
from engine.kept import row_bytes
from engine.stages.epochs import LOGITS, write_logits
from engine.train.half import halved
from engine.train.teachers import TopKTable, open_table
from engine.train.top_k import condensed, record

K, C, TAU = 4, 30, 3.0
CPU = torch.device("cpu")
KEPT = {"logits": {"top_k": K, "tau": TAU}}


def drawn(seed: int, *shape: int, scale: float = 4.0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) * scale


def read_back(logits: Tensor, k: int, tau: float) -> Tensor:
    """What a student hears of one epoch's logits [N, C]."""
    table = TopKTable(condensed(logits, k, tau)[None], logits.shape[1], CPU)
    return table.answer(0, torch.arange(len(logits)))


def np_softmax(z: NDArray[np.float64]) -> NDArray[np.float64]:
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


seeds, scales, taus = st.integers(0, 2**20), st.floats(0.1, 20), st.floats(0.5, 8)


@given(seeds, scales, taus, st.integers(1, C - 1))
def test_at_tau_the_largest_and_the_mass_of_the_rest_are_exact(
    seed: int, scale: float, tau: float, k: int
) -> None:
    logits = halved(drawn(seed, 3, C, scale=scale))
    z, kept = (x.double().numpy() for x in (logits, read_back(logits, k, tau)))
    p, q = np_softmax(z / tau), np_softmax(kept / tau)
    top = condensed(logits, k, tau)["classes"].astype(int)
    rest = np.array([np.setdiff1d(np.arange(C), row) for row in top])
    for row in range(len(z)):
        np.testing.assert_allclose(q[row, top[row]], p[row, top[row]], rtol=1e-5)
        assert q[row, rest[row]].sum() == pytest.approx(p[row, rest[row]].sum(), rel=1e-5)
        # KL(p ‖ q) is what the rest's own evenness lacks: its mass times (log m - its entropy).
        mass = p[row, rest[row]].sum()
        kl = (p[row] * np.log(p[row] / q[row])).sum()
        inside = p[row, rest[row]] / mass
        lacks = mass * (math.log(C - k) + (inside * np.log(inside)).sum())
        assert kl == pytest.approx(lacks, abs=1e-6)
        assert kl <= mass * math.log(C - k) + 1e-6


@given(seeds, scales)
def test_below_tau_the_largest_are_never_less_likely_than_they_are(seed: int, scale: float) -> None:
    """A power mean grows with its power: at τ = 1 the rest was kept too small."""
    logits = halved(drawn(seed, 3, C, scale=scale))
    p, q = (np_softmax(x.double().numpy()).max(1) for x in (logits, read_back(logits, K, TAU)))
    assert (q >= p * (1 - 1e-5)).all()


def test_all_of_a_row_comes_back_as_it_would_from_a_whole_table() -> None:
    logits = drawn(1, 50, C)
    assert torch.equal(read_back(logits, C, TAU), halved(logits).float())


def test_the_largest_are_those_of_the_whole_table_in_order() -> None:
    logits = drawn(2, 5, C)
    rows = condensed(logits, K, TAU)
    whole = halved(logits).numpy()
    np.testing.assert_array_equal(rows["logits"], -np.sort(-whole, axis=1)[:, :K])
    np.testing.assert_array_equal(
        np.take_along_axis(whole, rows["classes"].astype(int), 1), rows["logits"]
    )


@pytest.mark.parametrize(
    ("classes", "number"), [(1000, "int16"), (2**15, "int16"), (40_000, "int32")]
)
def test_a_record_holds_what_its_classes_need_and_no_byte_more(classes: int, number: str) -> None:
    kind = record(32, classes)
    assert kind["classes"].base == np.dtype(number)
    assert kind.itemsize == row_bytes(classes, 32)


def test_the_last_of_many_classes_is_told_from_the_first() -> None:
    logits = torch.zeros(1, 2**15 + 1)
    logits[0, -1] = 5
    assert read_back(logits, 1, TAU).argmax() == 2**15
    assert read_back(logits[:, :-1].flip(1), 1, TAU).shape == (1, 2**15)


def test_a_file_cut_in_the_middle_goes_on_to_the_same_bytes(desk: Any) -> None:
    epochs, samples = 3, 7
    asked: list[int] = []

    def rows(epoch: int) -> Tensor:
        asked.append(epoch)
        if asked == [0, 1, 2]:
            raise KeyboardInterrupt
        return drawn(epoch, samples, C)

    job = desk.job("logits", KEPT)
    with pytest.raises(KeyboardInterrupt):
        write_logits(job, (epochs, samples, C), rows)
    with (job.directory / LOGITS).open("ab") as file:
        file.write(b"half an epoch")
    figures = write_logits(job, (epochs, samples, C), rows)
    assert asked == [0, 1, 2, 2]
    found = np.load(job.out / LOGITS, mmap_mode="r")
    assert found.shape == (epochs, samples)
    for epoch in range(epochs):
        assert found[epoch].tobytes() == condensed(drawn(epoch, samples, C), K, TAU).tobytes()
    size = (job.out / LOGITS).stat().st_size
    assert figures == {"epochs": epochs, "train_n": samples, "bytes": size}


@pytest.mark.parametrize("settings", [{}, KEPT])
def test_a_file_tells_its_form_and_that_it_was_cut_short(
    desk: Any, settings: dict[str, Any]
) -> None:
    job = desk.job("logits", settings)
    write_logits(job, (2, 5, C), lambda epoch: drawn(epoch, 5, C))
    path: Path = job.out / LOGITS
    table = open_table(path, C, CPU)
    index = torch.tensor([3, 0])
    expected = halved(drawn(1, 5, C)) if not settings else read_back(drawn(1, 5, C), K, TAU)
    assert torch.equal(table.answer(1, index), expected[index])
    for size in (path.stat().st_size - 1, 40, 0):
        with path.open("r+b") as file:
            file.truncate(size)
        with pytest.raises(ArtifactError, match=r"logits\.npy: not readable .*retry") as caught:
            open_table(path, C, CPU)
        assert "\n" not in str(caught.value)
