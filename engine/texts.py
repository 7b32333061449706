"""Each sample's text: its class name (gt), WordNet-relaxed (wn) or a random class's (noise)."""

from dataclasses import dataclass
from enum import IntEnum

import torch
from torch import Tensor

from engine.counter import Stream, randint, uniform
from engine.relax import retrieve


class Text(IntEnum):
    """What a sample's text is; the numbers are the values of `assign`."""

    GT = 0
    WN = 1
    NOISE = 2


def assign(ids: Tensor, *, wn: int, noise: int, seed: int, split: int) -> Tensor:
    """Which text each sample takes: int64 [N] of `Text`, from ids int64 [N].

    A fixed draw by (seed, split, id): exactly round(N·p/100) samples leave gt, and those that do at
    20 % are among those that do at 50 %, so that proportions are compared on nested sets.
    """
    count = round(len(ids) * (wn + noise) / 100)
    kinds = torch.full_like(ids, Text.GT)
    order = uniform(seed, split, ids, 1, Stream.TEXT_ASSIGN)[:, 0].argsort(stable=True)
    kinds[order[:count]] = Text.WN if wn else Text.NOISE
    return kinds


def noise_labels(ids: Tensor, *, classes: int, seed: int, split: int) -> Tensor:
    """A random class for each sample, int64 [N], uniform over all classes.

    The true class is among them: leaving it out would make the noise tell what a sample is not.
    """
    return randint(seed, split, ids, 1, Stream.TEXT_NOISE, high=classes)[:, 0]


@dataclass(frozen=True)
class SampleTexts:
    """A split's texts as embeddings. B samples of N, D dimensions.

    `kinds` int64 [N] of `Text`; `names` [N, D], the class-name embedding of a gt or noise sample;
    `images` [N, D], from which wn text is retrieved.
    """

    kinds: Tensor
    names: Tensor
    images: Tensor
    temperature: float | None

    def embed(self, index: Tensor, bank: Tensor | None) -> Tensor:
        """Text embeddings [B, D] of the samples `index`; gradients flow into `bank` [K, D]."""
        names = self.names[index]
        if bank is None or self.temperature is None:
            return names
        relaxed = retrieve(self.images[index], bank, self.temperature)
        return torch.where((self.kinds[index] == Text.WN)[:, None], relaxed, names)

    def relaxed(self, index: Tensor) -> Tensor:
        """Which of the samples `index` take wn text; bool [B]."""
        return self.kinds[index] == Text.WN


def sample_texts(
    images: Tensor,
    labels: Tensor,
    ids: Tensor,
    class_texts: Tensor,
    *,
    wn: int,
    noise: int,
    seed: int,
    split: int,
    temperature: float | None,
) -> SampleTexts:
    """The texts of one split from its image embeddings [N, D], labels [N] and ids [N].

    `class_texts` [C, D] holds the class names' embeddings. wn and noise are percentages.
    """
    kinds = assign(ids, wn=wn, noise=noise, seed=seed, split=split)
    drawn = noise_labels(ids, classes=len(class_texts), seed=seed, split=split)
    named = torch.where(kinds == Text.NOISE, drawn, labels)
    return SampleTexts(kinds, class_texts[named], images, temperature)
