"""Draws depend on their coordinates alone, and look random."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.counter import Stream, permutation, randint, uniform

WORD = (1 << 64) - 1
int64s = st.integers(-(2**63), 2**63 - 1)
seeds = st.integers(0, 2**32 - 1)
id_lists = st.lists(int64s, min_size=1, max_size=40)
laws = settings(max_examples=50, deadline=None)

PINNED = [
    [12788665, 16329491],
    [1969778, 10922514],
    [6516650, 8109746],
    [15150514, 14811093],
]
PINNED_ORDER = [1, 5, 7, 9, 3, 8, 6, 0, 2, 4]


def by_hand(seed: int, epoch: int, sample: int, draw: int, stream: int) -> int:
    """The 64 bits of one draw, in big integers and without the module's help."""

    def mix(z: int) -> int:
        z = z & WORD
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & WORD
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & WORD
        return z ^ (z >> 31)

    golden = 0x9E3779B97F4A7C15
    key = mix((mix((mix(seed + golden) ^ epoch) + golden) ^ stream) + golden)
    return mix(mix(sample * golden + key) + (draw + 1) * golden)


@laws
@given(seeds, st.integers(0, 1000), id_lists, st.sampled_from(Stream))
def test_bits_are_those_of_big_integer_arithmetic(
    seed: int, epoch: int, ids: list[int], stream: Stream
) -> None:
    words = [[by_hand(seed, epoch, i, j, stream) for j in range(3)] for i in ids]
    where = seed, epoch, torch.tensor(ids), 3, stream
    assert uniform(*where).tolist() == [[(w >> 40) / 2**24 for w in row] for row in words]
    assert randint(*where, high=10**6).tolist() == [
        [((w >> 32) * 10**6) >> 32 for w in row] for row in words
    ]


def test_pinned() -> None:
    """A change here changes every stored result: it needs new stage versions."""
    drawn = uniform(7, 3, torch.tensor([0, 1, 2**62, -1]), 2, Stream.AUGMENT) * 2**24
    assert drawn.tolist() == [
        [by_hand(7, 3, i, j, 1) >> 40 for j in range(2)] for i in (0, 1, 2**62, -1)
    ]
    assert drawn.tolist() == PINNED
    assert permutation(7, 3, 10, Stream.ORDER).tolist() == PINNED_ORDER


@laws
@given(seeds, id_lists)
def test_independent_of_order_and_batch(seed: int, ids: list[int]) -> None:
    whole = uniform(seed, 1, torch.tensor(ids), 5, Stream.AUGMENT)
    order = torch.randperm(len(ids), generator=torch.Generator().manual_seed(len(ids)))
    assert torch.equal(uniform(seed, 1, torch.tensor(ids)[order], 5, 1), whole[order])
    parts = torch.tensor(ids).split(3)
    assert torch.equal(torch.cat([uniform(seed, 1, part, 5, 1) for part in parts]), whole)
    assert torch.equal(uniform(seed, 1, torch.tensor(ids), 2, 1), whole[:, :2])


@laws
@given(seeds, seeds, st.integers(0, 10**6), st.integers(0, 10**6))
def test_another_coordinate_gives_unrelated_numbers(a: int, b: int, e: int, f: int) -> None:
    ids = torch.arange(2000)
    base = uniform(a, e, ids, 1, Stream.ORDER)[:, 0]
    others = [
        uniform(a, e, ids, 1, Stream.INIT),
        uniform(a, e, ids + 1, 1, Stream.ORDER),
        uniform(a, e, ids, 2, Stream.ORDER)[:, 1:],
    ]
    if a != b:
        others.append(uniform(b, e, ids, 1, Stream.ORDER))
    if e != f:
        others.append(uniform(a, f, ids, 1, Stream.ORDER))
    for other in others:  # 6 standard errors of a correlation of 2,000 pairs
        assert torch.corrcoef(torch.stack([base, other[:, 0]]))[0, 1].abs() < 6 / 2000**0.5


@laws
@given(int64s, st.integers(0, 1000), st.sampled_from(Stream), int64s)
def test_uniform_moments_and_chi_square(seed: int, epoch: int, stream: int, start: int) -> None:
    drawn = uniform(seed, epoch, torch.arange(4096) + start, 4, stream).flatten().double()
    assert drawn.min() >= 0
    assert drawn.max() < 1
    n = drawn.numel()
    assert abs(drawn.mean() - 1 / 2) < 6 * (1 / 12 / n) ** 0.5
    assert abs(drawn.var() - 1 / 12) < 6 * (1 / 180 / n) ** 0.5
    counts = torch.histc(drawn, bins=64, min=0, max=1)
    chi_square = ((counts - n / 64) ** 2 / (n / 64)).sum()
    assert chi_square < 160  # 63 degrees of freedom: exceeded once in 10**10


@laws
@given(seeds, st.integers(0, 200), st.integers(0, 300), st.sampled_from(Stream))
def test_permutation_is_one(seed: int, epoch: int, n: int, stream: Stream) -> None:
    order = permutation(seed, epoch, n, stream)
    assert sorted(order.tolist()) == list(range(n))
    assert torch.equal(order, permutation(seed, epoch, n, stream))
    if n > 20:
        assert not torch.equal(order, permutation(seed, epoch + 1, n, stream))
        assert not torch.equal(order, permutation(seed + 1, epoch, n, stream))


def test_permutation_places_every_index_everywhere() -> None:
    orders = torch.stack([permutation(0, epoch, 5, Stream.ORDER) for epoch in range(3000)])
    counts = torch.stack([(orders == index).sum(0) for index in range(5)]).double()
    assert ((counts - 600) ** 2 / 600).sum() < 60


@laws
@given(seeds, st.integers(1, 2**31))
def test_randint_stays_in_range(seed: int, high: int) -> None:
    drawn = randint(seed, 0, torch.arange(100), 3, Stream.TEXT_NOISE, high=high)
    assert drawn.dtype == torch.int64
    assert drawn.min() >= 0
    assert drawn.max() < high


def test_streams_keep_their_numbers() -> None:
    assert [(s.name, s.value) for s in Stream] == [
        ("ORDER", 0),
        ("AUGMENT", 1),
        ("TEXT_ASSIGN", 2),
        ("TEXT_NOISE", 3),
        ("SUBSET", 4),
        ("DROPOUT", 5),
        ("INIT", 6),
    ]


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="int64 with one dimension"):
        uniform(0, 0, torch.arange(3.0), 1, Stream.ORDER)
    with pytest.raises(ValueError, match="int64 with one dimension"):
        uniform(0, 0, torch.zeros(2, 2, dtype=torch.int64), 1, Stream.ORDER)
    with pytest.raises(ValueError, match="high must be"):
        randint(0, 0, torch.arange(3), 1, Stream.ORDER, high=0)
    with pytest.raises(ValueError, match="n must not be negative"):
        permutation(0, 0, -1, Stream.ORDER)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_same_bits_on_cuda() -> None:
    ids = torch.arange(-5000, 5000) * 2**40
    assert torch.equal(uniform(1, 2, ids, 8, 1), uniform(1, 2, ids.cuda(), 8, 1).cpu())
    assert torch.equal(permutation(1, 2, 999, 0), permutation(1, 2, 999, 0, "cuda").cpu())
