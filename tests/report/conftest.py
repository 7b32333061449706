"""Results as the database gives them, made by hand."""

from collections.abc import Callable
from typing import Any

import pytest

from engine.spec import MultimodalSpec, Teachers, TrialSpec
from wnkd_tui.store.rows import ResultRow

Make = Callable[..., ResultRow]


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
    """A trained T_x or student: best accuracy given, last half a percent below."""

    def result(kind: str, best: float, **spec: Any) -> ResultRow:
        values = {
            "best": {"val_top1": best, "epoch": 9},
            "last": {"val_top1": best - 0.5, "epoch": 12},
            "train_n": 1437,
            "val_n": 360,
            "device": "cpu",
            "params": 1000,
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
            "delta_share": delta,
            "samples": 360,
            "steps": 50,
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
