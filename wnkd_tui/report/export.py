"""Reports as files. What is written is the same from the app and from the command line."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from engine.durable import replacing
from engine.errors import SpecError
from wnkd_tui.report import files, latex
from wnkd_tui.report.picture import draw
from wnkd_tui.report.sheet import Figure, Sheet

Form = Literal["png", "svg", "csv", "md", "tex"]
FORMS: dict[Form, str] = {
    "png": "the chart as a picture of dots",
    "svg": "the chart as a picture of lines and text",
    "csv": "the table, numbers whole",
    "md": "the table for Markdown",
    "tex": "the table for LaTeX (booktabs)",
}
PICTURES: tuple[Form, ...] = ("png", "svg")
PLOTS = "pip install 'wnkd-tui[plots]'"


@dataclass(frozen=True)
class Exported:
    """What a file is made of; `name` is what it is called where nobody says otherwise. `data` is
    what CSV is made of, where that is more than the tables that people read."""

    name: str
    figures: tuple[Figure, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    data: tuple[Sheet, ...] = ()

    def lacks(self, form: Form) -> str | None:
        """Why it cannot be had in this form; None where it can."""
        if form not in PICTURES:
            return None if self.sheets else "there is no table here"
        if not any(figure.lines for figure in self.figures):
            return "there is no chart here"
        return None if find_spec("matplotlib") else f"pictures need matplotlib: {PLOTS}"


def form_of(path: Path) -> Form:
    """By its ending. Raises SpecError for one that is no report's."""
    for form in FORMS:
        if path.suffix.lower() == f".{form}":
            return form
    known = ", ".join(f".{form}" for form in FORMS)
    raise SpecError(f"{path.name}: the ending says the form, one of {known}")


def write(what: Exported, path: Path, *, replace: bool = False) -> None:
    """Writes the file in the form that its ending says, whole or not at all.

    Raises SpecError, one line, where the form cannot be had, where the file is there already and
    `replace` is not given, and where it cannot be written.
    """
    form = form_of(path)
    if reason := what.lacks(form):
        raise SpecError(reason)
    if path.is_dir():
        raise SpecError(f"{path} is a folder: give a file's name")
    if path.exists() and not replace:
        raise SpecError(f"{path} is there already")
    if form == "png" or form == "svg":
        draw([one for one in what.figures if one.lines], path, form)
        return
    sheets = what.data if form == "csv" and what.data else what.sheets
    try:
        with replacing(path) as file:
            file.write(text(sheets, form).encode())
    except OSError as error:
        raise SpecError(f"cannot write {path}: {error.strerror}") from None


def text(sheets: Sequence[Sheet], form: Form) -> str:
    """Sheets as CSV, Markdown or LaTeX."""
    if form == "csv":
        return files.as_csv(sheets)
    return files.as_markdown(sheets) if form == "md" else latex.as_latex(sheets)
