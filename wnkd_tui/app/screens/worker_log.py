"""What workers wrote, live."""

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from engine.errors import WnkdError
from wnkd_tui.app.screens.dialog import Passing
from wnkd_tui.app.widgets.log_tail import LogTail
from wnkd_tui.app.worker import LOG, said
from wnkd_tui.home import Home

_EVERY = 0.5  # seconds between two looks


class WorkerLog(Passing[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q,W", "dismiss", "Back", tooltip="Back to the page")
    ]

    def __init__(self, find: Callable[[], Home]) -> None:
        super().__init__()
        self._find = find

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog worker-log"):
            yield Static(
                f"{LOG}: what workers started by the app wrote (escape: back)", classes="question"
            )
            yield LogTail()

    def on_mount(self) -> None:
        self._look()
        self.set_interval(_EVERY, self._look)

    def _look(self) -> None:
        self.run_worker(self._read, thread=True, exclusive=True, group="worker-log")

    def _read(self) -> None:
        try:
            lines = said(self._find())
        except (OSError, WnkdError) as error:
            lines = [f"cannot be read: {error}"]
        self.app.call_from_thread(self._tell, lines)

    def _tell(self, lines: list[str]) -> None:
        if self.is_mounted:
            self.query_one(LogTail).tell(LOG, lines)
