"""Figure 3: how much of T_x's answer comes from the image and how much from the text."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from engine.attribution import attribute
from engine.counter import Stream, permutation
from engine.job import Job, subseed
from engine.spec import Modality
from engine.stages import tables
from engine.stages.multimodal import VAL, text_split, trained_tx, training_inputs
from engine.train.image import EVAL_BATCH
from engine.train.multimodal import TrainingInputs, TxModule, split_inputs


def run(job: Job) -> dict[str, Any]:
    """Shares over the validation images, each with a text of the trial's own proportions."""
    settings = job.settings
    teacher = job.store.meta(job.inputs["T_x"])["settings"]
    embedded = tables.Embedded.of(job)
    module = trained_tx(job, "T_x", embedded)
    split = text_split(teacher, embedded, VAL, (teacher["wn"], teacher["noise"]))

    count = settings["samples"] or len(split.labels)
    order = permutation(
        subseed(settings["seed"], "attribution"), 0, len(split.labels), Stream.SUBSET
    )
    index = order[:count].sort().values.to(split.labels.device)
    inputs = split_inputs(split, index, module.bank, Modality.IMG_TEXT)
    baseline = torch.zeros_like(inputs[0])
    if settings["baseline"] == "mean":
        baseline = mean_input(module, training_inputs(job, teacher, embedded))
    by_label = settings["target"] == "label"
    shares = attribute(
        module.network,
        inputs,
        split.labels[index] if by_label else module.network(inputs).argmax(1),
        baseline=baseline,
        image_dims=split.images.shape[1],
        steps=settings["steps"],
        progress=lambda done: job.events.progress(done, len(index), "images"),
    )
    pooled = settings["share"] == "pooled"
    image = shares.pooled if pooled else float(shares.per_sample.mean())
    return {
        "image_share": image,
        "text_share": 1 - image,
        "image_share_sd": None if pooled else float(shares.per_sample.std(correction=0)),
        "delta_share": shares.delta_share,
        "samples": len(index),
        **{name: settings[name] for name in ("steps", "baseline", "target", "share")},
    }


@torch.no_grad()
def mean_input(module: TxModule, inputs: TrainingInputs) -> Tensor:
    """The mean [2D] of what an image+text T_x sees in training: its own texts, the learned bank.

    Where it trains on views they are those of the first epoch. Under mix `first_batches` each
    sample has the text of the fixed draw, in the same proportions.
    """
    split = replace(inputs.split, images=inputs.images(0))
    everyone = torch.arange(len(split.labels), device=split.labels.device)
    total = sum(
        split_inputs(split, index, module.bank, Modality.IMG_TEXT).double().sum(0)
        for index in everyone.split(EVAL_BATCH)
    )
    return torch.as_tensor(total / len(everyone)).to(split.images.dtype)
