"""Sheets as text for other programs: CSV with every number whole, and tables for Markdown."""

import csv
import io
import re
from collections.abc import Sequence

from wnkd_tui.report.sheet import Cell, Column, Sheet
from wnkd_tui.report.stats import Difference

FORMULA = ("=", "+", "-", "@")  # what starts one
ABOUT = ("table", "caption", "notes")


def as_csv(sheets: Sequence[Sheet]) -> str:
    """One table of all sheets, a line for each of their rows.

    A column of numbers becomes KEY_mean, KEY_sd, KEY_n and, where the sheets have such, KEY_half
    (of a difference's interval) and KEY_paper; what is not known is empty. Numbers are not rounded.
    `table`, `caption` and `notes` tell on every line what its numbers depend on. A text that a
    spreadsheet would take for a formula, such as a class's name, has an apostrophe before it.
    """
    names = list(dict.fromkeys(name for sheet in sheets for name in _csv_names(sheet)))
    file = io.StringIO()
    writer = csv.DictWriter(file, [*ABOUT, *names], restval="", lineterminator="\n")
    writer.writeheader()
    for sheet in sheets:
        about = dict(zip(ABOUT, (sheet.label, sheet.caption, " ".join(sheet.notes)), strict=True))
        for row in sheet.rows:
            line: dict[str, object] = dict(about)
            for column, cell in zip(sheet.columns, row, strict=True):
                line |= _csv_values(column, cell)
            writer.writerow({name: line[name] for name in (*ABOUT, *names) if name in line})
    return file.getvalue()


def as_markdown(sheets: Sequence[Sheet]) -> str:
    """GitHub's tables, each under its label and caption and above its notes."""
    return "\n".join(_markdown(sheet) for sheet in sheets)


def _csv_names(sheet: Sheet) -> list[str]:
    names: list[str] = []
    for place, column in enumerate(sheet.columns):
        if not column.number:
            names.append(column.key)
            continue
        cells = [row[place] for row in sheet.rows]
        names += [f"{column.key}_{part}" for part in ("mean", "sd", "n")]
        if any(isinstance(cell.stat, Difference) for cell in cells):
            names.append(f"{column.key}_half")
        if any(cell.paper is not None for cell in cells):
            names.append(f"{column.key}_paper")
    return names


def _csv_values(column: Column, cell: Cell) -> dict[str, object]:
    """Every part that the cell may have; the header chooses those that are written."""
    if not column.number:
        return {column.key: _no_formula(cell.shown(empty=""))}
    stat = cell.stat
    parts: dict[str, object] = {"paper": cell.paper}
    if stat:
        parts |= {"mean": stat.mean, "sd": stat.sd, "n": stat.n}
    if isinstance(stat, Difference):
        parts["half"] = stat.half
    return {f"{column.key}_{part}": value for part, value in parts.items() if value is not None}


def _no_formula(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text


def _markdown(sheet: Sheet) -> str:
    heads = [_plain(column.title) for column in sheet.columns]
    rules = ["--:" if column.number else ":--" for column in sheet.columns]
    lines = [_line(heads), _line(rules)]
    lines += [_line([_cell(cell) for cell in row]) for row in sheet.rows]
    notes = [f"- {_plain(note)}" for note in sheet.notes]
    parts = [f"**{_plain(sheet.label)}** · {_plain(sheet.caption)}", "\n".join(lines)]
    parts += ["\n".join(notes)] if notes else []
    return "\n\n".join(parts) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell) -> str:
    shown = _plain(cell.shown(empty="–"))
    if cell.rank == "best":
        shown = f"**{shown}**"
    if cell.paper is not None:
        shown += f" (paper {cell.paper:.{cell.digits}f})"
    return shown


def _plain(text: str) -> str:
    """Text that Markdown shows as it is. An underscore inside a word, as in T_x, means nothing."""
    text = " ".join(text.split())
    text = re.sub(r"([\\`*\[\]<>|~$])", r"\\\1", text)
    return re.sub(r"(?<!\w)_|_(?!\w)", r"\\_", text)
