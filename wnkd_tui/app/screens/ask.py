"""Small dialogs: a question with a few answers, each with its key, or with a line to fill in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Key
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from wnkd_tui.app.screens.dialog import Passing

_WORDS = {"plus": "+", "minus": "-", "slash": "/"}  # keys by the sign on them


@dataclass(frozen=True)
class Choice:
    key: str
    words: str
    value: str


class _Question(Passing[str | None]):
    """Dismissed with an answer, or None by escape or a click beside it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Back", tooltip="Leave everything as it is")
    ]


class Ask(_Question):
    """Dismissed with the chosen value."""

    def __init__(self, question: str, choices: Sequence[Choice]) -> None:
        super().__init__()
        self._question, self._choices = question, choices

    def compose(self) -> ComposeResult:
        keys = {choice: _WORDS.get(choice.key, choice.key) for choice in self._choices}
        width = max(map(len, keys.values()))
        with Vertical(classes="dialog"):
            yield Static(self._question, classes="question", markup=False)
            yield OptionList(
                *(
                    Option(
                        Text.assemble((key.ljust(width), "bold"), "  ", choice.words), choice.value
                    )
                    for choice, key in keys.items()
                ),
                compact=True,
            )

    def on_key(self, event: Key) -> None:
        for choice in self._choices:
            if event.key == choice.key:
                event.stop()
                self.dismiss(choice.value)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)


class AskLine(_Question):
    """Dismissed with what was typed; `fault` says in a line what is wrong with that, or "". What is
    typed replaces `value` unless it is to be `edited`."""

    def __init__(
        self,
        question: str,
        value: str = "",
        *,
        fault: Callable[[str], str] = lambda _: "",
        placeholder: str = "",
        edited: bool = False,
    ) -> None:
        super().__init__()
        self._question, self._fault = question, fault
        self._input = Input(
            value, placeholder=placeholder, select_on_focus=not edited, compact=True
        )

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(self._question, classes="question", markup=False)
            yield self._input
            yield Static(classes="fault", markup=False)

    def on_input_changed(self, event: Input.Changed) -> None:
        self.query_one(".fault", Static).update(self._fault(event.value) if event.value else "")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if not self._fault(event.value):
            self.dismiss(event.value)


def whole(text: str, least: int, most: int) -> str:
    """What is wrong with `text` as a whole number from `least` to `most`."""
    try:
        number = int(text)
    except ValueError:
        return "a whole number is wanted"
    return "" if least <= number <= most else f"a number from {least} to {most} is wanted"
