"""The line above a list that says which of its rows are shown.

`/` opens it, escape and enter go back to the list. An empty one disappears, a set one stays as a
line that tells how much of the list is left, or what is wrong with it.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import DescendantBlur, DescendantFocus
from textual.message import Message
from textual.suggester import Suggester
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input, Static

from wnkd_tui.app.widgets.find_words import Words, named
from wnkd_tui.store.rows import SavedFilter

_PAUSE = 0.03  # seconds without a key before the list follows
_WIDTH = 200  # of the hints, cut by the screen


class FindBar(Vertical):
    """`what` is trials or jobs. The page opens it, hears `Changed` and answers with `tell`."""

    DEFAULT_CSS = """
    FindBar {
        display: none;
        height: auto;
        padding: 0 1;
        &.-set, &.-open { display: block; }
        & .line { height: 1; }
        & .slash { width: 2; color: $accent; text-style: bold; }
        & Input { width: 1fr; background: $background; }
        & .told { width: 18; text-align: right; color: $text-muted; }
        & .hints { display: none; height: 1; color: $faint; text-wrap: nowrap; }
        &.-open .hints { display: block; }
        &.-wrong .hints { display: block; height: auto; color: $error; text-wrap: wrap; }
        & .naming { display: none; height: 1; & Label { width: auto; } }
        &.-naming .naming { display: block; layout: horizontal; }
        &.-naming .hints { display: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "To the list"),
        Binding("down", "close", "To the list", show=False),
        Binding("ctrl+s", "name", "Save filter"),
    ]

    class Changed(Message):
        """Other rows are wanted: those of `text`. `saved` is a filter that it calls by its name and
        did not before, whose order is meant too."""

        def __init__(self, bar: "FindBar", text: str, saved: SavedFilter | None) -> None:
            super().__init__()
            self.bar, self.text, self.saved = bar, text, saved

        @property
        def control(self) -> "FindBar":
            return self.bar

    class Named(Message):
        """`text` is to be kept under `name`; the page adds its order."""

        def __init__(self, bar: "FindBar", name: str, text: str) -> None:
            super().__init__()
            self.bar, self.name, self.text = bar, name, text

        @property
        def control(self) -> "FindBar":
            return self.bar

    def __init__(self, what: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._words = Words(what)
        self._said = ""  # the text of the last message
        self._timer: Timer | None = None
        self._from: Widget | None = None
        self._error: str | None = None
        self._told: object = None  # by the page
        self._hinted = ""

    def compose(self) -> ComposeResult:
        with Horizontal(classes="line"):
            yield Static("/", classes="slash")
            yield Input(
                placeholder="dataset:digits wn:>=50 acc:>80",
                suggester=_Completion(self._words),
                compact=True,
                select_on_focus=False,
                id="find-text",
            )
            yield Static(classes="told")
        yield Static(classes="hints")
        with Horizontal(classes="naming"):
            yield Static("save as ", classes="slash")
            yield Input(placeholder="a name for this filter", compact=True, id="find-name")

    @property
    def text(self) -> str:
        return self._input.value.strip()

    def put(self, text: str) -> None:
        """Sets the text, such as one kept from the last start; tells nobody."""
        self._said = text
        with self.prevent(Input.Changed):
            self._input.value = text
        self._input.cursor_position = len(text)
        self._look()

    def open(self) -> None:
        if not self.has_focus_within:
            self._from = self.screen.focused
        self.add_class("-open")
        self.screen.set_focus(self._input)  # at once: the next key is the filter's

    def clear(self) -> None:
        """Takes the filter off."""
        self._input.value = ""
        self._send()

    def tell(
        self,
        shown: int,
        total: int,
        error: str | None = None,
        saved: Sequence[SavedFilter] = (),
        values: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """How many rows are left of how many, or in one line what is wrong; what completes words:
        saved filters, and by field the values that there are."""
        told = (shown, total, error, saved, values)
        if told == self._told:
            return
        self._told = told
        self._words.know(saved, values or {})
        self._error = error
        left = "" if error else f"{shown:,} of {total:,}"
        self.query_one(".told", Static).update(Text(left), layout=False)
        self._look()

    @property
    def _input(self) -> Input:
        return self.query_one("#find-text", Input)

    def _look(self) -> None:
        self.set_class(bool(self._input.value.strip()), "-set")
        wrong = self._error is not None
        higher = wrong or self.has_class("-wrong")  # the one line of an error may need several
        self.set_class(wrong, "-wrong")
        hints = self._error or self._words.hints(self._input.value, self._input.cursor_position)
        if hints != self._hinted:
            self._hinted = hints
            self.query_one(".hints", Static).update(Text(hints[:_WIDTH]), layout=higher)

    def on_descendant_focus(self, _: DescendantFocus) -> None:
        self.add_class("-open")
        self._look()

    def on_descendant_blur(self, _: DescendantBlur) -> None:
        self.call_after_refresh(self._settle)

    def _settle(self) -> None:
        self.set_class(self.has_focus_within, "-open")
        if not self.has_focus_within:
            self.remove_class("-naming")

    @on(Input.Changed, "#find-text")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._timer:
            self._timer.stop()  # its reset would wait up to twice as long
        self._timer = self.set_timer(_PAUSE, self._paused)

    def _paused(self) -> None:
        self._look()
        self._send()

    def _send(self) -> None:
        if self._timer:
            self._timer.stop()
            self._timer = None
        if self.text != self._said:
            called, before = self._words.called(self.text), self._words.called(self._said)
            saved = next((one for one in called if one not in before), None)
            self._said = self.text
            self.post_message(self.Changed(self, self.text, saved))

    @on(Input.Submitted, "#find-text")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_close()

    def action_close(self) -> None:
        """Back to the list; from the name of a filter to the filter."""
        if self.has_class("-naming"):
            self.remove_class("-naming")
            self._input.focus()
            return
        self._send()
        self._look()
        if self._from and self._from.is_attached and self._from.focusable:
            self._from.focus()
        else:
            self.screen.focus_next()

    def action_name(self) -> None:
        """Asks for a name to save the filter under."""
        if self.text:
            self.add_class("-naming")
            self.query_one("#find-name", Input).focus()

    @on(Input.Submitted, "#find-name")
    def _named(self, event: Input.Submitted) -> None:
        event.stop()
        if name := named(event.value):
            self.post_message(self.Named(self, name, self.text))
            event.input.value = ""
            self.action_close()


class _Completion(Suggester):
    def __init__(self, words: Words) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._words = words

    async def get_suggestion(self, value: str) -> str | None:
        return self._words.completed(value)
