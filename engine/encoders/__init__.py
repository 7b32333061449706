"""Encoders: what turns nouns, class names and images into one embedding space.

Importing this package imports neither torch nor NLTK; `load_encoder` does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from engine.encoders.names import STAND_IN

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from engine.wordnet.graph import WordNetGraph

Report = Callable[[int, int], None]
"""Called with (done, total) as the work goes on."""


class ClassTexts(NamedTuple):
    """Class names as text: `embeddings` float32 [C, D], rows of length 1, and what was read how.

    `synsets`: each class's place in the WordNet graph, where the encoder reads names there.
    """

    embeddings: Tensor
    notes: list[str]
    synsets: Sequence[int] = ()


class Encoder(Protocol):
    """A text tower and an image tower into one space of `dim` (D) dimensions.

    All embeddings are float32 on the CPU, with rows of length 1.
    """

    name: str
    dim: int
    stand_in: bool

    def embed_nouns(self, names: Sequence[str], report: Report) -> Tensor:
        """Nouns in the prompt templates (Algorithm 1, step 1): [n, D]."""
        ...

    def embed_classes(self, names: Sequence[str]) -> ClassTexts:
        """The exact class names in the prompt templates (the gt text)."""
        ...

    def embed_images(
        self, train: Tensor, labels: Tensor, val: Tensor, class_texts: Tensor, report: Report
    ) -> tuple[Tensor, Tensor]:
        """Images uint8 [N, ch, H, W] and [M, ch, H, W], ch 1 or 3: ([N, D], [M, D]).

        `labels` int64 [N] and `class_texts` [C, D] are for encoders that are fitted on the
        training split; CLIP ignores them.
        """
        ...


def load_encoder(
    name: str, *, graph: WordNetGraph | None, device: str | torch.device = "cpu", batch: int = 256
) -> Encoder:
    """The encoder `name`: "wordnet-graph", or an open_clip model as ARCH/PRETRAINED.

    `graph` is needed by the stand-in alone (ValueError without it), `device` and `batch` (prompts
    or images at a time) by open_clip alone. EncoderError names weights that cannot be had.
    """
    if name == STAND_IN:
        from engine.encoders.wordnet_graph import WordNetEncoder

        if graph is None:
            raise ValueError(f"{name} needs the WordNet graph")
        return WordNetEncoder(graph)
    from engine.encoders.open_clip import OpenClipEncoder

    return OpenClipEncoder(name, device=device, batch=batch)
