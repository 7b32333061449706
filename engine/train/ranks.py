"""The ranks of one job: processes that share out the rows of every batch, as if they were one.

Each has the whole network, learns from its own rows and adds up its gradients with the others'. A
process alone, which is the rule, is told of nobody here: what it computes and how stays as it is.

Why not torch's DistributedDataParallel: it sums gradients bucket by bucket, and its buckets in the
first step of a run are others than later on. Among three ranks or more a sum's bits depend on its
bucket, so that a job that was killed and resumed would end with other bits. Here the gradients are
one vector in the order of the parameters, in every step.
"""

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.distributed_c10d import Store

from engine.errors import RankLostError, SpecError
from engine.train.batch import Batch

# Longer than ranks ever wait for each other: they do the same, but for what the first one writes.
PATIENCE = timedelta(minutes=20)

Rows = TypeVar("Rows", Tensor, tuple[Tensor, ...], list[slice])
T = TypeVar("T")


def meeting(path: Path, rank: int, size: int) -> Store:
    """Where ranks find each other: at the address that is given, or in a new file of this host."""
    if os.environ.get("MASTER_ADDR"):
        store: Store = next(dist.rendezvous("env://", rank, size))[0]  # type: ignore[attr-defined]
        return store
    return dist.FileStore(str(path), size)  # type: ignore[attr-defined]


@contextmanager
def joined(store: Store, rank: int, size: int, device: str) -> Iterator[None]:
    """Inside, this process is `rank` of `size`, which meet at `store` to compute on `device`.

    Whatever they do together raises RankLostError where one of them does not come, or no more.
    """
    os.environ.setdefault("NCCL_NVLS_ENABLE", "0")  # sums in NVLink's switch have no fixed order
    backend = "cpu:gloo,cuda:nccl" if device == "cuda" else "gloo"
    with _all_of_them():
        store.set_timeout(PATIENCE)
        dist.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=PATIENCE)
    yield
    dist.destroy_process_group()  # behind an exception it could wait for one that is lost


def size() -> int:
    """How many ranks the job has."""
    return dist.get_world_size() if dist.is_initialized() else 1


def first() -> bool:
    """Whether this is the one that writes: events, checkpoints, the artifact."""
    return not dist.is_initialized() or dist.get_rank() == 0


def mine(rows: Rows) -> Rows:
    """This rank's part of some rows, or of a list of parts: they are dealt out by turns."""
    return rows[dist.get_rank() :: size()] if size() > 1 else rows


def shares(batches: Sequence[Batch]) -> Sequence[Batch]:
    """This rank's rows of each of an epoch's batches.

    Raises SpecError where a batch has fewer rows than there are ranks.
    """
    if size() == 1:
        return batches
    rows = len(batches[0].index)
    if rows < size():
        raise SpecError(f"a batch of {rows} samples cannot be shared out among {size()} processes")
    parts = [mine(batch.index) for batch in batches]
    return [
        replace(batch, index=part, following=following, share=len(part) / rows)
        for batch, part, following in zip(batches, parts, (*parts[1:], None), strict=True)
    ]


def weighed(values: dict[str, Tensor], share: float) -> dict[str, Tensor]:
    """Means over this rank's rows as its part of the means over the whole batch: their sum over
    all ranks. `share` is that of its rows."""
    if size() == 1:
        return values
    return {name: value * share for name, value in values.items()}


def total(value: Tensor) -> Tensor:
    """The sum over all ranks."""
    if size() == 1:
        return value
    value = value.clone()
    with _all_of_them():
        dist.all_reduce(value)
    return value


def totals(values: dict[str, Tensor]) -> dict[str, Tensor]:
    """The sums over all ranks of scalars by name."""
    if size() == 1:
        return values
    sums = total(torch.stack([values[name].double() for name in values]))
    return dict(zip(values, sums.unbind(), strict=True))


def mean(values: Tensor, rows: int) -> Tensor:
    """The means over the rows of all ranks, of those over this one's `rows`."""
    if size() == 1:
        return values
    sums = total(torch.cat([values * rows, values.new_full((1,), rows)]))
    return sums[:-1] / sums[-1]


def gathered(row: Tensor) -> Tensor:
    """[R, …]: the same of each rank, in their order."""
    rows = [torch.empty_like(row) for _ in range(size())]
    with _all_of_them():
        dist.all_gather(rows, row)
    return torch.stack(rows)


def sum_gradients(optimiser: torch.optim.Optimizer) -> None:
    """Gives each parameter the sum of its gradients over all ranks; all have one."""
    if size() == 1:
        return
    gradients = [one.grad for group in optimiser.param_groups for one in group["params"]]
    flat = total(torch.cat([gradient.reshape(-1) for gradient in gradients]))
    parts = flat.split([gradient.numel() for gradient in gradients])
    for gradient, part in zip(gradients, parts, strict=True):
        gradient.copy_(part.view(gradient.shape))


def agreed(value: T) -> T:
    """What the first rank has: numbers, texts, lists, and tensors of the CPU."""
    if size() == 1:
        return value
    content = io.BytesIO()
    if first():
        torch.save(value, content)
    length = torch.tensor([len(content.getbuffer())])
    with _all_of_them():
        dist.broadcast(length, 0)
        told = torch.frombuffer(
            bytearray(content.getbuffer()) if first() else bytearray(int(length)), dtype=torch.uint8
        )
        dist.broadcast(told, 0)
    found: T = torch.load(io.BytesIO(told.numpy().data), map_location="cpu", weights_only=True)
    return found


@contextmanager
def _all_of_them() -> Iterator[None]:
    """Around what all ranks do together."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        reason = str(error).strip().partition("\n")[0]
        raise RankLostError(f"another process of this job is lost: {reason}") from error
