"""Accuracy of recipe `fast` with and without what makes it fast:
`python benchmarks/features.py digits|cifar100 [--path FOLDER] [--seeds N] [--save]`.

Real jobs of the trial `T_m T_x,(img, 0%gt 100%wn) S_s`, each in a process of its own, in which a
feature is taken away before the job begins; all jobs that it touches are done anew, teachers too.
Tells the student's top-1 at its last epoch, and the difference paired over seeds. A CPU cannot
train ResNet50: networks are the small ones of SETTINGS and the encoder is the stand-in; nothing
else of the recipe differs but what is named there. --path holds CIFAR-100 (cifar-100-python). bf16
and compiled networks need a GPU and are told as not run.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from features_shown import sheets
from forked import Forked
from pages import about, load, save
from per_image import PerImage

from engine.changes import Changes
from engine.data import cifar, digits
from engine.data.base import Dataset, stratified
from engine.encoders.names import STAND_IN
from engine.plan import DatasetRef, JobSpec, plan
from engine.spec import MultimodalSpec, Teachers, TrialSpec
from engine.stages import tables
from wnkd_tui.report.files import as_markdown

VAL = 2_000  # images that CIFAR-100's students are validated on, evenly of the classes
SMALL: Changes = (
    ("cpu_threads", 1),
    ("T_x.stem", "mlp"),
    ("teacher.arch", "resnet8"),
    ("student.arch", "resnet8"),
    ("relax.restarts", 1),
)
FEWER: Changes = (  # epochs; in smaller batches, so that there are more steps in each
    *(
        (f"{who}.optimiser.{name}", value)
        for who in ("teacher", "T_x", "student")
        for name, value in (("epochs", 6), ("warmup_epochs", 1), ("batch", 32))
    ),
    *((f"{who}.optimiser.lr", 0.05) for who in ("teacher", "student")),
)
SETTINGS: dict[str, tuple[DatasetRef, int | None, Changes]] = {  # with limit_train
    digits.NAME: (DatasetRef(digits.NAME, digits.KEY, digits.TRAIN_PER_CLASS), None, SMALL),
    cifar.NAME: (
        DatasetRef(cifar.NAME, cifar.NAME, (500,) * cifar.CLASS_COUNT),
        5_000,
        (*SMALL, *FEWER),
    ),
}
LARGEST = {digits.NAME: 3, cifar.NAME: 16}  # k of the top-k tables
PIXELS = ("teacher", "logits", "student")
NOT_RUN = ("bf16 | float32", "compiled | eager")


@dataclass(frozen=True)
class Variant:
    """`kinds` of jobs are done otherwise: what is called `before` makes it so in their process.
    `changes` are such as the recipe itself knows."""

    kinds: Sequence[str] = ()
    before: Callable[[], None] = lambda: None
    changes: Changes = ()


def contiguous() -> None:
    torch.channels_last = torch.contiguous_format


def plain_sgd() -> None:
    real = torch.optim.SGD

    def looped(groups: Any, *, fused: bool, **options: Any) -> torch.optim.SGD:
        return real(groups, foreach=False, **options)

    patch("torch.optim.SGD", looped).start()


def as_trained() -> None:
    patch("engine.stages.logits.folded", lambda module: module).start()
    patch("engine.stages.logits.prepacked", lambda module, log: module).start()


def per_image() -> None:
    patch("engine.train.views.Augment", PerImage).start()


def all_plain() -> None:
    for way in (contiguous, plain_sgd, as_trained, per_image):
        way()


ONLINE: Changes = (("logits.keep", "none"),)


def variants(k: int) -> dict[str, Variant]:
    """`the feature | what is in its place`: what differs from the recipe as it is. The feature is
    there as the recipe is, but for top-k, which it takes at larger sizes only."""
    few: Changes = (("logits.limit_gb", 0.0), ("logits.top_k", k))
    return {
        "teachers' logits from tables | asked in every step": Variant(changes=ONLINE),
        f"top-{k} tables | whole tables": Variant(changes=few),
        "channels_last | contiguous": Variant(PIXELS, contiguous),
        "fused SGD | a loop over parameters": Variant((*PIXELS, "T_x"), plain_sgd),
        "BatchNorm folded, convolutions prepacked | as trained": Variant(
            ("logits", "student"), as_trained
        ),
        "augmentation in batches | Pillow, image by image": Variant(PIXELS, per_image),
        "all of these but top-k | none of them": Variant((*PIXELS, "T_x"), all_plain, ONLINE),
    }


class Trials:
    """Students of one dataset, as the recipe makes them and otherwise."""

    def __init__(self, root: Path, dataset: str, path: Path | None) -> None:
        self._forked = Forked(root)
        self._dataset = dataset
        self._data = {"name": dataset, "kind": dataset, "path": path and str(path)}

    def student(self, seed: int, variant: Variant, name: str) -> tuple[float, str]:
        """Top-1 in percent at the last epoch, and the digest of its weights."""
        reference, limit, changes = SETTINGS[self._dataset]
        spec = TrialSpec(
            self._dataset,
            "fast",
            Teachers.TM_TX,
            MultimodalSpec(STAND_IN, wn=100),
            seed=seed,
            limit_train=limit,
            changes=(*changes, *variant.changes),
        )
        jobs = [job for job in plan(spec, reference).jobs if job.kind != "attribution"]
        for job in otherwise(jobs, variant.kinds, name):
            touched = variant.before if job.kind in variant.kinds else lambda: None
            self._forked.run(job, self._data, partial(prepare, touched))
        weights = self._forked.store.path(job.key) / tables.MODEL
        told = self._forked.store.meta(job.key)["result"]
        return told["last"]["val_top1"], sha256(weights.read_bytes()).hexdigest()


def otherwise(jobs: Sequence[JobSpec], kinds: Sequence[str], name: str) -> list[JobSpec]:
    """The jobs with those of `kinds` under keys of their own, and so all that need them."""
    found: dict[str, JobSpec] = {}
    for job in jobs:
        inputs = {role: found[key].key for role, key in job.inputs.items()}
        settings = {**job.settings, "otherwise": name} if job.kind in kinds else job.settings
        found[job.key] = replace(job, settings=settings, inputs=inputs)
    return list(found.values())


def prepare(before: Callable[[], None]) -> None:
    """In a job's process: fewer validation images, and what a variant does."""
    whole = tables.dataset

    def cut(*arguments: Any) -> Dataset:
        data = whole(*arguments)
        return replace(data, val=data.val.take(stratified(data.val.labels, VAL)))

    patch("engine.stages.tables.dataset", cut).start()
    before()


