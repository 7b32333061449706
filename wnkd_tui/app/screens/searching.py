"""What pages of a long list have in common: a line that filters it, and any order of it."""

import sqlite3
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar, Final, Generic, TypeVar

from textual import on
from textual.binding import Binding

from wnkd_tui.app import labelling
from wnkd_tui.app.listing import Listing
from wnkd_tui.app.poller import Source
from wnkd_tui.app.screens.page import Page
from wnkd_tui.app.screens.sorting import Numbered, Value, asking, greatest_first, with_sorted
from wnkd_tui.app.widgets.columns import Column
from wnkd_tui.app.widgets.find import FindBar
from wnkd_tui.app.widgets.rows import Rows
from wnkd_tui.store import queries
from wnkd_tui.store.find import labels
from wnkd_tui.store.find.fields import TABLES
from wnkd_tui.store.find.language import FilterError
from wnkd_tui.store.find.listing import Search, job_ids, sorted_values, trial_ids
from wnkd_tui.store.rows import SavedFilter

Row = TypeVar("Row", bound=Numbered)
_IDS: Final[Mapping[str, Callable[[sqlite3.Connection, Search], Sequence[int]]]] = {
    "trials": trial_ids,
    "jobs": job_ids,
}


def searching() -> list[Binding]:
    """The keys; the footer has no room for the order."""
    return [
        Binding("slash", "find", "Find", key_display="/", tooltip="Show those that fit a filter"),
        Binding("s", "sort", "Sort", show=False, tooltip="Sort by the next column"),
        Binding("o", "order", "Sort by…", show=False, tooltip="Pick what to sort by"),
        Binding("S", "reverse", "Turn the order", show=False, tooltip="Sort the other way round"),
    ]


@dataclass(frozen=True)
class Known:
    """What completes a filter: those that are saved, and by field the values that there are."""

    saved: tuple[SavedFilter, ...] = ()
    values: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Found(Generic[Row]):
    """`total` counts without a filter; `error` says in a line why the filter cannot be used;
    `sorted` is what rows of the window are sorted by, by their ids."""

    listing: Listing[Row] = field(default_factory=Listing)
    total: int = 0
    error: str | None = None
    known: Known = field(default_factory=Known)
    sorted: Mapping[int, Value] = field(default_factory=dict)


def find(
    source: Source, what: str, search: Search, deserted: str
) -> tuple[Sequence[int], str | None]:
    """The trials or jobs (`what`) that a search finds, or none and what is wrong with it; looked
    for again when other jobs are `deserted`, which the database does not know."""
    conn = source.conn

    def ids() -> Sequence[int]:
        text, _ = labels.expanded(conn, what, search.text)
        return _IDS[what](conn, replace(search, text=text))

    try:
        return source.once((what, search, deserted), ids), None
    except FilterError as wrong:
        return (), str(wrong)


def values(
    source: Source, what: str, search: Search, ids: Sequence[int], deserted: str
) -> Mapping[int, Value]:
    """What these are sorted by; nothing where they are in their list's own order."""
    if not search.sort or not ids:
        return {}
    return source.once(
        (what, search.sort, tuple(ids), deserted),
        lambda: sorted_values(source.conn, what, search.sort, ids),
    )


def known(source: Source) -> Known:
    return source.once("known", lambda: _known(source.conn))


def _known(conn: sqlite3.Connection) -> Known:
    settings = queries.settings(conn)
    values = {
        "dataset": tuple(dict.fromkeys(row.dataset for row in settings)),
        "recipe": tuple(dict.fromkeys(row.recipe for row in settings)),
        "tag": tuple(labels.tags(conn)),
    }
    return Known(tuple(labels.saved(conn)), values)


