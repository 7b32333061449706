"""Any open_clip model, named ARCH/PRETRAINED: a published tag or a local checkpoint."""

import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.encoders import ClassTexts, Report
from engine.encoders.prompts import TEMPLATES, prompts
from engine.errors import WnkdError


class EncoderError(WnkdError, RuntimeError):
    """An encoder does not exist, or its weights cannot be had."""


class OpenClipEncoder:
    """See `engine.encoders.Encoder`. The paper's is `ViT-B-32-quickgelu/openai`.

    `name` is ARCH/TAG, or ARCH/PATH of a .safetensors or .pt file (read with weights_only). On CUDA
    the towers run under bfloat16 autocast; sums and norms are float32. EncoderError: no such model,
    no such file, a tag that cannot be fetched, or a checkpoint of another architecture.
    """

    stand_in = False

    def __init__(self, name: str, *, device: str | torch.device = "cpu", batch: int = 256) -> None:
        import open_clip

        self.name, self.device, self.batch = name, torch.device(device), batch
        arch, _, weights = name.partition("/")
        if arch not in open_clip.list_models() or not weights:
            raise EncoderError(
                f"{name}: no such encoder; give wordnet-graph, or ARCH/PRETRAINED of open_clip "
                "such as ViT-B-32-quickgelu/openai"
            )
        self.model = _load(open_clip, arch, weights, self.device)
        self.tokenize: Callable[[list[str]], Tensor] = open_clip.get_tokenizer(arch)
        self.preprocess: dict[str, Any] = open_clip.get_model_preprocess_cfg(self.model)
        self.dim = self._texts(["a"]).shape[1]

    def embed_nouns(self, names: Sequence[str], report: Report) -> Tensor:
        """[n, D]: each name's seven prompts, averaged as they come, then normalised (step 10)."""
        names_at_once = max(1, self.batch // len(TEMPLATES))
        found = torch.empty(len(names), self.dim)
        for start in range(0, len(names), names_at_once):
            stop = min(start + names_at_once, len(names))
            texts = self._texts(prompts(names[start:stop]))
            mean = texts.unflatten(0, (stop - start, len(TEMPLATES))).mean(1)
            found[start:stop] = F.normalize(mean).cpu()
            report(stop, len(names))
        return found

    def embed_classes(self, names: Sequence[str]) -> ClassTexts:
        return ClassTexts(self.embed_nouns(names, lambda done, total: None), [])

    def embed_images(
        self, train: Tensor, labels: Tensor, val: Tensor, class_texts: Tensor, report: Report
    ) -> tuple[Tensor, Tensor]:
        total = len(train) + len(val)
        seen = self._images(train, lambda done: report(done, total))
        unseen = self._images(val, lambda done: report(len(train) + done, total))
        return seen, unseen

    def _images(self, images: Tensor, report: Callable[[int], None]) -> Tensor:
        found = torch.empty(len(images), self.dim)
        for start in range(0, len(images), self.batch):
            pixels = prepare(images[start : start + self.batch].to(self.device), self.preprocess)
            with self._inference():
                features = self.model.encode_image(pixels)
            found[start : start + self.batch] = F.normalize(features.float()).cpu()
            report(min(start + self.batch, len(images)))
        return found

    def _texts(self, texts: list[str]) -> Tensor:
        tokens = self.tokenize(texts).to(self.device)
        with self._inference():
            features: Tensor = self.model.encode_text(tokens)
        return features.float()

    @contextlib.contextmanager
    def _inference(self) -> Iterator[None]:
        cuda = self.device.type == "cuda"
        with torch.inference_mode(), torch.autocast(self.device.type, torch.bfloat16, enabled=cuda):
            yield


def prepare(images: Tensor, preprocess: dict[str, Any]) -> Tensor:
    """Images uint8 [B, ch, H, W] as the model's own preprocessing has them: float32 [B, 3, h, w].

    Shortest side to size and centre crop (or a squash, where the model's config says so), bicubic
    with antialiasing as PIL does, grey as three equal channels, the model's mean and std.
    """
    size = preprocess["size"]
    height, width = size if isinstance(size, tuple | list) else (size, size)
    pixels = images.float()
    if preprocess.get("resize_mode", "shortest") == "squash":
        resized = height, width
    else:
        ratio = max(height / images.shape[2], width / images.shape[3])
        # Rounded as torchvision's Resize and CenterCrop do, which open_clip builds on.
        resized = int(images.shape[2] * ratio), int(images.shape[3] * ratio)
    if resized != tuple(images.shape[2:]):
        mode = preprocess.get("interpolation", "bicubic")
        pixels = F.interpolate(pixels, resized, mode=mode, antialias=True).clamp(0, 255).round()
    top, left = round((resized[0] - height) / 2), round((resized[1] - width) / 2)
    pixels = pixels[:, :, top : top + height, left : left + width].expand(-1, 3, -1, -1) / 255
    mean, std = (pixels.new_tensor(preprocess[k])[:, None, None] for k in ("mean", "std"))
    return (pixels - mean) / std


def _load(open_clip: Any, arch: str, weights: str, device: torch.device) -> Any:
    """The model in eval mode, float32, without gradients."""
    tags = open_clip.list_pretrained_tags_by_model(arch)
    local = Path(weights).expanduser()
    if weights not in tags and not local.is_file():
        known = ", ".join(tags) or "none"
        raise EncoderError(f"{arch}/{weights}: neither a file nor a tag of {arch} (tags: {known})")
    # open_clip repeats what it raises on the root logger, where it would break a progress bar.
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.CRITICAL)
    try:
        source = weights if weights in tags else str(local)
        model = open_clip.create_model(arch, source, weights_only=True, device=device)
    except Exception as error:  # a hub client, a socket or a pickle may raise anything
        reason = str(error).strip().partition("\n")[0][:200]
        if weights in tags:
            message = (
                f"{arch}/{weights}: could not fetch the weights of tag '{weights}'; where there "
                f"is no network give a local file, {arch}/PATH ({reason})"
            )
        else:
            message = f"{arch}/{weights}: not a checkpoint of {arch} ({reason})"
        raise EncoderError(message) from error
    finally:
        root.setLevel(level)
    return model.eval().requires_grad_(False)
