"""A teacher's logits of every view of a student's whole training, computed once.

They serve each student that sees the same views: all of a sweep's, since a view depends on
(seed, epoch, sample id) alone. With `teacher_bn = "batch"` a teacher's BatchNorm goes by the
student's batches; its logits then also depend on how the student's epochs are cut into batches.
"""

import shutil
from typing import Any

import torch
from torch import Tensor, nn

from engine.job import Job, subseed
from engine.stages import tables, tx_logits
from engine.stages.epochs import LOGITS, STUDENT, write_epochs
from engine.stages.images import model_of, views_of
from engine.train.batchnorm import batch_statistics
from engine.train.half import halved
from engine.train.image import Precision, precision_context, predict
from engine.train.loop import epoch_batches
from engine.train.views import Views


def run(job: Job) -> dict[str, Any]:
    """`logits.npy` float16 [epochs, N, C], and the teacher's validation logits beside it."""
    shutil.copyfile(job.input("teacher") / tables.VAL_LOGITS, job.out / tables.VAL_LOGITS)
    if "embed" in job.inputs:
        return tx_logits.run(job)
    settings = job.settings
    views = views_of(job, STUDENT)
    teacher = job.store.meta(job.inputs["teacher"])["settings"]
    module = model_of(teacher, views, teacher["member"], job.device)
    module.load_state_dict(tables.load(job.input("teacher") / tables.MODEL, job.device))
    module.eval()
    precision = precision_context(torch.device(job.device), settings["precision"])
    order = settings.get("order")
    seed = subseed(settings["seed"], STUDENT)

    def of_epoch(epoch: int) -> Tensor:
        if order is None:
            everyone = torch.arange(len(views.train.labels), device=job.device)
            return halved(by_own_statistics(module, views, everyone, epoch, precision))
        size = order["batch"]
        return halved(by_batches(module, views, epoch, precision, batch=size, seed=seed))

    shape = (settings["epochs"], len(views.train.labels), views.classes)
    return write_epochs(job, LOGITS, shape, of_epoch)


def by_own_statistics(
    module: nn.Module, views: Views, index: Tensor, epoch: int, precision: Precision
) -> Tensor:
    """Logits float32 [B, C] of the views of training samples `index` by a module in eval mode."""
    return predict(
        module,
        lambda start, stop: views.training(index[start:stop], epoch),
        len(index),
        precision,
    )


@torch.no_grad()
def by_batches(
    module: nn.Module, views: Views, epoch: int, precision: Precision, *, batch: int, seed: int
) -> Tensor:
    """Logits float32 [N, C] of an epoch's views, BatchNorm going by the student's batches.

    `seed` and `batch` are those of the student's epochs. What its epoch leaves out, no student
    asks for; those rows are there all the same, by the module's own statistics.
    """
    samples, device = len(views.train.labels), views.train.labels.device
    answers = torch.empty(samples, views.classes, device=device)
    left_out = torch.ones(samples, dtype=torch.bool, device=device)
    with batch_statistics(module):
        for one in epoch_batches(samples, batch, seed=seed, epoch=epoch, device=device):
            with precision():
                answers[one.index] = module(views.training(one.index, epoch)).float()
            left_out[one.index] = False
    index = left_out.nonzero()[:, 0]
    if len(index):
        answers[index] = by_own_statistics(module, views, index, epoch, precision)
    return answers
