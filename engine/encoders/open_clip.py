"""Any open_clip model as an encoder: both towers in batches on the device."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.encoders.base import ClassTexts, Pixels, Report
from engine.encoders.checkpoint import load
from engine.encoders.preprocess import prepare, prepare_view
from engine.encoders.prompts import TEMPLATES, prompts
from engine.streamed import Streamed, in_parts

PROMPTS_AT_ONCE = {"cuda": 1024, "cpu": 256}
IMAGES = 4  # an image costs the memory of about as many prompts


class OpenClipEncoder:
    """See `engine.encoders.base.Encoder`; names and errors as in `engine.encoders.checkpoint`.

    The paper's is `ViT-B-32-quickgelu/openai`. On CUDA the towers run under bfloat16 autocast; sums
    and norms are float32. The device computes one batch while the next one is made ready.
    """

    stand_in = False

    def __init__(
        self,
        name: str,
        *,
        device: str | torch.device = "cpu",
        batch: int | None = None,
        files: Path | None = None,
    ) -> None:
        self.name, self.device = name, torch.device(device)
        self.batch = batch or PROMPTS_AT_ONCE.get(self.device.type, PROMPTS_AT_ONCE["cpu"])
        clip = load(name, files, self.device)
        self.model, self.tokenize, self.preprocess = clip.model, clip.tokenize, clip.preprocess
        self.dim = self._encoded(["a"]).shape[1]

    def notes(self, names: Sequence[str]) -> list[str]:
        return []

    def embed_nouns(self, names: Sequence[str], report: Report) -> Tensor:
        """[n, D]: each name's seven prompts, averaged as they come, then normalised (step 10)."""
        return self._texts(names, {}, report)

    def embed_classes(
        self, names: Sequence[str], prompts: Mapping[str, Sequence[str]]
    ) -> ClassTexts:
        return ClassTexts(self._texts(names, prompts, lambda done, total: None), [])

    def fit(
        self, train: Pixels, labels: Tensor, class_texts: Tensor, report: Report
    ) -> "ClipImages":
        return ClipImages(self, train)

    def images(self, images: Pixels, report: Report) -> Tensor:
        """Embeddings [N, D] of images uint8 [N, ch, H, W], as the model's own preprocessing has
        them."""
        at_once = max(1, self.batch // IMAGES)

        def parts() -> Iterator[Tensor]:
            blocks = in_parts(len(images), at_once)
            for block in Streamed(images, self.device).batches(blocks):
                yield self.pixels(prepare(block, self.preprocess))

        return self._gathered(parts(), len(images), report)

    def pixels(self, pixels: Tensor) -> Tensor:
        """Embeddings [B, D] on the device, of pixels as the model wants them [B, 3, h, w]."""
        with self._inference():
            features = self.model.encode_image(pixels)
        return F.normalize(features.float())

    def _texts(
        self, names: Sequence[str], own: Mapping[str, Sequence[str]], report: Report
    ) -> Tensor:
        """[n, D]: the mean over a name's `own` prompts, or the templates, of length 1."""
        most = max([len(TEMPLATES), *(len(own.get(name, ())) for name in names)])
        at_once = max(1, self.batch // most)

        def parts() -> Iterator[Tensor]:
            for start in range(0, len(names), at_once):
                few = names[start : start + at_once]
                texts = [prompts(name, own.get(name) or TEMPLATES) for name in few]
                encoded = self._encoded([text for of_name in texts for text in of_name])
                means = [part.mean(0) for part in encoded.split([len(of) for of in texts])]
                yield F.normalize(torch.stack(means))

        return self._gathered(parts(), len(names), report)

    def _encoded(self, texts: list[str]) -> Tensor:
        """float32 [n, D] on the device, not normalised."""
        tokens = self._moved(self.tokenize(texts))
        with self._inference():
            features: Tensor = self.model.encode_text(tokens)
        return features.float()

    def _gathered(self, parts: Iterable[Tensor], count: int, report: Report) -> Tensor:
        """Embeddings [count, D] on the CPU from `parts` [B, D] in their order."""
        found = torch.empty(count, self.dim)
        done = 0
        for part in _one_behind(parts):
            found[done : done + len(part)] = part.cpu()
            done += len(part)
            report(done, count)
        return found

    def _moved(self, tensor: Tensor) -> Tensor:
        """On the device, without waiting for it."""
        if self.device.type == "cuda":
            tensor = tensor.pin_memory()
        return tensor.to(self.device, non_blocking=True)

    @contextlib.contextmanager
    def _inference(self) -> Iterator[None]:
        cuda = self.device.type == "cuda"
        with torch.inference_mode(), torch.autocast(self.device.type, torch.bfloat16, enabled=cuda):
            yield


@dataclass(frozen=True)
class ClipImages:
    """See `engine.encoders.base.ImageTower`. It is not fitted, so no image needs leaving out."""

    encoder: OpenClipEncoder
    train: Pixels

    def training(self, report: Report) -> Tensor:
        return self.encoder.images(self.train, report)

    def unseen(self, images: Pixels, report: Report) -> Tensor:
        return self.encoder.images(images, report)

    def views(self, index: Tensor, pixels: Tensor) -> Tensor:
        return self.unseen_views(pixels)

    def unseen_views(self, pixels: Tensor) -> Tensor:
        """With CIFAR's statistics, as the authors do."""
        moved = pixels.to(self.encoder.device, non_blocking=True)
        return self.encoder.pixels(prepare_view(moved, self.encoder.preprocess)).cpu()


def _one_behind(parts: Iterable[Tensor]) -> Iterator[Tensor]:
    """The same parts, each when the next one has been started: waiting for one on the CPU then
    leaves the device with something to do."""
    before = None
    for part in parts:
        if before is not None:
            yield before
        before = part
    if before is not None:
        yield before
