"""Saved configurations: the form is kept under a name, or filled from one of them."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from engine.errors import WnkdError
from wnkd_tui.app.screens.ask import Ask, Choice
from wnkd_tui.app.screens.dialog import Dialog
from wnkd_tui.app.widgets.columns import Column
from wnkd_tui.app.widgets.footer import Footer
from wnkd_tui.app.widgets.rows import Rows
from wnkd_tui.home import Home
from wnkd_tui.queue import configs
from wnkd_tui.queue.configs import Saved
from wnkd_tui.queue.fields import Fields


@dataclass(frozen=True)
class Loaded:
    """A configuration by its name, to be edited."""

    name: str
    fields: Fields


class SavedConfigurations(Dialog[Loaded | None]):
    """Dismissed with what fills the form, or None. `held` is what the form holds, None where there
    is no form; `name` is what that was loaded as."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "clone", "Clone", tooltip="Save it again, under a name of its own"),
        Binding("x", "remove", "Remove", tooltip="Forget it; what was queued stays"),
        Binding("tab", "app.focus_next", "Name/list", tooltip="To the name, or to the list"),
        Binding("escape", "dismiss", "Back", tooltip="Back, with nothing changed"),
    ]

    def __init__(self, find: Callable[[], Home], held: Fields | None, name: str = "") -> None:
        super().__init__()
        self._find, self._held, self._named = find, held, name

    def compose(self) -> ComposeResult:
        columns = [
            Column[Saved]("Name", lambda one, _: Text(one.name, "bold"), width=16, grow=1),
            Column[Saved]("Saved", lambda one, _: Text(_when(one.at)), width=12),
            Column[Saved]("What", self._what, width=24, grow=4),
        ]
        with Vertical(classes="dialog choose"):
            yield Static("Saved configurations", classes="question")
            name = Input(self._named, "a name: enter saves the form under it", id="name")
            name.compact = True
            name.display = self._held is not None
            yield name
            yield Static(id="told", markup=False)
            yield Rows(columns, lambda one: one.name, id="saved")
        yield Footer()

    def on_mount(self) -> None:
        self._list()
        there = self._rows.key is not None
        (self._rows if there or self._held is None else self.query_one(Input)).focus()

    @property
    def _rows(self) -> Rows[Saved]:
        return self.query_one("#saved", Rows)

    @property
    def _inks(self) -> Mapping[str, str]:
        inks: Mapping[str, str] = cast(Any, self.app).inks
        return inks

    def _list(self) -> None:
        found = configs.saved(self._find())
        self._rows.show(found)
        how = "n opens the form, and ctrl+o there" if self._held is None else "a name above"
        self.query_one("#told", Static).update("" if found else f"none yet: {how} saves one")
        self.refresh_bindings()

    def _what(self, one: Saved, _: int) -> Text:
        if isinstance(one.fields, str):
            return Text(f"✗ {one.fields}", style=self._inks["state-failed"])
        return Text(configs.told(one.fields), style=self._inks["faint"])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("clone", "remove"):
            return self.is_mounted and self._rows.key is not None
        return True

    def _do(self, deed: Callable[[Home], None]) -> None:
        """A deed that changes the list, or a line that says why not."""
        try:
            deed(self._find())
        except (WnkdError, OSError) as error:
            self.query_one("#told", Static).update(f"✗ {error}")
            return
        self._list()

    @on(Input.Submitted)
    def _save(self, event: Input.Submitted) -> None:
        name, held = event.value.strip(), self._held
        if not name or held is None:
            return

        def deed(home: Home) -> None:
            configs.save(home, name, held)
            self.notify(f"saved {name}", markup=False)
            self.dismiss(Loaded(name, held))

        if name == self._named or name not in {one.name for one in configs.saved(self._find())}:
            self._do(deed)
        else:
            self._ask(f"Replace the configuration {name}?", "replace it", deed)

    @on(Rows.Chosen)
    def _load(self, event: Rows.Chosen) -> None:
        one: Saved = event.row
        if isinstance(one.fields, str):
            self.query_one("#told", Static).update(f"✗ {one.fields}")
        else:
            self.dismiss(Loaded(one.name, one.fields))

    def action_clone(self) -> None:
        name = str(self._rows.key)

        def deed(home: Home) -> None:
            made = configs.clone(home, name)
            self.call_after_refresh(lambda: self._rows.go_to(made))

        self._do(deed)

    def action_remove(self) -> None:
        name = str(self._rows.key)
        self._ask(
            f"Remove the configuration {name}?", "remove it", lambda h: configs.delete(h, name)
        )

    def _ask(self, question: str, yes: str, deed: Callable[[Home], None]) -> None:
        def answer(value: str | None) -> None:
            if value:
                self._do(deed)

        choices = [Choice("n", "keep it", ""), Choice("y", yes, "yes")]
        self.app.push_screen(Ask(question, choices), answer)


def _when(at: float) -> str:
    return time.strftime("%d %b %H:%M", time.localtime(at))
