"""Whether a network runs compiled, and that what was compiled works.

A compiled network does a layer's small operations in one kernel, and a CUDA graph starts all
kernels of a pass at once, so that small batches do not wait for Python. Both want inputs of fixed
shapes. Parameters and buffers stay the module's own: checkpoints and results know nothing of this.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.train import ranks
from engine.train.image import Precision

# Compiling takes about a minute; a GPU does about so many samples in the time that it then saves.
PAYS_FROM = 500_000
CALLS = 3  # a CUDA graph is warmed up, recorded and replayed
Shape = tuple[int, int, int, int]
Compile = Callable[[nn.Module], Callable[[Tensor], Tensor]]


def _inductor(*, graphs: bool) -> Compile:
    # Kernels are chosen by rule, never by timing them: a resumed job is to choose the same.
    options = {"deterministic": True, "triton.cudagraphs": graphs}
    return partial(torch.compile, fullgraph=True, dynamic=False, options=options)


WAYS: Sequence[tuple[str, Compile]] = [
    ("compiled with CUDA graphs", _inductor(graphs=True)),
    ("compiled", _inductor(graphs=False)),
]


@dataclass(frozen=True)
class Use:
    """How a network is called: under `precision`, with batches [B, channels, side, side] of shape
    `training`, and in eval mode of shape `answering` or of fewer rows; None where it never is."""

    precision: Precision
    training: Shape | None
    answering: Shape | None


class Compiled(nn.Module):
    """`run`, which was compiled of `module`; in eval mode it always sees `rows` rows, padded.

    Answers are copies: a graph's own output is overwritten by its next replay.
    """

    def __init__(self, module: nn.Module, run: Callable[[Tensor], Tensor], rows: int) -> None:
        super().__init__()
        self.module, self._run, self._rows = module, run, rows

    def forward(self, images: Tensor) -> Tensor:
        count = len(images)
        if not self.module.training and count < self._rows:
            images = F.pad(images, (0, 0) * 3 + (0, self._rows - count))
        return self._run(images)[:count].clone()


def compiled(module: nn.Module, use: Use, *, samples: int, log: Callable[[str], None]) -> nn.Module:
    """What to call in the module's stead: itself, or what was compiled of it.

    It is itself on a CPU, where it trains as one of several ranks, where the `samples` that it will
    see in all are few, and where nothing that was compiled works; on a GPU a line in `log` says
    which, and why.
    """
    if next(module.parameters()).device.type != "cuda":
        return module
    if use.training and ranks.size() > 1:
        log("network not compiled: its BatchNorm waits for the other processes of this job")
        return module
    if samples < PAYS_FROM:
        log(f"network not compiled: that pays from {PAYS_FROM:,} samples, there are {samples:,}")
        return module
    return first_that_works(module, use, WAYS, log)


def first_that_works(
    module: nn.Module, use: Use, ways: Sequence[tuple[str, Compile]], log: Callable[[str], None]
) -> nn.Module:
    """The module compiled in the first of `ways` that can be used so, else itself."""
    from torch._dynamo.utils import counters  # a second that a CPU's jobs need not wait

    why = ""
    for name, way in ways:
        skipped = counters["inductor"]["cudagraph_skips"]
        try:
            network = Compiled(module, way(module), use.answering[0] if use.answering else 0)
            _try(network, use)
        except Exception as error:  # noqa: BLE001 - compilers and drivers raise anything
            why += f"; not {name}: {_first_line(error)}"
            torch._dynamo.reset()
            torch.cuda.empty_cache()
            continue
        if skipped := counters["inductor"]["cudagraph_skips"] - skipped:
            why += f"; {skipped} passes have no graph"
        log(f"network {name}{why}")
        return network
    log(f"network not compiled{why}")
    return module


def _try(network: Compiled, use: Use) -> None:
    """Calls the network as it will be called, and leaves no trace in its module."""
    module = network.module
    with _as_it_was(module):
        if use.training:
            module.train()
            images = _blank(use.training, module)
            for _ in range(CALLS):
                with use.precision():
                    logits = network(images)
                logits.float().sum().backward()
                module.zero_grad()
        if use.answering:
            module.eval()
            images = _blank(use.answering, module)
            for _ in range(CALLS):
                with torch.no_grad(), use.precision():
                    network(images)


def _blank(shape: Shape, module: nn.Module) -> Tensor:
    """Black images, laid out as views are."""
    images = torch.zeros(shape, device=next(module.parameters()).device)
    return images.contiguous(memory_format=torch.channels_last)


@contextmanager
def _as_it_was(module: nn.Module) -> Iterator[None]:
    """Behind this block mode and buffers are what they were; no parameter has a gradient."""
    training, buffers = module.training, [(buffer, buffer.clone()) for buffer in module.buffers()]
    try:
        yield
    finally:
        for buffer, before in buffers:
            buffer.copy_(before)
        module.train(training).zero_grad()


def _first_line(error: Exception) -> str:
    said = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}{': ' + said[0] if said else ''}"
