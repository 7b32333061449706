"""The paper's tables and figures, each with what queueing all that it needs would add."""

import sqlite3
from collections.abc import Callable, Mapping
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from engine.changes import text_of
from engine.errors import WnkdError
from wnkd_tui.app.screens.dialog import Dialog
from wnkd_tui.app.screens.grid.places import ALL_WN, Basis
from wnkd_tui.app.widgets.footer import Footer
from wnkd_tui.home import Home
from wnkd_tui.queue.adding import TrialRequest
from wnkd_tui.queue.preview import Preview, preview
from wnkd_tui.queue.sweeps import SWEEPS, requests
from wnkd_tui.store import queries
from wnkd_tui.store.database import connect

WORDS = {
    "table1": "our student against the other methods",
    "table2": "T_x and its students over nine text mixes",
    "table3": "fixed against learned text embeddings",
    "fig2": "T_x on text alone over the wn mixes",
    "fig3": "attribution of T_x over nine text mixes",
    "leakage": "what label text gives away on validation",
}


class Weighed(Message):
    """What the sweep `name` would add, or in a line why it cannot be queued."""

    def __init__(self, name: str, requests: list[TrialRequest], told: Preview | str) -> None:
        super().__init__()
        self.name, self.requests, self.told = name, requests, told


class SweepList(Dialog[list[TrialRequest] | None]):
    """Dismissed with the requests of the chosen sweep, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Back")]

    def __init__(self, find: Callable[[], Home], basis: Basis, inks: Mapping[str, str]) -> None:
        super().__init__()
        self._find, self._basis, self._inks = find, basis, inks
        self._weighed: dict[str, Weighed] = {}

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog sweeps"):
            yield Static(self._title(), classes="question", markup=False)
            yield OptionList(*(Option(self._line(name), name) for name in SWEEPS), compact=True)
        yield Footer()

    def on_mount(self) -> None:
        weigh = partial(weighed, self._basis, self._find, self.post_message)
        self.run_worker(weigh, thread=True)

    def _title(self) -> str:
        basis = self._basis
        changed = f" with {text_of(basis.changes)}" if basis.changes else ""
        seeds = f"seed{'s' * (len(basis.seeds) > 1)} {','.join(map(str, basis.seeds))}"
        on = f"{basis.dataset}, recipe {basis.recipe}{changed}, {seeds}"
        return f"Queue a whole sweep: {on}"

    def _line(self, name: str) -> Text:
        faint = self._inks["faint"]
        text = Text.assemble((f"{name:<8}", "bold"), WORDS[name], "\n  ")
        if (known := self._weighed.get(name)) is None:
            return text.append("…", faint)
        if isinstance(known.told, str):
            return text.append(f"✗ {known.told}", self._inks["state-failed"])
        text.append(known.told.text(), faint)
        return text.append(
            f"\n  {known.told.estimate.text}" if known.told.new_trials else "", faint
        )

    @on(Weighed)
    def _tell(self, event: Weighed) -> None:
        self._weighed[event.name] = event
        options = self.query_one(OptionList)
        options.replace_option_prompt(event.name, self._line(event.name))

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        known = self._weighed.get(str(event.option_id))
        if known and isinstance(known.told, Preview):
            self.dismiss(known.requests)


def weighed(basis: Basis, find: Callable[[], Home], post: Callable[[Message], object]) -> None:
    """Posts for every sweep what it would add. The body of a thread."""
    base = TrialRequest(
        mixes=(ALL_WN,),
        seeds=basis.seeds,
        dataset=basis.dataset,
        recipe=basis.recipe,
        encoder=basis.encoder,
        limit_train=basis.limit_train,
        changes=basis.changes,
    )
    for name in SWEEPS:
        asked: list[TrialRequest] = []
        try:
            home = find()
            conn = connect(home)
            try:
                asked = requests(name, base, queries.dataset(conn, basis.dataset))
                told: Preview | str = preview(home, conn, asked)
            finally:
                conn.close()
        except (WnkdError, sqlite3.Error, OSError) as error:
            told = str(error)
        post(Weighed(name, asked, told))
