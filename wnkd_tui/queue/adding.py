"""From what a person asks for to queued trials; the same for the command line and the app."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from engine.changes import Changes, frozen_changes
from engine.errors import SpecError
from engine.files import FILE, resolve
from engine.plan import DatasetRef, Plan, plan
from engine.recipe import load_recipe, settled
from engine.settings import PUBLISHED, Recipe
from engine.spec import Method, Modality, MultimodalSpec, Teachers, TrialSpec, ValidationText
from wnkd_tui.home import Home
from wnkd_tui.queue import given
from wnkd_tui.queue.capture import capture
from wnkd_tui.queue.wording import EVERY_STUDENT, Mix, mixes
from wnkd_tui.store import commands, queries
from wnkd_tui.store.connection import StoreError
from wnkd_tui.store.database import connect
from wnkd_tui.store.datasets import DatasetRow

LAST_DATASET, LAST_RECIPE = "last_dataset", "last_recipe"
FIRST_DATASET, FIRST_RECIPE = "digits", "demo"
# Settings of a recipe that are no change to it.
NO_CHANGE = {"encoder": "a trial names its encoder itself (--encoder)", "summary": "it is a text"}


@dataclass(frozen=True)
class TrialRequest:
    """Trials of one dataset and recipe: every mix × teachers × seed.

    None: the dataset and the recipe used last, the recipe's own encoder, the mix's usual
    validation text. `encoder` and `changes` may name files by their paths.
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
    method: Method = Method.KD
    changes: Changes = ()


def demo_sweep(*, full: bool = False) -> TrialRequest:
    """What `wnkd demo` does: five mixes of the digits and one seed; `full`, all nine and three."""
    wn, noise = ((0, 20, 50, 80, 100), (20, 50, 80, 100)) if full else ((0, 50, 100), (50, 100))
    return TrialRequest(
        mixes=mixes(wn, noise),
        seeds=range(3) if full else (0,),
        dataset=FIRST_DATASET,
        recipe=FIRST_RECIPE,
    )


def queue_trials(home: Home, requests: Sequence[TrialRequest]) -> commands.Added:
    """Queues the trials of `requests` that are new; equal ones are asked for once.

    Files that they name are taken into the home, and what they are queued with is kept. Raises
    SpecError, StoreError or ArtifactError, with nothing queued, where a request makes no sense.
    """
    conn = connect(home)
    try:
        for request in requests:  # all of them make sense before a file is copied
            plans_of(conn, request)
        planned = [_planned(conn, request, partial(given.take, home)) for request in requests]
        plans = {one.key: one for _, some in planned for one in some}
        for one in plans.values():
            _check_files(home, one.spec)
        data = {dataset.name: dataset.location for dataset, _ in planned}
        added = commands.add_trials(home, list(plans.values()), data, capture())
        last = added.plans[-1].spec
        commands.remember(conn, LAST_DATASET, last.dataset)
        commands.remember(conn, LAST_RECIPE, last.recipe)
        return added
    finally:
        conn.close()


def plans_of(conn: sqlite3.Connection, request: TrialRequest) -> tuple[DatasetRow, list[Plan]]:
    """The dataset and the plans of `request`, with nothing queued and no file copied.

    Raises as `queue_trials`.
    """
    return _planned(conn, request, given.name_of)


def dataset_of(conn: sqlite3.Connection, name: str | None) -> DatasetRow:
    """The dataset `name`, None being the one used last. Raises StoreError for an unknown one."""
    if name is None:
        name = queries.setting(conn, LAST_DATASET) or FIRST_DATASET
    return queries.dataset(conn, name)


def trial_specs(request: TrialRequest, dataset: str, recipe: str) -> list[TrialSpec]:
    """The distinct trials of `request`; a student without T_x is the same for every mix."""
    numbers = load_recipe(recipe, dataset)
    encoder = numbers.encoder if request.encoder is None else request.encoder
    changes = settled(numbers, request.changes)
    for name, _ in changes:
        if name in NO_CHANGE:
            raise SpecError(f"{name} is no setting to change: {NO_CHANGE[name]}")
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
            method=request.method,
            changes=changes,
        )
        for seed in request.seeds
        for wn, noise in request.mixes
        for teachers in request.teachers
    )
    return list(dict.fromkeys(specs))


def _planned(
    conn: sqlite3.Connection, request: TrialRequest, keep: Callable[[Path], str]
) -> tuple[DatasetRow, list[Plan]]:
    """`keep` gives a person's file the name that trials call it by."""
    dataset = dataset_of(conn, request.dataset)
    if request.limit_train is not None:
        _check_limit(request.limit_train, dataset)
    recipe = request.recipe
    if recipe is None:
        recipe = queries.setting(conn, LAST_RECIPE) or FIRST_RECIPE
    numbers = load_recipe(recipe, dataset.name)
    request = replace(
        request,
        encoder=request.encoder and _named_encoder(request.encoder, keep),
        changes=frozen_changes(
            (name, _named_file(numbers, name, value, keep)) for name, value in request.changes
        ),
    )
    reference = DatasetRef(dataset.name, dataset.key, dataset.train_per_class)
    return dataset, [plan(spec, reference) for spec in trial_specs(request, dataset.name, recipe)]


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


def _named_encoder(encoder: str, keep: Callable[[Path], str]) -> str:
    path = given.encoder_path(encoder)
    return f"{encoder.partition('/')[0]}/{keep(path)}" if path else encoder


def _named_file(recipe: Recipe, name: str, value: object, keep: Callable[[Path], str]) -> object:
    """The value of a change, a file by the name that it is kept under."""
    if name.rpartition(".")[2] not in PUBLISHED or not isinstance(value, str):
        return value
    settled(recipe, ((name, f"{FILE}any"),))  # raises where the name is none, or several
    try:
        settled(recipe, ((name, value),))
    except SpecError as unpublished:
        try:
            return keep(given.path_of(value))
        except SpecError as error:
            raise SpecError(f"{unpublished}: {error}") from None
    return value


def _check_files(home: Home, spec: TrialSpec) -> None:
    """Raises ArtifactError where a file that the trial names by its kept name is not there."""
    encoder = spec.tx.encoder.partition("/")[2] if spec.tx else ""
    for value in (encoder, *(value for _, value in spec.changes)):
        if isinstance(value, str) and value.startswith(FILE):
            resolve(home.files, value)
