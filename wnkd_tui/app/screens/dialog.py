"""What every dialog has in common."""

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.events import Click
from textual.screen import ModalScreen

from wnkd_tui.app.screens.steady import Steady

Result = TypeVar("Result")


class Dialog(Steady, ModalScreen[Result]):
    """A screen over a page, dismissed once: a second quick answer finds another screen on top. One
    that is answered while it opens has its widgets before it goes."""

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        if self.app.screen is not self:
            return AwaitComplete()
        if self.is_mounted:
            return super().dismiss(result)

        def later() -> None:  # what `dismiss` gives must not be awaited by this screen
            self.dismiss(result)

        self.call_later(later)
        return AwaitComplete()


class Passing(Dialog[Result]):
    """One that a click beside it dismisses, without a result."""

    def on_click(self, event: Click) -> None:
        if self.get_widget_at(event.screen_x, event.screen_y)[0] is self:
            self.dismiss(None)
