"""An image teacher, T_1s or T_2w: supervised training under its own augmentation."""

from typing import Any

from engine.job import Job
from engine.stages.images import train_classifier, views_of


def run(job: Job) -> dict[str, Any]:
    member = job.settings["member"]
    return train_classifier(job, views_of(job, member), member, teachers=None)
