"""From what a person asks for to queued trials; the same for the command line and the app."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from engine.plan import DatasetRef, Plan, plan
from engine.recipe import load_recipe
from engine.spec import Modality, MultimodalSpec, Teachers, TrialSpec, ValidationText
from wnkd_tui.home import Home
from wnkd_tui.queue.wording import EVERY_STUDENT, Mix, mixes
from wnkd_tui.store import commands, queries
from wnkd_tui.store.database import StoreError, connect
from wnkd_tui.store.rows import DatasetRow

LAST_DATASET, LAST_RECIPE = "last_dataset", "last_recipe"
FIRST_DATASET, FIRST_RECIPE = "digits", "demo"


@dataclass(frozen=True)
class TrialRequest:
    """Trials of one dataset and recipe: every mix × teachers × seed.

    None: the dataset and the recipe used last, the recipe's own encoder, the mix's usual
    validation text.
    """

    mixes: Sequence[Mix]
    teachers: Sequence[Teachers] = EVERY_STUDENT
    seeds: Sequence[int] = (0,)
    dataset: str | None = None
    recipe: str | None = None
    encoder: str | None = None
    modality: Modality = Modality.IMG_TEXT
    limit_train: int | None = None
    val_text: ValidationText | None = None


def demo_sweep(*, full: bool = False) -> TrialRequest:
    """What `wnkd demo` does: five mixes of the digits and one seed; `full`, all nine and three."""
    wn, noise = ((0, 20, 50, 80, 100), (20, 50, 80, 100)) if full else ((0, 50, 100), (50, 100))
    return TrialRequest(
        mixes=mixes(wn, noise),
        seeds=range(3) if full else (0,),
        dataset=FIRST_DATASET,
        recipe=FIRST_RECIPE,
    )


def queue_trials(home: Home, request: TrialRequest) -> commands.Added:
    """Queues the trials of `request` that are new; equal ones are asked for once.

    Raises SpecError or StoreError, with nothing queued, where the request makes no sense.
    """
    conn = connect(home)
    try:
        dataset, plans = plans_of(conn, request)
        path = str(dataset.path) if dataset.path else None
        added = commands.add_trials(home, plans, {"name": dataset.name, "path": path})
        commands.remember(conn, LAST_DATASET, dataset.name)
        commands.remember(conn, LAST_RECIPE, plans[0].spec.recipe)
        return added
    finally:
        conn.close()


def plans_of(conn: sqlite3.Connection, request: TrialRequest) -> tuple[DatasetRow, list[Plan]]:
    """The dataset and the plans of `request`, with nothing queued. Raises as `queue_trials`."""
    name = request.dataset or queries.setting(conn, LAST_DATASET) or FIRST_DATASET
    dataset = queries.dataset(conn, name)
    if request.limit_train is not None:
        _check_limit(request.limit_train, dataset)
    recipe = request.recipe or queries.setting(conn, LAST_RECIPE) or FIRST_RECIPE
    reference = DatasetRef(dataset.name, dataset.key)
    return dataset, [plan(spec, reference) for spec in trial_specs(request, name, recipe)]


def _check_limit(limit: int, dataset: DatasetRow) -> None:
    """Raises StoreError unless the limit leaves every class an image and is not above them all."""
    images, classes = sum(dataset.train_per_class), len(dataset.classes)
    if limit > images:
        raise StoreError(
            f"limit-train {limit} is more than the {images} training images of {dataset.name}"
        )
    if limit < classes:
        raise StoreError(
            f"limit-train {limit}: {dataset.name} has {classes} classes, each needs an image"
        )


def trial_specs(request: TrialRequest, dataset: str, recipe: str) -> list[TrialSpec]:
    """The distinct trials of `request`; a student without T_x is the same for every mix."""
    encoder = request.encoder or load_recipe(recipe, dataset).encoder
    specs = (
        TrialSpec(
            dataset=dataset,
            recipe=recipe,
            teachers=teachers,
            tx=MultimodalSpec(encoder, request.modality, wn, noise, request.val_text)
            if teachers.multimodal
            else None,
            seed=seed,
            limit_train=request.limit_train,
        )
        for seed in request.seeds
        for wn, noise in request.mixes
        for teachers in request.teachers
    )
    return list(dict.fromkeys(specs))
