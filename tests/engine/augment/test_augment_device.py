"""A GPU's way of augmenting: fixed shapes, no look at a value, and what the CPU gives."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from engine.augment import Augment
from engine.augment.choice import auto_slots, rand_slots
from engine.augment.ops import GEOMETRIC, Op
from engine.augment.pointwise import apply_slot
from engine.augment.policy import Rand

Pictures = Callable[..., Tensor]


@pytest.mark.parametrize("colours", [1, 3])
def test_the_way_of_gpus_gives_the_same(
    colours: int, pictures: Pictures, drawn: Callable[[int], Tensor]
) -> None:
    images, u = pictures(300, colours).float(), drawn(300)[:, :10]
    seen = torch.rand(300, 1, 32, 32, generator=torch.Generator().manual_seed(0)) < 0.9
    slots = [*auto_slots(u[:, :5], "cifar10"), *rand_slots(u, Rand(2, 7, 1))]
    for slot in slots:
        assert slot.kinds > GEOMETRIC or Op.SHARPNESS in slot.kinds
        for mask in (None, seen):
            every = apply_slot(images, mask, slot, compact=False)
            assert torch.equal(apply_slot(images, mask, slot, compact=True), every)


class NothingFromTheHost(TorchDispatchMode):
    """Refuses operations on what lies on the CPU, but for single numbers."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        for value in tree_leaves((args, kwargs)):
            assert not isinstance(value, Tensor) or value.is_meta or value.ndim == 0, func
        return func(*args, **(kwargs or {}))


def test_on_a_gpu_no_shape_and_no_step_waits_for_a_value(policy: dict[str, Any]) -> None:
    """On the meta device, which has no values: whatever looks at one raises."""
    images = torch.empty(6, 3, 40, 40, dtype=torch.uint8, device="meta")
    ids = torch.empty(6, dtype=torch.int64, device="meta")
    augment = Augment(policy, size=32)
    augment(images, ids, seed=0, epoch=0)  # the tables are made on the device once
    with NothingFromTheHost():
        result = augment(images, ids, seed=0, epoch=1)
    assert result.shape == (6, 3, 32, 32)
    assert result.is_meta


def test_the_way_of_cpus_does_look_at_values() -> None:
    """So the test above can fail."""
    slot = auto_slots(torch.empty(6, 5, dtype=torch.float64, device="meta"), "cifar10")[0]
    with pytest.raises((NotImplementedError, RuntimeError)):
        apply_slot(torch.empty(6, 3, 8, 8, device="meta"), None, slot, compact=True)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_captures(policy: dict[str, Any], pictures: Pictures) -> None:
    images, ids = pictures(64).cuda(), torch.arange(64).cuda()
    augment = Augment(policy, size=32)
    expected = augment(images, ids, seed=0, epoch=1)
    still_images, still_ids = torch.zeros_like(images), torch.zeros_like(ids)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = augment(still_images, still_ids, seed=0, epoch=1)
    still_images.copy_(images)
    still_ids.copy_(ids)
    graph.replay()
    assert torch.equal(result, expected)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_agrees(policy: dict[str, Any], pictures: Pictures) -> None:
    images, ids = pictures(64), torch.arange(64)
    augment = Augment(policy, size=32)
    there = images.cuda(), ids.cuda()
    augment(*there, seed=0, epoch=1)  # the tables are copied to the device once
    torch.cuda.set_sync_debug_mode("error")
    try:
        ours = augment(*there, seed=0, epoch=0)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    expected = augment(images, ids, seed=0, epoch=0)
    # A level rounded the other way can move a table's step, seldom.
    assert ((ours.cpu() - expected).abs() > 1.5 / 255).double().mean() < 0.01
