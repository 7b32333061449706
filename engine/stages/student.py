"""The student S_s: one of the methods, over what its teachers left: tables, or their networks."""

from collections.abc import Generator
from functools import partial
from typing import Any

import torch
from torch import Tensor

from engine.job import Job
from engine.stages import tables
from engine.stages.epochs import LOGITS, STUDENT
from engine.stages.images import entropy, finished, train_classifier, views_of
from engine.stages.logits import image_teacher
from engine.together import Place
from engine.train.criterion import Supervised
from engine.train.loop import top1
from engine.train.methods import METHODS
from engine.train.teachers import Constant, Teacher, open_table
from engine.train.teaching import TeacherLogits, combined
from engine.train.views import Views


def run(job: Job) -> Generator[Place, None, dict[str, Any]]:
    """As `finished` says, and how the student compares with its teachers (`fidelity`)."""
    views = views_of(job, STUDENT)
    criterion = (
        METHODS[job.settings["method"]](job.settings, teachers_of(job, views), views.train.labels)
        if job.inputs
        else Supervised()
    )
    task, trained = yield from train_classifier(job, views, STUDENT, criterion)
    return finished(job, task, trained, task.samples) | fidelity(job, trained.logits)


def teachers_of(job: Job, views: Views) -> TeacherLogits:
    """All inputs, by role; students of one process that have a teacher in common share it."""
    mode = job.settings.get("teacher_bn")
    found = {
        role: job.shared.once((key, mode, job.company), partial(_teacher, job, role, views))
        for role, key in job.inputs.items()
    }
    return TeacherLogits(found, device=torch.device(job.device))


def _teacher(job: Job, role: str, views: Views) -> Teacher:
    """The input `role`; an image teacher without a table looks at the student's `views`."""
    at, device = job.input(role), torch.device(job.device)
    if (at / LOGITS).is_file():
        return open_table(at / LOGITS, views.classes, device)
    if (at / tables.TX_LOGITS).is_file():  # a T_x that says the same in every epoch
        return Constant(tables.one(at / tables.TX_LOGITS, "train", device))
    optimiser = job.settings["optimiser"]
    return image_teacher(
        job,
        role,
        views,
        rows=min(optimiser["batch"], len(views.train.labels)),
        epochs=optimiser["epochs"],
        by_batch=job.settings["teacher_bn"] == "batch",
    )


def fidelity(job: Job, logits: Tensor) -> dict[str, float | None]:
    """How the student compares with its teachers together, Eq. 1's mean of their last epoch's
    validation logits: percent of images with the same arg-max, and that mean's entropy in nats.

    `logits` [M, C] are the student's. Nothing for a student on its own, nor for one of experts,
    none of whom knows all classes.
    """
    if not job.inputs or job.settings["method"] == "lfme":
        return {"fidelity": None, "teacher_entropy": None}
    teachers = combined(
        {
            role: tables.one(job.input(role) / tables.VAL_LOGITS, "logits", logits.device)
            for role in sorted(job.inputs)
        }
    )
    return {
        "fidelity": float(top1(logits, teachers.argmax(1))),
        "teacher_entropy": entropy(teachers),
    }
