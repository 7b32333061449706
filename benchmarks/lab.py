"""What a lab asks for in a year: six datasets, and the campaigns of trials on them."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from engine.errors import SpecError
from engine.plan import DatasetRef, Plan, plan
from engine.spec import Teachers
from wnkd_tui.queue import sweeps
from wnkd_tui.queue.adding import TrialRequest, trial_specs
from wnkd_tui.store.datasets import DatasetRow
from wnkd_tui.store.queries import datasets as builtin_datasets

RECIPES = ("demo", "fast", "paper")
CURVED = ("teacher", "T_x", "student")
ROWS_PER_EPOCH = {"teacher": 5, "T_x": 8, "student": 5}
SHARING = ("table1", "table2", "table3", "leakage", "fig2")  # sweeps whose trials share jobs
# Settings that a lab turns, with the values that it tries; each is a study of its own.
STUDIES: dict[str, tuple[object, ...]] = {
    "student.tau": (1.0, 2.0, 4.0, 5.0, 8.0),
    "student.lam": (0.25, 0.5, 0.75, 1.0, 2.0),
    "student.combine": ("loss_mean", "ema_inverse_loss"),
    "student.optimiser.lr": (0.01, 0.02, 0.05, 0.2),
    "student.optimiser.weight_decay": (1e-4, 2e-4, 1e-3),
    "teacher.optimiser.lr": (0.01, 0.02, 0.05, 0.2),
    "teacher.optimiser.weight_decay": (1e-4, 2e-4, 1e-3),
    "T_x.optimiser.lr": (0.002, 0.005, 0.02, 0.05),
    "T_x.lambda_hier": (0.0, 0.05, 0.2, 0.5),
    "T_x.lambda_cosreg": (0.0, 0.05, 0.1),
    "T_x.mix": ("first_batches",),
    "relax.per_centre": (3, 10, 20),
    "relax.temperature": (0.002, 0.01, 0.02),
}


@dataclass(frozen=True)
class Campaign:
    """Trials that somebody queued at once, planned."""

    dataset: DatasetRow
    recipe: str
    plans: tuple[Plan, ...]


def datasets(conn) -> list[DatasetRow]:
    """The built-in digits and five that a lab has added, which are elsewhere by now."""
    long_tail = tuple(round(500 * 0.01 ** (i / 99)) for i in range(100))
    lt = tuple(max(5, round(1280 * (1 - i / 1000) ** 6)) for i in range(1000))
    races = ("White", "Black", "Asian", "Indian", "Others")
    scenes = ("buildings", "forest", "glacier", "mountain", "sea", "street")
    return [
        next(row for row in builtin_datasets(conn) if row.name == "digits"),
        _added("cifar100", _numbered(100), (500,) * 100, (100,) * 100, 32),
        _added("cifar100-imb100", _numbered(100), long_tail, (100,) * 100, 32),
        _added("imagenet-lt", _numbered(1000), lt, (20,) * 1000, 224),
        _added("scene", scenes, (1972, 2045, 2164, 2261, 2047, 2144), (219,) * 6, 150),
        _added("utkface", races, (9070, 4073, 3091, 3578, 1523), (1008, 453, 343, 397, 169), 200),
    ]


def campaigns(
    found: list[DatasetRow], trials: int, jobs: int, rows: int, seed: int
) -> Iterator[Campaign]:
    """Campaigns until there are `trials` distinct trials; of sweeps and recipes those are taken
    that bring the jobs near `jobs` and the metric rows of all curves near `rows`."""
    draw = random.Random(seed)
    trial_keys: set[str] = set()
    job_keys: dict[str, int] = {}  # → rows of its curves
    weights = (1, 6, 4, 2, 2, 2)
    while len(trial_keys) < trials:
        dataset = draw.choices(found, weights)[0]
        share = len(trial_keys) / trials
        few_jobs = len(job_keys) <= share * jobs
        few_rows = sum(job_keys.values()) <= share * rows
        recipe = "paper" if few_rows else draw.choice(RECIPES[:2])
        base = TrialRequest(
            (),
            seeds=draw.choice([(0,), (0, 1, 2), (0, 1, 2), range(5), (draw.randrange(100),)]),
            recipe=recipe,
            limit_train=draw.choice([None, None, None, sum(dataset.train_per_class) // 10]),
            changes=_study(draw),
        )
        asked = _search(draw, base) if few_jobs else _sweep(draw, base, dataset)
        plans = []
        for one in _planned(asked, dataset):
            if one.key not in trial_keys and len(trial_keys) < trials:
                trial_keys.add(one.key)
                job_keys |= {job.key: _rows(job) for job in one.jobs}
                plans.append(one)
        if plans:
            yield Campaign(dataset, recipe, tuple(plans))


def long_run(dataset: DatasetRow, epochs: int) -> Campaign:
    """One student that learns on its own for very long."""
    request = TrialRequest(
        ((0, 0),),
        teachers=(Teachers.NONE,),
        recipe="demo",
        changes=(("student.optimiser.epochs", epochs),),
    )
    return Campaign(dataset, "demo", tuple(_planned([request], dataset)))


def _sweep(draw: random.Random, base: TrialRequest, dataset: DatasetRow) -> list[TrialRequest]:
    try:
        return sweeps.requests(draw.choice(SHARING), base, dataset)
    except SpecError:  # the sweep varies what the study varies
        return []


def _search(draw: random.Random, base: TrialRequest) -> list[TrialRequest]:
    """A random search over learning rates: hardly two of its trials share a job."""
    return [
        replace(
            base,
            mixes=((draw.choice((20, 50, 80, 100)), 0),),
            teachers=(draw.choice((Teachers.TM_TX, Teachers.TM_TX, Teachers.ENSEMBLE)),),
            seeds=(draw.randrange(3),),
            changes=tuple(
                (name, round(10 ** draw.uniform(-2.5, -0.5), 4))
                for name in ("teacher.optimiser.lr", "T_x.optimiser.lr", "student.optimiser.lr")
            ),
        )
        for _ in range(draw.choice((8, 16, 32)))
    ]


def _planned(requests: list[TrialRequest], dataset: DatasetRow) -> list[Plan]:
    reference = DatasetRef(dataset.name, dataset.key, dataset.train_per_class)
    return [
        plan(spec, reference)
        for request in requests
        for spec in trial_specs(request, dataset.name, request.recipe or "demo")
    ]


def _study(draw: random.Random) -> tuple[tuple[str, object], ...]:
    names = draw.sample(sorted(STUDIES), draw.choice([0, 1, 1, 2]))
    return tuple((name, draw.choice(STUDIES[name])) for name in names)


def _rows(job) -> int:
    if job.kind not in CURVED:
        return 0
    return job.settings["optimiser"]["epochs"] * ROWS_PER_EPOCH[job.kind]


def _numbered(count: int) -> tuple[str, ...]:
    return tuple(f"class {i:03}" for i in range(count))


def _added(name, classes, train, val, side) -> DatasetRow:
    return DatasetRow(
        name=name,
        kind=name,
        path=Path("/data") / name,
        key=name[0] * 64,
        classes=classes,
        train_per_class=train,
        val_per_class=val,
        added_at=0.0,
        size=(side, side, 3),
    )
