"""Figures as jobs leave them: curves and results in the shapes that `engine.stages` write."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.plan import JobSpec
from wnkd_tui.store.datasets import DatasetRow

LEVEL = {"digits": 97, "cifar100": 74, "cifar100-imb100": 42, "scene": 88, "utkface": 79}
RECIPE = {"demo": -14.0, "fast": -3.0, "paper": 0.0}
Curves = dict[str, NDArray[np.float64]]


def curves(job: JobSpec, recipe: str, draw: np.random.Generator) -> Curves:
    """name → a value for each epoch, of a job that trains."""
    optimiser = job.settings["optimiser"]
    epochs = optimiser["epochs"]
    at = np.arange(1, epochs + 1) / epochs
    top = _level(job, recipe, draw)
    grown = 1 - np.exp(-4 * at) + draw.normal(0, 0.008, epochs) * (1.2 - at)
    images = _images(job)
    found = {
        "lr": optimiser["lr"] * 0.5 * (1 + np.cos(np.pi * at)),
        "samples_per_s": draw.normal(9000, 250, epochs),
        "train_loss": 4.2 * np.exp(-3.5 * at) + np.abs(draw.normal(0.05, 0.02, epochs)),
        "val_loss": 0.9 + 3.4 * np.exp(-4 * at) + draw.normal(0, 0.02, epochs),
        "val_top1": np.round(np.clip(top * grown, 0.5, 100) / 100 * images) / images * 100,
    }
    if job.kind == "T_x":
        found["train_loss_cosreg"] = 0.02 * np.exp(-at)
        found["train_loss_hier"] = 0.4 * np.exp(-2 * at)
        found["train_top1"] = np.clip((top + 3) * grown, 0.5, 100)
    return dict(sorted(found.items()))


def result(
    job: JobSpec, dataset: DatasetRow, shown: Curves | None, draw: np.random.Generator
) -> dict[str, Any]:
    """What the job says at its end; `shown` are its curves."""
    images = sum(dataset.val_per_class)
    train = job.settings.get("limit_train") or sum(dataset.train_per_class)
    settings = job.settings
    if shown is None:
        match job.kind:
            case "attribution":
                share = float(draw.uniform(0.35, 0.85))
                return {
                    "image_share": share,
                    "text_share": 1 - share,
                    "image_share_sd": None,
                    "delta_share": float(draw.normal(0, 0.004)),
                    "samples": images,
                    **{name: settings[name] for name in ("steps", "baseline", "target", "share")},
                }
            case "relax":
                return {"nouns": 1500, "clusters": 300, "inertia": 1234.5, "excluded": 61}
            case "nouns":
                return {"nouns": 67_168, "dim": 512}
            case "embed":
                near = float(draw.uniform(40, 70))
                sizes = {"dim": 512, "train_n": train, "val_n": images}
                return {**sizes, "val_nearest_top1": near, "notes": []}
            case "logits":
                epochs = settings.get("epochs", 1)
                size = 2 * train * len(dataset.classes) * epochs
                return {"epochs": epochs, "train_n": train, "bytes": size + 128}
            case _:
                return {"synsets": 82_115, "nouns": 146_347}
    top1 = shown["val_top1"]
    best = int(top1.argmax())
    told: dict[str, Any] = {
        "best": {"val_top1": float(top1[best]), "epoch": best + 1},
        "last": {"val_top1": float(top1[-1]), "epoch": len(top1)},
        "per_class": {
            "best": _per_class(float(top1[best]), dataset, draw),
            "last": _per_class(float(top1[-1]), dataset, draw),
        },
        "entropy": float(draw.uniform(0.1, 0.9)),
        "train_n": train,
        "val_n": images,
        "params": 11_220_132,
    }
    if job.kind == "student":
        taught = bool(job.inputs)
        told["fidelity"] = float(draw.uniform(60, 95)) if taught else None
        told["teacher_entropy"] = float(draw.uniform(0.1, 0.9)) if taught else None
    return told


def _level(job: JobSpec, recipe: str, draw: np.random.Generator) -> float:
    """Roughly how good such a job gets, in percent."""
    settings = job.settings
    level = LEVEL.get(settings.get("dataset", ""), 47) + RECIPE[recipe]
    if job.kind == "T_x":
        level = 99 - 0.25 * settings["wn"] - 0.35 * settings["noise"]
    level += {"T_x": 2.0, "T_1s": 1.5, "T_2w": 1.2, "T_3s": 0.8}.get(job.name, 0.0)
    level += 1.1 * len(job.inputs) if job.kind == "student" else 0.0
    return float(np.clip(level + draw.normal(0, 0.6), 5, 99.9))


def _images(job: JobSpec) -> int:
    return {"digits": 359, "imagenet-lt": 20_000}.get(job.settings.get("dataset", ""), 10_000)


def _per_class(top: float, dataset: DatasetRow, draw: np.random.Generator) -> list[float]:
    sizes = np.array(dataset.val_per_class)
    chance = np.clip(draw.normal(top / 100, 0.15, len(sizes)), 0.01, 0.995)
    return [float(share) for share in 100 * draw.binomial(sizes, chance) / sizes]
