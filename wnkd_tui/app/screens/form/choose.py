"""All settings of a recipe in a list that one can filter; one is chosen to be changed."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from wnkd_tui.app.screens.dialog import Dialog
from wnkd_tui.app.widgets.columns import Column
from wnkd_tui.app.widgets.footer import Footer
from wnkd_tui.app.widgets.rows import Rows
from wnkd_tui.queue.settings import Setting, written


class ChooseSetting(Dialog[str | None]):
    """Dismissed with the chosen setting's name, or None."""

    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Change it", priority=True),
        Binding("up", "move(-1)", "Up", show=False, priority=True),
        Binding("down", "move(1)", "Down", show=False, priority=True),
        Binding("pageup", "page(-1)", "Page up", show=False, priority=True),
        Binding("pagedown", "page(1)", "Page down", show=False, priority=True),
        Binding("escape", "dismiss", "Back"),
    ]

    def __init__(self, recipe: str, settings: Sequence[Setting], inks: Mapping[str, str]) -> None:
        super().__init__()
        self._recipe, self._settings, self._inks = recipe, settings, inks

    def compose(self) -> ComposeResult:
        columns = [
            Column[Setting]("Setting", lambda one, _: Text(one.name), width=28, grow=1),
            Column[Setting](
                "Value", lambda one, _: Text(written(one.value), "bold"), width=15, grow=1
            ),
            Column[Setting]("Otherwise", self._others, width=21, grow=2),
        ]
        with Vertical(classes="dialog choose"):
            yield Static(f"Settings of recipe {self._recipe}", classes="question", markup=False)
            yield Input(placeholder="type a part of a name", compact=True)
            yield Rows(columns, lambda one: one.name)
        yield Footer()

    def on_mount(self) -> None:
        self._rows.show(self._settings)

    @property
    def _rows(self) -> Rows[Setting]:
        return self.query_one(Rows)

    def _others(self, setting: Setting, _: int) -> Text:
        others = [one for one in setting.choices if one != written(setting.value)]
        return Text(", ".join(others), style=self._inks["faint"])

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        words = event.value.casefold().split()
        self._rows.show(
            [one for one in self._settings if all(word in one.name.casefold() for word in words)]
        )

    @on(Rows.Chosen)
    def action_choose(self) -> None:
        if setting := self._rows.row:
            self.dismiss(setting.name)

    def action_move(self, by: int) -> None:
        self._rows.action_move(by)

    def action_page(self, by: int) -> None:
        self._rows.action_page(by)
