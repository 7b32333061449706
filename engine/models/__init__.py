"""The networks: image classifiers (`resnet`) and the multimodal teacher (`t_x`)."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

# A BatchNorm's count of batches: nothing here reads it, and files of PyTorch 0.4.0 lack it.
UNREAD = "num_batches_tracked"


@contextmanager
def seeded_init(seed: int) -> Iterator[None]:
    """Build modules inside this block and their weights are a pure function of `seed`.

    The CPU generator is forked and given back; the accelerators' are never touched, which is why
    this seeds `default_generator` and not `torch.manual_seed`. Weights are drawn on the CPU even
    under a default device, so that every machine starts from the same ones.
    """
    with torch.random.fork_rng(devices=[]), torch.device("cpu"):
        torch.default_generator.manual_seed(seed)
        yield
