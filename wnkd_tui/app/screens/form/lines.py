"""The form's lines and what stands in them."""

from collections.abc import Collection, Sequence

from textual.containers import Horizontal
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Checkbox, Input, Label, Select

from engine.spec import Teachers

STUDENTS = {
    "alone": Teachers.NONE,
    "T_m": Teachers.TM,
    "T_x": Teachers.TX,
    "T_m+T_x": Teachers.TM_TX,
    "T_1s+T_2w+T_3s": Teachers.ENSEMBLE,
}


class Box(Checkbox):
    """A tick where it is on: Textual's own tells on from off by colour alone."""

    @property
    def BUTTON_INNER(self) -> str:  # type: ignore[override]
        return "✓" if self.value else " "


def students(chosen: Collection[Teachers]) -> Horizontal:
    """A box for each kind of student, by who teaches it."""
    boxes = (
        Box(words, teachers in chosen, name=teachers.value, compact=True)
        for words, teachers in STUDENTS.items()
    )
    return Horizontal(Label("students"), *boxes, classes="line")


def line(*fields: tuple[str, Widget]) -> Horizontal:
    """Labelled fields beside each other."""
    parts = (part for label, field in fields for part in (Label(label), field))
    return Horizontal(*parts, classes="line")


def entry(name: str, value: str, placeholder: str, suggester: Suggester | None = None) -> Input:
    return Input(
        value, placeholder, id=name, compact=True, select_on_focus=False, suggester=suggester
    )


def chosen_in(
    name: str, values: Sequence[str], blank: str = "", chosen: str | None = None
) -> Select[str]:
    """`blank` is what stands where nothing is chosen; without it something must be."""
    options = [(str(value), str(value)) for value in values if value]
    named = {"prompt": blank or name, "allow_blank": bool(blank), "id": name, "compact": True}
    if chosen:
        named["value"] = str(chosen)
    return Select(options, **named)  # type: ignore[arg-type]
