"""What the stages that train on pixels share: views, a model, its training and its artifact."""

import json
from typing import Any

import torch
from torch import nn

from engine.job import HISTORY, Job, subseed
from engine.models.resnet import image_model
from engine.recipe import Optimiser
from engine.stages import tables
from engine.train.checkpoint import Checkpoint
from engine.train.image import ImageTask, precision_context
from engine.train.loop import History, train
from engine.train.teaching import TeacherLogits
from engine.train.views import Views

CHECKPOINT = "checkpoint.pt"


def views_of(job: Job, part: str) -> Views:
    """The dataset under the job's augmentation; `part` names whose views they are."""
    return Views(
        tables.dataset(job),
        job.settings["augment"],
        seed=subseed(job.settings["seed"], part),
        device=torch.device(job.device),
    )


def model_of(settings: dict[str, Any], views: Views, part: str, device: str) -> nn.Module:
    """An untrained network for the views, on the device."""
    module: nn.Module = image_model(
        settings["arch"],
        classes=views.classes,
        channels=views.channels,
        seed=subseed(settings["seed"], part),
    )
    return module.to(device).to(memory_format=torch.channels_last)


def train_classifier(
    job: Job, views: Views, part: str, teachers: TeacherLogits | None
) -> dict[str, Any]:
    """Trains the job's network, writes it with its curves, and tells its figures."""
    settings = job.settings
    optimiser = Optimiser.model_validate(settings["optimiser"])
    module = model_of(settings, views, part, job.device)
    task = ImageTask(
        module,
        views,
        weight_decay=optimiser.weight_decay,
        precision=precision_context(torch.device(job.device), settings["precision"]),
        teachers=teachers,
        tau=settings.get("tau"),
        lam=settings.get("lam"),
    )
    samples = len(views.train.labels)
    history = train(
        task,
        samples,
        optimiser,
        seed=subseed(settings["seed"], part),
        device=torch.device(job.device),
        checkpoint=Checkpoint(job.directory / CHECKPOINT),
        report=job.events,
    )
    return finished(job, module, history, samples, len(views.val.labels))


def finished(
    job: Job, module: nn.Module, history: History, train_n: int, val_n: int
) -> dict[str, Any]:
    """Writes model and curves into the artifact and makes the job's result of them."""
    tables.save(module.state_dict(), job.out / tables.MODEL)
    (job.out / HISTORY).write_text(json.dumps(history.epochs), encoding="utf-8")
    (job.directory / CHECKPOINT).unlink(missing_ok=True)
    return {
        **history.result(),
        "train_n": train_n,
        "val_n": val_n,
        "params": sum(p.numel() for p in module.parameters()),
    }
