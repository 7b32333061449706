"""T_x's logits in each of a student's epochs, where they are not the same in all of them.

They follow the student's epoch where T_x sees its views, and its batches where the text is a
batch's (`mix: first_batches`) or T_x normalises by the batch (`teacher_bn: batch`).
"""

from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor

from engine.job import Job, subseed
from engine.spec import Modality
from engine.stages import tables
from engine.stages.epochs import STUDENT, write_logits
from engine.stages.multimodal import trained_tx, training_inputs
from engine.train.batch import Batch, epoch_batches
from engine.train.batchnorm import batch_statistics
from engine.train.image import EVAL_BATCH
from engine.train.multimodal import TrainingInputs, TxModule, tx_input


def run(job: Job) -> dict[str, Any]:
    """`logits.npy`, as `write_logits` says."""
    order = job.settings["order"]
    teacher = job.store.meta(job.inputs["teacher"])["settings"]
    embedded = tables.Embedded.of(job)
    module = trained_tx(job, "teacher", embedded)
    inputs = training_inputs(job, teacher, embedded)
    modality = Modality(teacher["modality"])
    samples, classes = len(inputs.split.labels), len(embedded.classes)

    def row(epoch: int) -> Tensor:
        seed = subseed(job.settings["seed"], STUDENT)
        batches = epoch_batches(samples, order["batch"], seed=seed, epoch=epoch, device=job.device)
        by_batch_norm = order["teacher_bn"] == "batch"
        return taught_epoch(module, inputs, list(batches), modality, batch_norm=by_batch_norm)

    return write_logits(job, (order["epochs"], samples, classes), row)


@torch.no_grad()
def taught_epoch(
    module: TxModule,
    inputs: TrainingInputs,
    batches: list[Batch],
    modality: Modality,
    *,
    batch_norm: bool,
) -> Tensor:
    """What T_x, in eval mode, says in an epoch of the student's `batches`: float32 [N, C].

    `batch_norm`: BatchNorm goes by each batch's statistics; nothing else is as in training. What
    the batches leave out, no student asks for: it is answered by T_x's own statistics and, where
    the text is a batch's, with what follows the last one.
    """
    labels, texts = inputs.split.labels, inputs.split.texts
    logits = torch.empty(len(labels), len(texts.class_texts), device=labels.device)
    left_out = torch.ones_like(labels, dtype=torch.bool)

    def answer(batch: Batch) -> None:
        seen = inputs.see(batch, module.bank)
        x = tx_input(modality, seen.images, seen.texts)
        logits[batch.index] = module.network(x).float()
        left_out[batch.index] = False

    if batch_norm or inputs.by_batch:  # else it does not matter who is in which batch
        with batch_statistics(module) if batch_norm else nullcontext():
            for batch in batches:
                answer(batch)
    after = batches[-1]
    for index in left_out.nonzero()[:, 0].split(EVAL_BATCH):
        answer(Batch(index, after.epoch, after.steps, after.steps))
    return logits
