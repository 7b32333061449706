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

    It is the training split's text under `mix: per_sample`, and validation's under either mix: a
    validation split comes unshuffled, in many sets sorted by class, so that its first batches
    would give gt text to its first classes alone.
    """
    count = round(len(ids) * (wn + noise) / 100)
    kinds = torch.full_like(ids, Text.GT)
    order = uniform(seed, split, ids, 1, Stream.TEXT_ASSIGN)[:, 0].argsort(stable=True)
    kinds[order[:count]] = Text.WN if wn else Text.NOISE
    return kinds


def kind_of_batch(step: int, steps: int, *, wn: int, noise: int) -> Text:
    """The text of a whole training batch under `mix: first_batches` (the authors' code): of an
    epoch's `steps` batches the first round(steps · gt/100) take gt, the others wn or noise."""
    if step < round(steps * (100 - wn - noise) / 100):
        return Text.GT
    return Text.WN if wn else Text.NOISE


def noise_labels(ids: Tensor, *, classes: int, seed: int, split: int) -> Tensor:
    """A random class for each sample, int64 [N], uniform over all classes.

    The true class is among them: leaving it out would make the noise tell what a sample is not.
    """
    return randint(seed, split, ids, 1, Stream.TEXT_NOISE, high=classes)[:, 0]


@dataclass(frozen=True)
class SampleTexts:
    """A split's texts. N samples, B of them in a batch, C classes, D dimensions.

    `kinds` int64 [N] of `Text`, each sample's text by the fixed draw; `labels` int64 [N]; `drawn`
    int64 [N], the class whose name is a sample's noise; `class_texts` [C, D], the classes' names.
    """

    kinds: Tensor
    labels: Tensor
    drawn: Tensor
    class_texts: Tensor
    temperature: float | None

    def embed(self, index: Tensor, kinds: Tensor, images: Tensor, bank: Tensor | None) -> Tensor:
        """Text embeddings [B, D] of the samples `index`, which take the texts `kinds` int64 [B].

        wn text is retrieved from the samples' `images` [B, D]; gradients flow into `bank` [K, D].
        """
        named = torch.where(kinds == Text.NOISE, self.drawn[index], self.labels[index])
        names = self.class_texts[named]
        if bank is None or self.temperature is None:
            return names
        relaxed = retrieve(images, bank, self.temperature)
        return torch.where((kinds == Text.WN)[:, None], relaxed, names)

    def gt(self, index: Tensor) -> Tensor:
        """The true class names [B, D] of the samples `index`."""
        return self.class_texts[self.labels[index]]


def sample_texts(
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
    """The texts of one split from its labels int64 [N] and ids int64 [N].

    `class_texts` [C, D] holds the class names' embeddings. wn and noise are percentages.
    """
    kinds = assign(ids, wn=wn, noise=noise, seed=seed, split=split)
    drawn = noise_labels(ids, classes=len(class_texts), seed=seed, split=split)
    return SampleTexts(kinds, labels, drawn, class_texts, temperature)
