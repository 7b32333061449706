"""What relaxation means to a person: per class, the nouns that its training images retrieve."""

import json

import torch
from torch import Tensor

from engine.job import Job
from engine.relax import retrieval_weights
from engine.stages import tables
from engine.train.image import EVAL_BATCH

SHOWN_NOUNS = 10


def write_nouns(
    job: Job, embedded: tables.Embedded, bank: Tensor, names: list[str], temperature: float
) -> None:
    """Writes nouns.json: class → its heaviest nouns with their weights, mean over its images.

    `bank` [K, D] and its `names`; weights are 0 to 1 and sum to 1 over the whole bank.
    """
    labels = embedded.train.labels
    weights = torch.zeros(len(embedded.classes), len(names), device=bank.device)
    for index in torch.arange(len(labels), device=bank.device).split(EVAL_BATCH):
        each = retrieval_weights(embedded.train.images[index], bank, temperature)
        weights.index_add_(0, labels[index], each)
    weights /= labels.bincount(minlength=len(weights)).clamp(min=1)[:, None]
    top = weights.topk(min(SHOWN_NOUNS, len(names)), dim=1)
    classes = {
        name: [[names[i], round(weight, 4)] for weight, i in zip(heaviest, places, strict=True)]
        for name, heaviest, places in zip(
            embedded.classes, top.values.tolist(), top.indices.tolist(), strict=True
        )
    }
    text = json.dumps({"classes": classes}, ensure_ascii=False, indent=1)
    (job.out / tables.NOUNS_BY_CLASS).write_text(text, encoding="utf-8")