class SearchingPage(Page, Generic[Row]):
    """It has one `FindBar` and one `Rows`. Its question holds `search`, `rows.window` and
    `completing`, its answer is `Found`, which `show` gives to `found`."""

    WHAT: ClassVar[str]  # trials or jobs
    # What can be sorted by, in the turn of the key; and whether the greatest come first then.
    SORTS: ClassVar[Mapping[str, bool]]

    def __init__(self) -> None:
        super().__init__()
        self.search = Search()
        self.completing = False  # from the first time that a filter is written
        self._drawn: Listing[Row] | None = None
        self._look: object = None  # how it was drawn

    @property
    def rows(self) -> Rows[Row]:
        return self.query_one(Rows)

    @property
    def bar(self) -> FindBar:
        return self.query_one(FindBar)

    @abstractmethod
    def columns(self) -> Sequence[Column[Row]]:
        """The list's own columns."""

    def kept(self) -> dict[str, Any]:
        search = self.search
        return {"find": search.text, "sort": search.sort, "down": search.down}

    def restore(self, kept: Mapping[str, Any]) -> None:
        search = Search(str(kept["find"]), str(kept["sort"]), bool(kept["down"]))
        if search.sort and search.sort not in TABLES[self.WHAT].fields:
            raise ValueError(search.sort)
        self.search = search
        self.bar.put(search.text)

    def found(self, answer: Found[Row], look: object = None) -> None:
        """Says how much was found and lists it, drawn anew where `look` is another than before; a
        filter that cannot be used leaves the list."""
        listing, total, error = answer.listing, answer.total, answer.error
        shown = len(listing.keys)
        self.set_class(not total, "-empty")
        self.bar.tell(shown, total, error, answer.known.saved, answer.known.values)
        if error is None:
            self._draw(listing, answer.sorted, look)

    def _draw(self, listing: Listing[Row], values: Mapping[int, Value], look: object) -> None:
        """The lines that are others; of another order or look all, and the head."""
        rows, sort = self.rows, self.search.sort
        ink = self.wnkd.inks["faint"]
        look = sort, self.search.down, values, ink, look
        if listing == self._drawn and look == self._look:
            return
        if look != self._look:
            self._look = look
            rows.order = sort, self.search.down
            now = self.wnkd.clock()
            rows.columns = with_sorted(self.columns(), self.WHAT, sort, values, now, ink)
            rows.refresh()
        self._drawn = listing
        rows.list(listing)

    def look_for(self, search: Search) -> None:
        if search != self.search:
            self.search = search
            self.ask()

    @on(FindBar.Changed)
    def _find(self, event: FindBar.Changed) -> None:
        """A saved filter brings its order."""
        order = event.saved or self.search
        self.look_for(Search(event.text, order.sort, order.down))

    @on(FindBar.Named)
    def _save(self, event: FindBar.Named) -> None:
        search = self.search
        kept = SavedFilter(event.name, self.WHAT, event.text, search.sort, search.down)
        self.wnkd.deeds.do(partial(labelling.save, search=kept))

    @on(Rows.Wanted)
    def _want(self, _: Rows.Wanted) -> None:
        self.ask()

    @on(Rows.Headed)
    def _headed(self, event: Rows.Headed) -> None:
        """A second click turns the order, a third one takes it off."""
        search = self.search
        if event.field != search.sort:
            self._sort(event.field)
        elif search.down == self._downwards(event.field):
            self.action_reverse()
        else:
            self._sort("")

    def _sort(self, field: str) -> None:
        self.look_for(Search(self.search.text, field, self._downwards(field)))

    def _downwards(self, field: str) -> bool:
        return greatest_first(self.WHAT, field, self.SORTS)

    def action_find(self) -> None:
        self.completing = True
        self.bar.open()
        self.ask()

    def action_sort(self) -> None:
        """By the next of SORTS; after the last one comes the list's own order."""
        turn = ["", *self.SORTS]
        place = turn.index(self.search.sort) if self.search.sort in turn else 0
        self._sort(turn[(place + 1) % len(turn)])

    def action_order(self) -> None:
        """By any field, whether or not it has a column."""

        def answer(field: str | None) -> None:
            if field is not None:
                self._sort(field)

        self.app.push_screen(asking(self.WHAT, self.search.sort), answer)

    def action_reverse(self) -> None:
        self.look_for(replace(self.search, down=not self.search.down))

    def searchable(self, action: str) -> bool | None:
        """Whether a key of these does something; None for another key."""
        if action in ("find", "sort", "order"):
            return not self.has_class("-empty")
        if action == "reverse":
            return bool(self.search.sort)
        return None
