"""What decides what a job takes: its signature, and how much work it is.

Jobs of one signature (their kind and the settings that decide what a unit of work costs) take time
in proportion to their work: epochs × training images for what trains.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.plan import JobSpec
from engine.spec import TrialSpec
from wnkd_tui.store.datasets import DatasetRow

Signature = tuple[tuple[str, Any], ...]  # names and values, the kind first
Data = tuple[str | None, int | None]  # a dataset's name and the limit of its training images
Jobs = Callable[[str], Mapping[str, Any]]  # settings of the job of a key
CENTRES = (300, 3)  # TAC's rule for `clusters`: images per centre, centres per class at least
WITHOUT_DATA = ("wordnet", "nouns")

# The settings that decide a signature or an amount, of a job and of the one that it reads.
OWN = (
    *("arch", "image_size", "precision", "optimiser.batch", "optimiser.epochs", "epochs"),
    *("order.epochs", "group", "encoder", "nouns", "size", "restarts", "iterations", "clusters"),
    *("modality", "stem", "steps", "samples", "teacher_bn"),
)
READ = ("arch", "modality", "stem")
UNITS = {  # of work, for people; what has none is done once, whole
    "embed": "images",
    "views": "images",
    "relax": "distances",
    "teacher": "images",
    "T_x": "images",
    "logits": "images",
    "student": "images",
    "attribution": "gradients",
}


def signature(job: JobSpec, trial: TrialSpec, jobs: Jobs) -> Signature:
    """What decides the cost of a unit of the job's work. Raises KeyError or TypeError for a job of
    an older wnkd, which has other settings."""
    settings = job.settings
    encoder = {"encoder": trial.tx.encoder if trial.tx else None}
    found: dict[str, Any] = {}
    match job.kind:
        case "nouns":
            found = _of(settings, "encoder", "nouns")
        case "embed":
            found = _of(settings, "encoder", "size")
        case "views":
            found = _of(settings, "encoder", "size", "image_size")
        case "relax":
            found = encoder | _of(settings, "restarts", "iterations")
        case "T_x":
            found = encoder | _of(settings, "modality", "stem")
            found |= _of(settings["optimiser"], "batch")
        case "attribution":
            found = encoder | _of(jobs(job.inputs["T_x"]), "stem")
        case "logits":
            teacher = jobs(job.inputs["teacher"])
            if "stem" in teacher:
                found = encoder | _of(teacher, "modality", "stem")
            else:
                found = _of(teacher, "arch") | _of(settings, "image_size", "precision")
        case "teacher" | "student":
            found = _of(settings, "arch", "image_size", "precision")
            found |= _of(settings["optimiser"], "batch")
            if "teacher_bn" in settings:  # of a student that runs its teachers' networks too
                found |= _of(settings, "teacher_bn")
    return (("kind", job.kind), *found.items())


def amount(job: JobSpec, trial: TrialSpec, dataset: DatasetRow) -> float:
    """The job's work in UNITS of its kind."""
    settings = job.settings
    train = trial.limit_train or sum(dataset.train_per_class)
    val = sum(dataset.val_per_class)
    match job.kind:
        case "embed":
            return train + val
        case "relax":
            return train * _centres(settings["clusters"], train, len(dataset.classes))
        case "T_x":
            return _epochs(settings["optimiser"]) * train
        case "teacher":
            return _epochs(settings["optimiser"]) * train * _share(settings.get("group"), dataset)
        case "logits":
            return _epochs(settings if "epochs" in settings else settings["order"]) * train
        case "student" | "views":
            return _epochs(settings) * train
        case "attribution":
            return int(settings["steps"]) * (int(settings["samples"]) or val)
    return 1


def data_of(kind: str, trial: TrialSpec) -> Data:
    """What a job of the trial works on: memory goes with it, though not in proportion."""
    return (None, None) if kind in WITHOUT_DATA else (trial.dataset, trial.limit_train)


def _of(settings: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: settings[name] for name in names}


def _centres(clusters: int | str, train: int, classes: int) -> float:
    per_centre, per_class = CENTRES
    return max(train / per_centre, per_class * classes) if isinstance(clusters, str) else clusters


def _share(group: Sequence[int] | None, dataset: DatasetRow) -> float:
    """The part of the training images that is of the classes in `group`; None: all classes."""
    sizes = dataset.train_per_class
    return 1.0 if group is None else sum(sizes[i] for i in group) / sum(sizes)


def _epochs(settings: Mapping[str, Any]) -> int:
    return int(settings["epochs"])
