"""What the stages that train on pixels share: views, a model, its training and its artifact."""

import json
import math
from collections.abc import Generator
from typing import Any

import torch
from torch import Tensor, nn

from engine.job import CHECKPOINTS, HISTORY, Job, subseed
from engine.models.pretrained import imagenet_weights, load_pretrained
from engine.models.resnet import image_model
from engine.settings import Optimiser
from engine.stages import tables
from engine.together import Place
from engine.train.batchnorm import share_statistics
from engine.train.checkpoint import Checkpoints
from engine.train.compiled import Use, compiled
from engine.train.criterion import Criterion
from engine.train.expert import ExpertTask, answer_within
from engine.train.half import halved
from engine.train.image import EVAL_BATCH, ImageTask, precision_context
from engine.train.loop import Task, Trained, train
from engine.train.views import Views


def views_of(job: Job, part: str) -> Views:
    """The dataset under the job's augmentation; `part` names whose views they are. Students of one
    process share them."""
    size = job.settings["image_size"]
    return job.shared.once(
        ("views", part, job.company),
        lambda: Views(
            tables.dataset(job, size),
            job.settings["augment"],
            size=size,
            seed=subseed(job.settings["seed"], part),
            device=torch.device(job.device),
        ),
    )


def model_of(settings: dict[str, Any], views: Views, part: str, device: str) -> nn.Module:
    """An untrained network for the views, on the device; an expert answers within its group."""
    module: nn.Module = image_model(
        settings["arch"],
        classes=views.classes,
        channels=views.channels,
        seed=subseed(settings["seed"], part),
    )
    if group := settings.get("group"):
        answer_within(module, group, views.classes)
    return module.to(device).to(memory_format=torch.channels_last)


def train_classifier(
    job: Job, views: Views, part: str, criterion: Criterion
) -> Generator[Place, None, tuple[ImageTask, Trained]]:
    """Trains the job's network, from pretrained weights where its settings name some."""
    settings, device = job.settings, torch.device(job.device)
    optimiser = Optimiser.model_validate(settings["optimiser"])
    checkpoints = Checkpoints(job.directory / CHECKPOINTS, job.events.log)
    module = share_statistics(model_of(settings, views, part, job.device))
    if checkpoints.load() is None:
        _start_from(settings.get("weights", "none"), module, job)
    precision = precision_context(device, settings["precision"])
    common: dict[str, Any] = {"weight_decay": optimiser.weight_decay, "precision": precision}
    task = (
        ExpertTask(module, views, criterion, group=settings["group"], **common)
        if settings.get("group")
        else ImageTask(module, views, criterion, **common)
    )
    image = views.channels, settings["image_size"], settings["image_size"]
    task.network = compiled(
        module,
        Use(
            precision,
            training=(min(optimiser.batch, task.samples), *image),
            answering=(min(EVAL_BATCH, len(views.val.labels)), *image),
        ),
        samples=optimiser.epochs * task.samples,
        log=job.events.log,
    )
    trained = yield from train(
        task,
        task.samples,
        optimiser,
        seed=subseed(settings["seed"], part),
        device=device,
        checkpoints=checkpoints,
        report=job.events,
    )
    return task, trained


def _start_from(weights: str, module: nn.Module, job: Job) -> None:
    """Puts pretrained weights into a network before its training begins."""
    state = imagenet_weights(job.settings["arch"], weights, job.files)
    if state is None:
        return
    kept = load_pretrained(module, state)
    job.events.log(f"begins with weights {weights}; as initialised: {', '.join(kept) or 'none'}")


def finished(job: Job, task: Task, trained: Trained, train_n: int) -> dict[str, Any]:
    """Writes model, curves and validation logits into the artifact; the job's result of them."""
    labels, logits = task.val_labels, trained.logits
    tables.save(task.module.state_dict(), job.out / tables.MODEL)
    tables.save({"logits": halved(logits)}, job.out / tables.VAL_LOGITS)
    (job.out / HISTORY).write_text(json.dumps(trained.history.epochs), encoding="utf-8")
    classes = logits.shape[1]
    return {
        **trained.history.result(),
        "per_class": {
            "best": per_class(trained.best_hits, labels, classes),
            "last": per_class(logits.argmax(1) == labels, labels, classes),
        },
        "entropy": entropy(logits),
        "train_n": train_n,
        "val_n": len(labels),
        "params": sum(p.numel() for p in task.module.parameters()),
    }


def per_class(hits: Tensor, labels: Tensor, classes: int) -> list[float | None]:
    """Accuracy of each class in percent, from hits bool [M] and labels int64 [M]; None for a class
    without a sample."""
    counts = labels.bincount(minlength=classes)
    right = labels[hits].bincount(minlength=classes)
    return [
        100 * good / count if count else None
        for good, count in zip(right.tolist(), counts.tolist(), strict=True)
    ]


def entropy(logits: Tensor) -> float | None:
    """Mean entropy of softmax(logits [M, C]), in nats; logits may be -inf. None where training
    diverged and they are no numbers."""
    found = float(torch.special.entr(logits.double().softmax(1)).sum(1).mean())
    return found if math.isfinite(found) else None
