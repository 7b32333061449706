"""The paper's own numbers, kept as data, to stand beside ours."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Any

from engine.changes import text_of
from engine.spec import Modality
from wnkd_tui.report.columns import FIXED, TEXT_UPDATE
from wnkd_tui.report.rows import Row
from wnkd_tui.report.stats import Shown

Numbers = Mapping[str, float]
_NO_SPREAD = "The paper gives one number each, and neither seeds nor spread."


def order(dataset: str) -> int:
    """Its place in the paper's Table 1; what the paper has not comes last."""
    known = [line["dataset"] for line in _tables()["table1"]]
    return known.index(dataset) if dataset in known else len(known)


def table1(row: Row) -> Numbers:
    return {} if _is_fixed(row) else _line("table1", row.setting.dataset)


def table2(row: Row) -> Numbers:
    """Of T_x with image and text; empty where the paper has no such line."""
    if row.tx is None or row.tx.modality is not Modality.IMG_TEXT or _is_fixed(row):
        return {}
    return _line("table2", row.setting.dataset, row.tx.wn, row.tx.noise)


def table3(row: Row) -> Numbers:
    return _line("table3", row.setting.dataset)


def fig2(row: Row) -> Numbers:
    return _line("fig2", row.setting.dataset, row.tx.wn, row.tx.noise) if row.tx else {}


def differs(row: Row, epoch: Shown) -> tuple[str, ...]:
    """In what `row` was measured otherwise than the paper's numbers; empty where in nothing."""
    settings, tx = _tables()["settings"], row.tx
    usual = replace(tx, val_text=None) if tx else None
    found = {
        "encoder": tx is not None and tx.encoder != settings["encoder"],
        "recipe": row.setting.recipe != settings["recipe"],
        "training set": row.setting.limit_train is not None,
        "validation text": tx != usual,
        "epoch": epoch == "last",
        text_of(row.changes): bool(row.changes),
    }
    return tuple(what for what, is_so in found.items() if is_so)


def notes(rows: Iterable[Row], epoch: Shown) -> list[str]:
    """What must be said where the paper's numbers stand beside those of `rows`."""
    rows = list(rows)
    if not rows:
        return []
    found = dict.fromkeys(what for row in rows for what in differs(row, epoch))
    told = [f"Settings differ from the paper's: {', '.join(found)}."] if found else []
    return [_NO_SPREAD, *told]


def to_json(numbers: Numbers, row: Row, epoch: Shown) -> dict[str, Any] | None:
    """The paper's numbers, and what ours did otherwise."""
    return {**numbers, "settings_differ": list(differs(row, epoch))} if numbers else None


def _is_fixed(row: Row) -> bool:
    """Whether the noun bank is not learned: the paper tells of that in Table 3 alone."""
    return dict(row.tx_changes).get(TEXT_UPDATE) == FIXED


def _line(table: str, dataset: str, wn: int = 0, noise: int = 0) -> Numbers:
    at = {"dataset": dataset, "wn": wn, "noise": noise}
    for line in _tables()[table]:
        if {"wn": 0, "noise": 0} | {k: v for k, v in line.items() if k in at} == at:
            return {name: float(value) for name, value in line.items() if name not in at}
    return {}


@cache
def _tables() -> dict[str, Any]:
    text = resources.files("wnkd_tui.report").joinpath("paper.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
