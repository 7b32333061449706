"""By what the queue can be sorted, and how its columns say so."""

from collections.abc import Sequence
from dataclasses import replace

from wnkd_tui.app.widgets.rows import Column, fit
from wnkd_tui.store.find.listing import Search
from wnkd_tui.store.rows import JobRow

# In the turn of the key: a field of `store.find`, and the heading that shows it. The queue's own
# order comes first; those without a column of their own get one while the list is sorted by them.
SORTS = {
    "": "",
    "id": "Job",
    "state": "",
    "kind": "Kind",
    "name": "Name",
    "priority": "Prio",
    "queued": "Queued",
    "started": "Started",
    "finished": "Ended",
    "took": "Took",
}
_FIRST_DOWN = ("priority", "queued", "started", "finished", "took")  # the most or newest on top


def after(search: Search) -> Search:
    """Sorted by the next column."""
    names = list(SORTS)
    place = names.index(search.sort) if search.sort in SORTS else 0
    return by(search, names[(place + 1) % len(names)])


def by(search: Search, name: str) -> Search:
    """Sorted by `name`; where it is that already, in the other direction."""
    down = not search.down if name and name == search.sort else name in _FIRST_DOWN
    return replace(search, sort=name, down=down)


def marked(columns: Sequence[Column[JobRow]], search: Search) -> list[Column[JobRow]]:
    """The columns, the one that the list is sorted by with an arrow."""
    arrow = "▼" if search.down else "▲"
    title = SORTS.get(search.sort)
    return [
        replace(column, title=f"{column.title}{arrow}")
        if search.sort and column.title == title
        else column
        for column in columns
    ]


def at(columns: Sequence[Column[JobRow]], total: int, x: int) -> str | None:
    """What a click at cell `x` of a heading of `total` cells sorts by, None for nothing."""
    end = 0
    for column, width in fit(columns, total):
        end += width + 2
        if x < end:
            title = column.title.rstrip("▲▼")
            return next((name for name, known in SORTS.items() if name and known == title), None)
    return None
