"""A dataset's images and class names as the encoder sees them."""

import json
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from engine.data.base import Dataset
from engine.encoders.base import Encoder, ImageTower, Report
from engine.encoders.choice import load_encoder
from engine.job import Job
from engine.stages import tables
from engine.stages.wordnet import GLOSSES
from engine.wordnet.graph import WordNetGraph


def run(job: Job) -> dict[str, Any]:
    """`embeddings.safetensors`: class_texts [C, D] and, of train and val, images float32 [N, D],
    labels and ids int64 [N]; `classes.json`. The result's `val_nearest_top1` is the percent of
    validation images whose nearest class text is their own."""
    data = tables.dataset(job, job.settings["size"])
    encoder = encoder_of(job)
    texts = encoder.embed_classes(data.classes, data.prompts)
    for note in [*texts.notes, *class_glosses(job, data.classes, texts.synsets)]:
        job.events.log(note)
    tower = fitted(encoder, data, texts.embeddings, report_of(job, "training images read"))
    train = tower.training(report_of(job, "training images"))
    val = tower.unseen(data.val.images, report_of(job, "validation images"))
    table = {"class_texts": texts.embeddings, "train_images": train, "val_images": val}
    for name, split in (("train", data.train), ("val", data.val)):
        table[f"{name}_labels"] = torch.from_numpy(split.labels)
        table[f"{name}_ids"] = torch.from_numpy(split.ids)
    tables.save(table, job.out / tables.EMBEDDINGS)
    (job.out / tables.CLASSES).write_text(json.dumps(list(data.classes)), encoding="utf-8")
    nearest = (val @ texts.embeddings.T).argmax(1)
    hits = (nearest == torch.from_numpy(data.val.labels)).double().mean()
    return {
        "dim": encoder.dim,
        "train_n": len(data.train),
        "val_n": len(data.val),
        "val_nearest_top1": float(hits * 100),
        "notes": texts.notes,
    }


def encoder_of(job: Job) -> Encoder:
    """The job's encoder; the stand-in reads the WordNet graph, which is then an input."""
    graph = WordNetGraph.load(job.input("wordnet")) if "wordnet" in job.inputs else None
    return load_encoder(job.settings["encoder"], graph=graph, device=job.device, files=job.files)


def fitted(encoder: Encoder, data: Dataset, class_texts: Tensor, report: Report) -> ImageTower:
    """The encoder's image tower for the training split; `class_texts` [C, D] on the CPU."""
    return encoder.fit(data.train.images, torch.from_numpy(data.train.labels), class_texts, report)


def report_of(job: Job, unit: str) -> Report:
    """Tells how far the job is, in `unit`."""
    return lambda done, total: job.events.progress(done, total, unit)


def class_glosses(job: Job, classes: Sequence[str], synsets: Sequence[int | None]) -> list[str]:
    """What WordNet says of each class, where the person's own corpus has the glosses.

    They go to the log alone: a result does not depend on which corpora a machine has.
    """
    if not synsets or not (path := job.input("wordnet") / GLOSSES).is_file():
        return []
    glosses = path.read_text(encoding="utf-8").split("\n")
    known = zip(classes, synsets, strict=True)
    return [f"{name}: {glosses[i]}" for name, i in known if i is not None]
