"""The student S_s: equations 1 to 3 over the tables its teachers left."""

from typing import Any

import numpy as np
import torch

from engine.job import Job
from engine.stages import tables
from engine.stages.images import train_classifier, views_of
from engine.stages.logits import LOGITS
from engine.train.teaching import TeacherLogits

PART = "S_s"


def run(job: Job) -> dict[str, Any]:
    device = torch.device(job.device)
    image = [
        np.load(job.input(role) / LOGITS, mmap_mode="r")
        for role in sorted(job.inputs)
        if role != "T_x"
    ]
    multimodal = None
    if "T_x" in job.inputs:
        multimodal = tables.load(job.input("T_x") / tables.TX_LOGITS, device)["train"]
    teachers = TeacherLogits(image, multimodal, device=device) if job.inputs else None
    return train_classifier(job, views_of(job, PART), PART, teachers)
