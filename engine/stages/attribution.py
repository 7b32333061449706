"""Figure 3: how much of T_x's answer comes from the image and how much from the text."""

from typing import Any

from engine.attribution import attribute
from engine.counter import Stream, permutation
from engine.job import Job, subseed
from engine.spec import Modality
from engine.stages import tables
from engine.stages.multimodal import VAL, bank_of, text_split, tx_module
from engine.train.multimodal import tx_input


def run(job: Job) -> dict[str, Any]:
    """Shares over the validation images, each with a text of the trial's own proportions."""
    teacher = job.store.meta(job.inputs["T_x"])["settings"]
    embedded = tables.Embedded.load(job.input("embed"), job.device)
    module = tx_module(teacher, embedded, bank_of(job)).to(job.device)
    module.load_state_dict(tables.load(job.input("T_x") / tables.MODEL, job.device))
    module.eval().requires_grad_(False)
    split = text_split(teacher, embedded, VAL, (teacher["wn"], teacher["noise"]))

    count = job.settings["samples"] or len(split.labels)
    order = permutation(
        subseed(job.settings["seed"], "attribution"), 0, len(split.labels), Stream.SUBSET
    )
    index = order[:count].sort().values.to(split.labels.device)
    inputs = tx_input(Modality.IMG_TEXT, split.images[index], split.texts.embed(index, module.bank))
    shares = attribute(
        module.network,
        inputs,
        split.labels[index],
        image_dims=split.images.shape[1],
        steps=job.settings["steps"],
        progress=lambda done: job.events.progress(done, len(index), "images"),
    )
    return {
        "image_share": shares.image,
        "text_share": 1 - shares.image,
        "delta_share": shares.delta,
        "samples": len(index),
        "steps": job.settings["steps"],
    }
