"""The table of docs/speed.md that tells when students in one process pay."""

from collections.abc import Mapping
from typing import Any

from pages import measured, text_sheet

from wnkd_tui.report.sheet import Sheet


def sheets(record: Mapping[str, Any]) -> dict[str, Sheet]:
    cases: dict[str, list[Mapping[str, Any]]] = {}
    for row in record["rows"]:
        cases.setdefault(row["case"], []).append(row)
    heads = [
        "alone" if row["together"] == 1 else f"{row['together']} together"
        for row in next(iter(cases.values()))
    ]
    rows = [[case, *map(_text, found)] for case, found in cases.items()]
    caption = (
        f"images × students a CPU second, and times as many as alone; batch {record['batch']},"
        f" threads: {record['threads']}, medians of {record['rounds']} rounds"
    )
    sheet = text_sheet("Students together", caption, ["", *heads], rows, [measured(record)])
    return {"fused": sheet}


def _text(row: Mapping[str, Any]) -> str:
    rate = f"{row['images']:,.{0 if row['images'] >= 100 else 1}f}"
    return rate if row["together"] == 1 else f"{rate} ({row['times']:.2f})"
