"""A teacher's logits of every view of a student's whole training, computed once.

They serve each student that sees the same views: all of a sweep's, since a view depends on
(seed, epoch, sample id) alone. With `teacher_bn = "batch"` a teacher's BatchNorm goes by the
student's batches; its logits then also depend on how the student's epochs are cut into batches.
"""

import shutil
from dataclasses import replace
from itertools import zip_longest
from typing import Any

import torch
from torch import Tensor

from engine.job import Job, subseed
from engine.models.folded import folded
from engine.models.prepacked import prepacked
from engine.stages import tables, tx_logits
from engine.stages.epochs import STUDENT, write_logits
from engine.stages.images import model_of, views_of
from engine.train.batch import epoch_batches
from engine.train.batchnorm import share_statistics
from engine.train.compiled import Use, compiled
from engine.train.image import EVAL_BATCH, precision_context
from engine.train.teachers import Network
from engine.train.views import Views


def run(job: Job) -> dict[str, Any]:
    """`logits.npy`, as `write_logits` says, and the teacher's validation logits beside it."""
    shutil.copyfile(job.input("teacher") / tables.VAL_LOGITS, job.out / tables.VAL_LOGITS)
    if "embed" in job.inputs:
        return tx_logits.run(job)
    settings = job.settings
    views = views_of(job, STUDENT)
    samples, order = len(views.train.labels), settings.get("order")
    teacher = image_teacher(
        job,
        "teacher",
        views,
        rows=min(EVAL_BATCH, samples),
        epochs=settings["epochs"],
        by_batch=order is not None,
    )
    seed = subseed(settings["seed"], STUDENT)

    def of_epoch(epoch: int) -> Tensor:
        if order is None:
            return answers(teacher, torch.arange(samples, device=job.device), epoch)
        return by_batches(teacher, epoch, batch=order["batch"], seed=seed)

    return write_logits(job, (settings["epochs"], samples, views.classes), of_epoch)


def image_teacher(
    job: Job, role: str, views: Views, *, rows: int, epochs: int, by_batch: bool
) -> Network:
    """The image teacher that the job has as its input `role`, looking at `views`.

    It is asked about at most `rows` of them at a time, about all in each of `epochs`.
    """
    settings = job.store.meta(job.inputs[role])["settings"]
    module = model_of(settings, views, settings["member"], job.device)
    tables.fill(module, job.input(role) / tables.MODEL, job.device)
    precision = precision_context(torch.device(job.device), job.settings["precision"])
    module.eval().requires_grad_(False)
    if by_batch:
        share_statistics(module)
    else:
        image = views.channels, job.settings["image_size"], job.settings["image_size"]
        module = compiled(
            prepacked(folded(module), job.events.log),
            Use(precision, training=None, answering=(rows, *image)),
            samples=epochs * len(views.train.labels),
            log=job.events.log,
        )
    return Network(module, views, precision, by_batch)


def answers(teacher: Network, index: Tensor, epoch: int) -> Tensor:
    """Logits float32 [B, C] of the views of training samples `index`, a part at a time."""
    rows, parts = [], index.split(EVAL_BATCH)
    for part, following in zip_longest(parts, parts[1:]):
        teacher.views.training(part, epoch, following)  # what it looks at; the next files are read
        rows.append(teacher.answer(epoch, part))
    return torch.cat(rows)


def by_batches(teacher: Network, epoch: int, *, batch: int, seed: int) -> Tensor:
    """Logits float32 [N, C] of an epoch's views, BatchNorm going by the student's batches.

    `seed` and `batch` are those of the student's epochs. What its epoch leaves out, no student
    asks for; those rows are there all the same, by the module's own statistics.
    """
    views = teacher.views
    samples, device = len(views.train.labels), views.train.labels.device
    logits = torch.empty(samples, views.classes, device=device)
    left_out = torch.ones(samples, dtype=torch.bool, device=device)
    for one in epoch_batches(samples, batch, seed=seed, epoch=epoch, device=device):
        views.training(one.index, epoch, one.following)
        logits[one.index] = teacher.answer(epoch, one.index)
        left_out[one.index] = False
    index = left_out.nonzero()[:, 0]
    if len(index):
        logits[index] = answers(replace(teacher, by_batch=False), index, epoch)
    return logits
