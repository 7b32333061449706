"""The tables of docs/speed.md that tell whether speed costs accuracy."""

from collections.abc import Mapping
from typing import Any

from pages import measured, text_sheet

from wnkd_tui.queue.wording import count
from wnkd_tui.report.sheet import Sheet
from wnkd_tui.report.stats import Difference, Stat

TOP_K = "top-"  # the one feature that the recipe as it is does not have at these sizes


def sheets(record: Mapping[str, Any]) -> dict[str, Sheet]:
    return {f"features {name}": _sheet(name, found) for name, found in record.items()}


def _sheet(dataset: str, found: Mapping[str, Any]) -> Sheet:
    recipe = found["recipe"]
    rows = []
    for name, others in found["otherwise"].items():
        with_it, without = (others, recipe) if name.startswith(TOP_K) else (recipe, others)
        pairs = zip(with_it, without, strict=True)
        told = Difference.of(dict(enumerate(one - other for one, other in pairs)))
        same = name in found["same_bits"]
        rows.append(
            [
                *name.split(" | "),
                _text(with_it),
                _text(without),
                "same bits" if same or told is None else told.text(2),
                "" if same or told is None else "yes" if told.certain else "no",
            ]
        )
    rows += [[*name.split(" | "), "not run: no GPU", "", "", ""] for name in found["not_run"]]
    heads = ["feature", "instead", "with", "without", "difference, 95 %", "told apart"]
    settings = ", ".join(f"{name}={value}" for name, value in found["changes"].items())
    limit = f"{found['limit_train']:,} images, " if found["limit_train"] else ""
    caption = f"{limit}recipe fast with {settings}; stand-in encoder; {count(len(recipe), 'seed')}"
    notes = ["Student's top-1 in percent at the last epoch, ± sd over seeds.", measured(found)]
    return text_sheet(dataset, caption, heads, rows, notes, words=2)


def _text(values: list[float]) -> str:
    stat = Stat.of(dict(enumerate(values)))
    return stat.text(2) if stat else ""
