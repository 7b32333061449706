"""By what a list can be sorted, which is all that a filter can name, and the column that shows it
where the list has none of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from rich.text import Text

from wnkd_tui.app.progress import duration, moment
from wnkd_tui.app.screens.ask import Ask, Choice
from wnkd_tui.app.widgets.columns import Column
from wnkd_tui.store.find.fields import TABLES

_MEASURED = ("number", "time", "duration")
_NARROW, _BROAD = 8, 14  # cells of what is measured, and of words
Value = str | float | None


class Numbered(Protocol):
    """A row of a list: a trial or a job."""

    @property
    def id(self) -> int: ...


Row = TypeVar("Row", bound=Numbered)


def greatest_first(what: str, field: str, own: Mapping[str, bool]) -> bool:
    """Which way a list of `what` is sorted by a field at first: as `own` says, else quantities and
    times from the greatest down."""
    if field in own or not field:
        return own.get(field, False)
    return TABLES[what].fields[field].kind in _MEASURED


def asking(what: str, sort: str) -> Ask:
    """The dialog that asks for a field to sort by, "" for the list's own order; `sort` is now's."""
    fields = TABLES[what].fields
    width = max(map(len, fields))
    told = {"": "the list's own order"} | {
        name: f"{name.ljust(width)}  {field.words}" for name, field in fields.items()
    }
    signs = {name: "●" if name == sort else " " for name in told}
    choices = [Choice("", f"{signs[name]} {words}", name) for name, words in told.items()]
    return Ask(f"Sort {what} by", choices)


def with_sorted(
    columns: Sequence[Column[Row]],
    what: str,
    sort: str,
    values: Mapping[int, Value],
    now: float,
    ink: str,
) -> list[Column[Row]]:
    """The columns of a list that is sorted by the field `sort`: that field's own one at any width;
    where it has none, one of `values` by the rows' ids, which stands before the last that grows.
    `now` is what times are told from (UTC seconds)."""
    if not sort:
        return list(columns)
    if any(column.field == sort for column in columns):
        return [replace(one, room=0) if one.field == sort else one for one in columns]
    kind = TABLES[what].fields[sort].kind

    def cell(row: Row, _: int) -> Text:
        return Text(_told(values.get(row.id), kind, now), style=ink)

    measured = kind in _MEASURED
    width = _NARROW if measured else _BROAD
    shown = Column(sort.capitalize(), cell, width, right=measured, field=sort)
    place = max(i for i, one in enumerate(columns) if one.grow and not one.room) + 1
    return [*columns[:place], shown, *columns[place:]]


def _told(value: Value, kind: str, now: float) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if kind == "time":
        return moment(value, now)
    return duration(value) if kind == "duration" else f"{round(value, 2):g}"
