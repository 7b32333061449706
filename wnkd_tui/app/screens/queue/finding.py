"""Which jobs a page of jobs shows, and in which order."""

from dataclasses import replace
from functools import partial

from textual import on

from wnkd_tui.app import labelling
from wnkd_tui.app.screens.queue import sorting
from wnkd_tui.app.screens.queue.acting import ActingPage, key
from wnkd_tui.app.screens.queue.columns import JobCells
from wnkd_tui.app.widgets.find import FindBar
from wnkd_tui.store.find.listing import Search
from wnkd_tui.store.rows import SavedFilter

FINDING = [
    key("slash", "find", "Find", "Show only jobs that are like what you type", shown=True),
    key("s", "sort", "Sort", "Sort by the next column; a click on a heading does too"),
    key("S", "reverse", "Turn the order", "Sort the other way round"),
]


class FindingPage(ActingPage):
    """Has a `FindBar`. Its list is drawn by `columns`, this very list."""

    def __init__(self) -> None:
        super().__init__()
        self.cells = JobCells()
        self.search = Search()
        self.columns = self.cells.columns(self.search)

    @on(FindBar.Changed)
    def _found(self, event: FindBar.Changed) -> None:
        search = replace(self.search, text=event.text)
        if event.saved:
            search = replace(search, sort=event.saved.sort, down=event.saved.down)
        self._look_for(search)

    @on(FindBar.Named)
    def _keep(self, event: FindBar.Named) -> None:
        search = self.search
        kept = SavedFilter(event.name, "jobs", event.text, search.sort, search.down)
        self.wnkd.deeds.do(partial(labelling.save, search=kept))

    def _look_for(self, search: Search) -> None:
        self.search = search
        self.ask()

    def sort_at(self, x: int) -> None:
        """Sorts by the column whose heading is at cell `x`."""
        rows = self.rows
        name = sorting.at(self.columns, rows.size.width - 2, x - rows.gutter.left - 2)
        if name:
            self._look_for(sorting.by(self.search, name))

    def action_find(self) -> None:
        self.query_one(FindBar).open()

    def action_sort(self) -> None:
        self._look_for(sorting.after(self.search))

    def action_reverse(self) -> None:
        self._look_for(sorting.by(self.search, self.search.sort))