def compare(
    trials: Trials, features: Mapping[str, Variant], seeds: int
) -> Iterator[dict[str, Any]]:
    """After each seed, what was found so far: each feature's students by seed beside the
    recipe's own, and the features without which they are the same bits."""
    recipe: list[float] = []
    others: dict[str, list[float]] = {name: [] for name in features}
    same_bits = list(features)
    for seed in range(seeds):
        top1, digest = trials.student(seed, Variant(), "")
        recipe.append(top1)
        for name, variant in features.items():
            other, its = trials.student(seed, variant, name)
            others[name].append(other)
            if its != digest and name in same_bits:
                same_bits.remove(name)
            print(f"seed {seed}: {top1:.2f}, {other:.2f}: {name}", flush=True)
        yield {"recipe": recipe, "otherwise": others, "same_bits": same_bits}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", choices=list(SETTINGS))
    parser.add_argument("--path", type=Path, help="where CIFAR-100 is")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--save", action="store_true", help="keep and show them after each seed")
    options = parser.parse_args()
    if options.dataset == cifar.NAME and options.path is None:
        parser.error("--path: the folder that holds cifar-100-python")
    _, limit, changes = SETTINGS[options.dataset]
    where = {**about(), "limit_train": limit, "changes": dict(changes), "not_run": NOT_RUN}
    with tempfile.TemporaryDirectory() as root:
        trials = Trials(Path(root), options.dataset, options.path)
        for found in compare(trials, variants(LARGEST[options.dataset]), options.seeds):
            record = {options.dataset: {**where, **found}}
            if options.save:
                save("features", load("features") | record)
    print("\n".join(as_markdown([sheet]) for sheet in sheets(record).values()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
