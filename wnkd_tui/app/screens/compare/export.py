"""The dialog that writes what is on screen to a file: in which form, and where."""

import asyncio
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Key
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from engine.errors import SpecError
from wnkd_tui.app.screens.ask import Ask, Choice
from wnkd_tui.app.screens.dialog import Dialog
from wnkd_tui.report.export import FORMS, Exported, Form, form_of, write

_KEYS: dict[Form, str] = {"png": "p", "svg": "s", "csv": "c", "md": "m", "tex": "l"}
_NAMES: dict[Form, str] = {
    "png": "PNG",
    "svg": "SVG",
    "csv": "CSV",
    "md": "Markdown",
    "tex": "LaTeX",
}
_HINT = "enter writes the file, tab goes to its name and back"


class Export(Dialog[None]):
    """`folder` is where the file is to lie, unless its path is changed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Back")]

    def __init__(self, what: Exported, folder: Path | None = None) -> None:
        super().__init__()
        self._what = what
        self._folder = folder or Path.cwd()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog export"):
            yield Static("Export what is on screen", classes="question")
            yield OptionList(*(self._option(form) for form in FORMS), compact=True)
            yield Input(id="export-path", compact=True)
            yield Static(_HINT, id="export-told", markup=False)

    def _option(self, form: Form) -> Option:
        lacks = self._what.lacks(form)
        words = Text.assemble(
            (_KEYS[form], "bold"), f"  {_NAMES[form]:<9} ", (lacks or FORMS[form], "dim")
        )
        return Option(words, form, disabled=lacks is not None)

    def on_mount(self) -> None:
        forms = self.query_one(OptionList)
        first = next((i for i, form in enumerate(FORMS) if self._what.lacks(form) is None), None)
        self._path.value = str(self._folder / f"{self._what.name}.{list(FORMS)[first or 0]}")
        forms.highlighted = first
        forms.focus()

    @property
    def _path(self) -> Input:
        return self.query_one("#export-path", Input)

    def on_key(self, event: Key) -> None:
        """A form's letter, unless it is typed into the path."""
        chosen = [i for i, form in enumerate(FORMS) if event.key == _KEYS[form]]
        if chosen and not self._path.has_focus:
            event.stop()
            forms = self.query_one(OptionList)
            if not forms.get_option_at_index(chosen[0]).disabled:
                forms.highlighted = chosen[0]
            else:
                self._tell(self._what.lacks(list(FORMS)[chosen[0]]) or "", wrong=True)

    @on(OptionList.OptionHighlighted)
    def _form(self, event: OptionList.OptionHighlighted) -> None:
        """The path's ending follows the form."""
        typed = Path(self._path.value)
        known = typed.suffix.lower().lstrip(".") in FORMS
        stem = typed.with_suffix("") if known else typed
        self._path.value = f"{stem}.{event.option_id}"
        self._tell(_HINT)

    @on(OptionList.OptionSelected)
    @on(Input.Submitted)
    def _write(self) -> None:
        self._put(replace=False)

    @work(exclusive=True)
    async def _put(self, *, replace: bool) -> None:
        """Drawing takes a second or so: in a thread, while the dialog says that it does."""
        path = Path(self._path.value).expanduser()
        try:
            form_of(path)
            if path.is_file() and not replace:
                self._ask(path)
                return
            self._tell("writing…")
            await asyncio.to_thread(write, self._what, path, replace=replace)
        except SpecError as error:
            self._tell(str(error), wrong=True)
            return
        self.app.notify(f"wrote {path}", markup=False)
        self.dismiss(None)

    def _ask(self, path: Path) -> None:
        def answer(value: str | None) -> None:
            if value:
                self._put(replace=True)

        choices = [Choice("o", "write over it", "over"), Choice("b", "back, to another name", "")]
        self.app.push_screen(Ask(f"{path} is there already.", choices), answer)

    def _tell(self, words: str, *, wrong: bool = False) -> None:
        told = self.query_one("#export-told", Static)
        told.set_class(wrong, "-wrong")
        told.update(words)
