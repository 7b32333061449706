"""What an encoder is: a text tower and an image tower into one embedding space."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from torch import Tensor

Report = Callable[[int, int], None]
"""Called with (done, total) as the work goes on."""


class Pixels(Protocol):
    """Images uint8 [N, ch, H, W], ch 1 or 3: a NumPy array, or files that are decoded when asked.

    Indexed by a slice or an int64 array [B], it gives a uint8 array [B, ch, H, W]; the whole need
    not fit the memory.
    """

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, which: Any, /) -> Any: ...


class ClassTexts(NamedTuple):
    """Class names as text: `embeddings` float32 [C, D], rows of length 1, and what was read how.

    `synsets`: each class's place in the WordNet graph, where the encoder reads names there; None
    for a class that WordNet does not know.
    """

    embeddings: Tensor
    notes: list[str]
    synsets: Sequence[int | None] = ()


class ImageTower(Protocol):
    """An image tower, ready for one training split. All embeddings are float32 on the CPU, with
    rows of length 1."""

    def training(self, report: Report) -> Tensor:
        """The training images as they are: [N, D]. What was fitted to an image's label does not
        embed that image: such a tower leaves it out."""
        ...

    def unseen(self, images: Pixels, report: Report) -> Tensor:
        """Other images [M, ch, H, W]: [M, D]."""
        ...

    def views(self, index: Tensor, pixels: Tensor) -> Tensor:
        """Augmented training images, float [B, ch, h, w] in 0 to 1, of the training samples `index`
        int64 [B]: [B, D]. Each by a tower that was not fitted to its sample, as in `training`."""
        ...

    def unseen_views(self, pixels: Tensor) -> Tensor:
        """Other images, float [B, ch, h, w] in 0 to 1, prepared as `views` are: [B, D]."""
        ...


class Encoder(Protocol):
    """A text tower and an image tower into one space of `dim` (D) dimensions.

    All embeddings are float32 on the CPU, with rows of length 1.
    """

    name: str
    dim: int
    stand_in: bool

    def notes(self, names: Sequence[str]) -> list[str]:
        """What a person should be told of how these names are read, a line for each such name."""
        ...

    def embed_nouns(self, names: Sequence[str], report: Report) -> Tensor:
        """Nouns in the prompt templates (Algorithm 1, step 1): [n, D]."""
        ...

    def embed_classes(
        self, names: Sequence[str], prompts: Mapping[str, Sequence[str]]
    ) -> ClassTexts:
        """The exact class names (the gt text), each in its own `prompts` where it has some, else in
        the prompt templates. "{}" in a prompt stands for the name."""
        ...

    def fit(self, train: Pixels, labels: Tensor, class_texts: Tensor, report: Report) -> ImageTower:
        """The image tower for a training split with `labels` int64 [N] and `class_texts` [C, D].

        A pretrained tower is not fitted and ignores both.
        """
        ...
