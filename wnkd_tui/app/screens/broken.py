"""What one sees while the database cannot be read: why, and what to press."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static


class Broken(ModalScreen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "app.reread", "Try again"),
        Binding("q", "app.exit_now", "Quit"),
    ]

    def __init__(self, reason: str) -> None:
        super().__init__()
        self._reason = reason

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog broken"):
            yield Static("The database cannot be used", classes="question")
            yield Static(self._reason, classes="reason", markup=False)
            yield Static("[b $accent]r[/]  try again    [b $accent]q[/]  quit")

    def tell(self, reason: str) -> None:
        """The reason after another try."""
        self.query_one(".reason", Static).update(reason)
