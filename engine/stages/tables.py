"""Artifacts as tables of tensors: reading and writing, and what is in the common ones."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from engine.data import registry
from engine.data.base import Dataset
from engine.errors import ArtifactError
from engine.job import Job

CLASSES, EMBEDDINGS, NOUNS, NOUN_NAMES = (
    "classes.json",
    "embeddings.safetensors",
    "nouns.safetensors",
    "nouns.txt",
)
BANK, MODEL, TX_LOGITS = "bank.safetensors", "model.safetensors", "logits.safetensors"
NOUNS_BY_CLASS, VAL_LOGITS = "nouns.json", "val.safetensors"
PHRASES, VIEWS, VAL_VIEWS = "phrases.json", "views.npy", "val.safetensors"


def save(tensors: dict[str, Tensor], path: Path) -> None:
    """Writes tensors so that equal ones give equal bytes."""
    save_file({k: v.detach().cpu().contiguous() for k, v in tensors.items()}, path)


def load(path: Path, device: str | torch.device) -> dict[str, Tensor]:
    """Raises ArtifactError for a file that is missing or damaged."""
    try:
        return load_file(path, device=str(device))
    except Exception as error:  # noqa: BLE001 - safetensors raises its own and OSErrors
        raise _damaged(path, f"not readable ({error})") from None


def one(path: Path, name: str, device: str | torch.device) -> Tensor:
    """The tensor `name` of a file. Raises ArtifactError as `load`, and where it is not there."""
    found = load(path, device)
    if name not in found:
        raise _damaged(path, f"has no {name}")
    return found[name]


def fill(module: nn.Module, path: Path, device: str | torch.device) -> None:
    """Puts a file's weights into a network. Raises ArtifactError as `load`, and where they are
    another network's."""
    found = load(path, device)
    try:
        module.load_state_dict(found)
    except RuntimeError as error:  # a line that names the class, then one for each fault
        raise _damaged(path, " ".join(str(error).split("\n")[1:2]).strip()) from None


def _damaged(path: Path, fault: str) -> ArtifactError:
    return ArtifactError(f"{path}: {fault}; remove the artifact and retry")


def dataset(job: Job, size: int) -> Dataset:
    """The job's dataset, limited as it asks; image files are read at `size` pixels a side."""
    source = job.source or registry.Source(job.settings["dataset"], job.settings["dataset"])
    return registry.load(source, size).limited(job.settings["limit_train"])


@dataclass(frozen=True)
class EmbeddedSplit:
    """`images` float32 [N, D]; `labels` and `ids` int64 [N]."""

    images: Tensor
    labels: Tensor
    ids: Tensor


@dataclass(frozen=True)
class Embedded:
    """What the embed job makes of a dataset; `class_texts` float32 [C, D]."""

    classes: list[str]
    class_texts: Tensor
    train: EmbeddedSplit
    val: EmbeddedSplit

    @classmethod
    def load(cls, artifact: Path, device: str) -> "Embedded":
        """Reads what stage embed wrote. Raises ArtifactError where any of it is damaged."""
        table = load(artifact / EMBEDDINGS, device)
        try:
            train, val = (
                EmbeddedSplit(*(table[f"{split}_{part}"] for part in ("images", "labels", "ids")))
                for split in ("train", "val")
            )
            classes = json.loads((artifact / CLASSES).read_text(encoding="utf-8"))
            return cls(classes, table["class_texts"], train, val)
        except (KeyError, ValueError, OSError) as error:
            raise _damaged(artifact, f"no whole embeddings ({error})") from None

    @classmethod
    def of(cls, job: Job) -> "Embedded":
        """The job's embeddings; the validation images prepared as the views are, where it has
        views."""
        embedded = cls.load(job.input("embed"), job.device)
        if "views" not in job.inputs:
            return embedded
        images = one(job.input("views") / VAL_VIEWS, "val", job.device)
        return replace(embedded, val=replace(embedded.val, images=images))
