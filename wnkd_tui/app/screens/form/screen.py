"""The form for a single trial or a sweep: checked while one types, with what it would add."""

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Checkbox, Footer, Input, Label, Select, Static

from engine.spec import Modality, Teachers, ValidationText
from wnkd_tui.app.preview import Preview
from wnkd_tui.app.screens.form.check import Checked, Known, check, known
from wnkd_tui.app.screens.form.fields import Fields, read
from wnkd_tui.queue.adding import TrialRequest

STUDENTS = {
    "alone": Teachers.NONE,
    "T_x": Teachers.TX,
    "T_m": Teachers.TM,
    "T_m+T_x": Teachers.TM_TX,
}


class Box(Checkbox):
    """A tick where it is on: Textual's own tells on from off by colour alone."""

    @property
    def BUTTON_INNER(self) -> str:  # type: ignore[override]
        return "✓" if self.value else " "


class TrialForm(ModalScreen[TrialRequest | None]):
    """Dismissed with a request that can be queued, or None."""

    AUTO_FOCUS = "#wn"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "queue", "Queue", priority=True),
        Binding("escape", "dismiss", "Back"),
    ]

    def __init__(self, fields: Fields) -> None:
        super().__init__()
        self._start = fields
        self._checked: Fields | None = None  # the last fields that were found good

    def compose(self) -> ComposeResult:
        start = self._start
        with VerticalScroll(classes="dialog form", can_focus=False):
            yield Static("New trial or sweep", classes="question")
            yield _line("wn %", _input("wn", start.wn, "such as 100, or 0,20,50,80,100"))
            yield _line("noise %", _input("noise", start.noise, "in the place of wn"))
            with Horizontal(classes="line"):
                yield Label("students")
                for words, teachers in STUDENTS.items():
                    yield Box(words, teachers in start.teachers, name=teachers.value, compact=True)
            yield _line("dataset", _select("dataset", [start.dataset], "used last", start.dataset))
            yield _line("recipe", _select("recipe", [start.recipe]))
            yield _line("modality", _select("modality", list(Modality), "", start.modality))
            yield _line("encoder", _input("encoder", start.encoder, "the recipe's"))
            yield _line("seeds", _input("seeds", start.seeds, "3 for three, or which: 0,4"))
            yield _line("images", _input("images", start.limit_train, "all of the training split"))
            texts = list(ValidationText)
            yield _line("val text", _select("val_text", texts, "the usual", start.val_text))
            yield Static(id="told")
            with Horizontal(classes="buttons"):
                yield Button("Queue", id="queue", variant="primary", compact=True, disabled=True)
                yield Button("Back", id="back", compact=True)
        yield Footer(compact=True)

    def on_mount(self) -> None:
        self.run_worker(partial(known, self._find, self.post_message), thread=True)
        self._check()

    @property
    def _find(self) -> Any:
        return cast(Any, self.app).find

    @on(Known)
    def _offer(self, event: Known) -> None:
        """The datasets and recipes that there are."""
        for name, values in (("dataset", event.datasets), ("recipe", event.recipes)):
            select = self.query_one(f"#{name}", Select)
            chosen = select.value
            select.set_options((value, value) for value in values)
            if chosen in values:
                select.value = chosen

    @on(Input.Changed)
    @on(Checkbox.Changed)
    @on(Select.Changed)
    def _check(self) -> None:
        """Checks in a thread; only the newest answer counts."""
        fields = self.fields()
        self.run_worker(
            partial(check, fields, self._find, self.post_message),
            thread=True,
            exclusive=True,
            group="check",
        )

    def fields(self) -> Fields:
        """What is typed and chosen now."""

        def typed(name: str) -> str:
            return self.query_one(f"#{name}", Input).value

        def chosen(name: str) -> Any:
            value = self.query_one(f"#{name}", Select).value
            return value if isinstance(value, str) else None

        boxes = self.query(Checkbox)
        return Fields(
            dataset=chosen("dataset") or "",
            recipe=chosen("recipe") or self._start.recipe,
            encoder=typed("encoder"),
            modality=chosen("modality") or Modality.IMG_TEXT,
            teachers=tuple(Teachers(box.name) for box in boxes if box.value and box.name),
            wn=typed("wn"),
            noise=typed("noise"),
            seeds=typed("seeds"),
            limit_train=typed("images"),
            val_text=chosen("val_text"),
        )

    @on(Checked)
    def _tell(self, event: Checked) -> None:
        if event.fields != self.fields():
            return
        good = isinstance(event.told, Preview)
        self._checked = event.fields if good else None
        told = self.query_one("#told", Static)
        told.update(event.told.text() if isinstance(event.told, Preview) else f"✗ {event.told}")
        told.set_class(not good, "-wrong")
        self.query_one("#queue", Button).disabled = not good

    @on(Button.Pressed, "#queue")
    @on(Input.Submitted)
    def action_queue(self) -> None:
        if self._checked == self.fields():
            self.dismiss(read(self._checked))

    @on(Button.Pressed, "#back")
    def _back(self) -> None:
        self.dismiss(None)


def _line(label: str, widget: Widget) -> Horizontal:
    return Horizontal(Label(label), widget, classes="line")


def _input(name: str, value: str, placeholder: str) -> Input:
    return Input(value, placeholder, id=name, compact=True, select_on_focus=False)


def _select(
    name: str, values: Sequence[str], blank: str = "", chosen: str | None = None
) -> Select[str]:
    """`blank` is what stands where nothing is chosen; without it something must be."""
    options = [(str(value), str(value)) for value in values if value]
    named = {"prompt": blank or name, "allow_blank": bool(blank), "id": name, "compact": True}
    if chosen:
        named["value"] = str(chosen)
    return Select(options, **named)  # type: ignore[arg-type]
