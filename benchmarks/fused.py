"""Students side by side in one process: `python benchmarks/fused.py [--device cuda] [--save]`.

Images that students learn from, a CPU second (on a GPU: a second): one student alone, three and six
that take turns over the same batches (run-queue's --fuse), with two teachers' logits in tables and
with the teachers asked in every step. Recipe demo's networks on 8-pixel digits and on JPEG files
that are decoded batch by batch (of ImageNet's usual size, made here, at 64 pixels), and ResNet50 →
ResNet18 (3x3 stem) at 32 pixels; batch 64, float32, strong augmentation and decoding included. One
to six take turns, so that a busy moment falls on all; medians over rounds.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import photographs
import torch
from pages import save
from rates import Clock, machine

from engine.data import digits
from engine.data.base import Dataset, Images, split_of
from engine.data.files import FileImages
from engine.models.folded import folded
from engine.models.prepacked import prepacked
from engine.models.resnet import image_model
from engine.recipe import load_recipe
from engine.settings import Optimiser
from engine.train.batch import Batch, epoch_batches
from engine.train.image import ImageTask
from engine.train.loop import sgd_of, step
from engine.train.methods.kd import Distillation
from engine.train.teachers import Network, Table, Teacher
from engine.train.teaching import TeacherLogits
from engine.train.views import Views

TOGETHER = (1, 3, 6)
BATCH = 64
COUNT, CLASSES = 4 * BATCH, 100  # of the images that are made here
SGD = {"lr": 0.01, "momentum": 0.9, "nesterov": True, "weight_decay": 5e-4}


@dataclass(frozen=True)
class Case:
    """`steps` in a turn; `online`: both teachers are asked, else they are tables."""

    name: str
    data: Callable[[], Dataset]
    size: int
    teacher: str
    student: str
    online: bool
    steps: int


def noise() -> Dataset:
    """CIFAR-100's shape."""
    shape = COUNT, 3, 32, 32
    return labelled(np.random.default_rng(0).integers(256, size=shape, dtype=np.uint8))


def labelled(images: Images) -> Dataset:
    split = split_of(images, np.random.default_rng(1).integers(CLASSES, size=len(images)))
    return Dataset("made here", tuple(map(str, range(CLASSES))), split, split)


def cases(folder: Path) -> list[Case]:
    """`folder` is where files may be made."""
    names = photographs.write(folder, COUNT)
    files = FileImages(folder, names, 64, dataset="photographs")
    small = "resnet20", "resnet8"
    return [
        Case(f"{name}, {'asked' if online else 'tables'}", *of, online, steps)
        for name, of, steps in (
            ("demo, 8 px", (digits.load, 8, *small), 20),
            ("demo, JPEG files, 64 px", (lambda: labelled(files), 64, *small), 1),
            ("ResNet50 → ResNet18, 32 px", (noise, 32, "resnet50-cifar", "resnet18-cifar"), 1),
        )
        for online in (False, True)
    ]


class Process:
    """`count` students of a case, who share views, batches and teachers."""

    def __init__(self, case: Case, count: int, device: torch.device) -> None:
        data = case.data()
        policy = load_recipe("demo", "").augment["strong"]
        self._views = Views(data, policy, size=case.size, seed=0, device=device)
        taught = self._teachers(case, device)
        self._students = [self._student(case, seed, taught, device) for seed in range(count)]
        self._batches = self._endless(len(data.train), device)
        self._case = case

    def turn(self) -> None:
        for _ in range(self._case.steps):
            batch = next(self._batches)
            for task, sgd in self._students:
                step(task, sgd, batch, SGD["lr"])

    def _teachers(self, case: Case, device: torch.device) -> dict[str, Teacher]:
        views, found = self._views, {}
        for seed, name in enumerate(("T_1s", "T_2w")):
            if case.online:
                module = image_model(
                    case.teacher, classes=views.classes, channels=views.channels, seed=100 + seed
                )
                module.to(device).to(memory_format=torch.channels_last)
                network = prepacked(folded(module.eval().requires_grad_(False)), lambda text: None)
                found[name] = Network(network, views, nullcontext)
            else:
                shape = 1, len(views.train.labels), views.classes
                table = np.random.default_rng(seed).normal(size=shape).astype(np.float16)
                found[name] = Table(table, device)
        return found

    def _student(
        self, case: Case, seed: int, taught: dict[str, Teacher], device: torch.device
    ) -> tuple[ImageTask, torch.optim.SGD]:
        views = self._views
        module = image_model(
            case.student, classes=views.classes, channels=views.channels, seed=seed
        )
        module.to(device).to(memory_format=torch.channels_last).train()
        criterion = Distillation(
            TeacherLogits(taught, device=device),
            **{"tau": 3.0, "lam": 2 / 3, "combine": "logit_mean", "ema_decay": 0.9},
        )
        criterion.begin_epoch(0)
        task = ImageTask(
            module, views, criterion, weight_decay=SGD["weight_decay"], precision=nullcontext
        )
        optimiser = Optimiser(epochs=1, batch=BATCH, schedule="steps", warmup_epochs=0, **SGD)
        return task, sgd_of(task, optimiser)

    @staticmethod
    def _endless(samples: int, device: torch.device) -> Iterator[Batch]:
        """Batches that nobody has seen: each has an index of its own. None is read ahead of its
        turn, which would be at the others' cost."""
        batches = epoch_batches(samples, BATCH, seed=0, epoch=0, device=device)
        return (replace(one, index=one.index.clone(), following=None) for one in cycle(batches))


def measured(case: Case, rounds: int, clock: Clock, device: torch.device) -> list[dict[str, Any]]:
    """A record for each number of students; the first turn of each warms up."""
    processes = {count: Process(case, count, device) for count in TOGETHER}
    taken: dict[int, list[float]] = {count: [] for count in TOGETHER}
    for _ in range(rounds + 1):
        for count, process in processes.items():
            taken[count].append(clock(process.turn))
    rates = {c: c * case.steps * BATCH / median(times[1:]) for c, times in taken.items()}
    return [
        {
            "case": case.name,
            "together": count,
            "images": round(rate, 1),
            "times": round(rate / rates[1], 2),
        }
        for count, rate in rates.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--save", action="store_true", help="keep the figures, and show them in docs/speed.md"
    )
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    clock, rows = Clock(options.device), []
    print(f"{'':34} {'together':>8} {f'images/{clock.unit}':>13} {'x alone':>8}")
    with tempfile.TemporaryDirectory() as place:
        for case in cases(Path(place)):
            for row in measured(case, options.rounds, clock, torch.device(options.device)):
                print(
                    f"{row['case']:34} {row['together']:8} {row['images']:13.1f}"
                    f" {row['times']:8.2f}",
                    flush=True,
                )
                rows.append(row)
    if options.save:
        how = {"precision": "float32", "batch": BATCH, "rounds": options.rounds}
        save("fused", machine(options.device) | how | {"rows": rows})


if __name__ == "__main__":
    main()
