"""The student S_s: one of the methods, over the tables that its teachers left."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.job import Job
from engine.stages import tables
from engine.stages.epochs import LOGITS, STUDENT
from engine.stages.images import entropy, finished, train_classifier, views_of
from engine.train.criterion import Supervised
from engine.train.loop import top1
from engine.train.methods import METHODS
from engine.train.teaching import TeacherLogits, combined


def run(job: Job) -> dict[str, Any]:
    views = views_of(job, STUDENT)
    criterion = (
        METHODS[job.settings["method"]](job.settings, teachers_of(job), views.train.labels)
        if job.inputs
        else Supervised()
    )
    task, trained = train_classifier(job, views, STUDENT, criterion)
    return finished(job, task, trained, task.samples) | fidelity(job, trained.logits)


def teachers_of(job: Job) -> TeacherLogits:
    """The tables of all inputs, by role."""
    device = torch.device(job.device)
    found: dict[str, Any] = {}
    for role in job.inputs:
        at = job.input(role)
        if (at / LOGITS).is_file():
            found[role] = np.load(at / LOGITS, mmap_mode="r")
        else:  # a T_x that says the same in every epoch
            found[role] = tables.load(at / tables.TX_LOGITS, device)["train"]
    return TeacherLogits(found, device=device)


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
            role: tables.load(job.input(role) / tables.VAL_LOGITS, logits.device)["logits"]
            for role in sorted(job.inputs)
        }
    )
    return {
        "fidelity": float(top1(logits, teachers.argmax(1))),
        "teacher_entropy": entropy(teachers),
    }
