"""An image teacher or an expert: supervised training under its own augmentation."""

from collections.abc import Generator
from typing import Any

from engine.job import Job
from engine.stages.images import finished, train_classifier, views_of
from engine.together import Place
from engine.train.criterion import Supervised


def run(job: Job) -> Generator[Place, None, dict[str, Any]]:
    """Model, curves and validation logits, as `finished` says."""
    member = job.settings["member"]
    task, trained = yield from train_classifier(job, views_of(job, member), member, Supervised())
    return finished(job, task, trained, task.samples)
