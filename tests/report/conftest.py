"""Results as the database gives them, made by hand."""

import json
import os
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from engine.spec import MultimodalSpec, Teachers, TrialSpec
from wnkd_tui.charts import Look
from wnkd_tui.report import terminal
from wnkd_tui.store.datasets import DatasetRow
from wnkd_tui.store.rows import ResultRow, TrialRow

Make = Callable[..., ResultRow]
GOLDEN = Path(__file__).parent / "golden"
PLAIN = Look(width=72, height=14, colour=False)


@pytest.fixture
def make() -> Make:
    """A ResultRow; job ids count up, so a later one is newer."""
    made = 0

    def result(
        kind: str,
        values: dict[str, Any],
        *,
        teachers: str = "T_x",
        wn: int = 0,
        noise: int = 0,
        seed: int = 0,
        dataset: str = "digits",
        recipe: str = "demo",
        limit_train: int | None = None,
        method: str = "kd",
        changes: dict[str, Any] | None = None,
        **tx: Any,
    ) -> ResultRow:
        nonlocal made
        made += 1
        taught = Teachers(teachers)
        spec = TrialSpec(
            dataset=dataset,
            recipe=recipe,
            teachers=taught,
            tx=MultimodalSpec(**{"encoder": "wordnet-graph", "wn": wn, "noise": noise} | tx)
            if taught.multimodal
            else None,
            seed=seed,
            limit_train=limit_train,
            method=method,
            changes=tuple((changes or {}).items()),
        )
        return ResultRow(
            trial=made,
            spec=spec,
            job=made,
            kind=kind,
            name=spec.name,
            result=values,
            finished_at=float(made),
        )

    return result


@pytest.fixture
def trained(make: Make) -> Make:
    """A trained T_x or student: best accuracy given, last half a percent below.

    `more` holds further figures.
    """

    def result(
        kind: str, best: float, *, more: dict[str, Any] | None = None, **spec: Any
    ) -> ResultRow:
        values = {
            "best": {"val_top1": best, "epoch": 9},
            "last": {"val_top1": best - 0.5, "epoch": 12},
            "train_n": 1437,
            "val_n": 360,
            "device": "cpu",
            "params": 1000,
            **(more or {}),
        }
        return make(kind, values, **spec)

    return result


@pytest.fixture
def attributed(make: Make) -> Make:
    """An attribution with the image share given."""

    def result(share: float, delta: float = 0.01, **spec: Any) -> ResultRow:
        values = {
            "image_share": share,
            "text_share": 1 - share,
            "image_share_sd": None,
            "delta_share": delta,
            "samples": 360,
            "steps": 50,
            "baseline": "zero",
            "target": "label",
            "share": "pooled",
        }
        return make("attribution", values, **spec)

    return result


@pytest.fixture
def sweep(trained: Make, attributed: Make) -> list[ResultRow]:
    """100 % wn, gt and 100 % noise, two seeds, all students."""
    results = []
    for seed in (0, 1):
        results.append(trained("student", 90.0 + seed, teachers="none", seed=seed))
        for wn, noise, tx, share in ((0, 0, 100.0, 0.4), (100, 0, 80.0, 0.6), (0, 100, 60.0, 0.9)):
            at = {"wn": wn, "noise": noise, "seed": seed}
            results += [
                trained("T_x", tx - seed * bool(wn or noise), **at),
                attributed(share + seed * 0.02, **at),
                trained("student", 92.0 + wn / 100 + seed, **at),
                trained("student", 94.0 + noise / 100 - seed, **at, teachers="T_m+T_x"),
            ]
    return results


@pytest.fixture
def plain() -> Look:
    """A small chart without colour."""
    return PLAIN


@pytest.fixture
def shown() -> Callable[..., str]:
    """Sheets and figures as a terminal of a width shows them."""

    def text(parts: Any, width: int = 140, look: Look = PLAIN) -> str:
        file = StringIO()
        Console(width=width, file=file, no_color=True).print(terminal.render(parts, look))
        return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"

    return text


@pytest.fixture
def golden() -> Callable[[str, Any], None]:
    """Compares with a file of `golden/`, and writes it where UPDATE_GOLDEN is set."""

    def check(name: str, found: Any) -> None:
        is_text = isinstance(found, str)
        text = found if is_text else json.dumps(found, indent=1, ensure_ascii=False) + "\n"
        path = GOLDEN / name
        if os.environ.get("UPDATE_GOLDEN"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return check


@pytest.fixture
def dataset() -> Callable[..., DatasetRow]:
    """A registered dataset with classes named by their training images."""

    def row(name: str, *train_per_class: int) -> DatasetRow:
        return DatasetRow(
            name=name,
            kind=name,
            path=None,
            key="0" * 64,
            classes=tuple(f"class {count}" for count in train_per_class),
            train_per_class=train_per_class,
            val_per_class=(10,) * len(train_per_class),
            added_at=None,
        )

    return row


@pytest.fixture
def as_trial() -> Callable[[int, ResultRow], TrialRow]:
    """The trial of a result, under an id."""

    def row(id: int, result: ResultRow) -> TrialRow:
        return TrialRow(id, f"{id:064}", result.spec.name, result.spec, "done", 0.0, 1, 1)

    return row
