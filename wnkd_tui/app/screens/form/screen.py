"""The form for a single trial or a sweep: checked while one types, with what it would add."""

from functools import partial
from typing import Any, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Button, Checkbox, Input, Select, Static

from engine.spec import Method, Modality, Teachers, ValidationText
from wnkd_tui.app.screens.dialog import Dialog
from wnkd_tui.app.screens.form.check import Checked, Known, Listed, check, known
from wnkd_tui.app.screens.form.choose import ChooseSetting
from wnkd_tui.app.screens.form.completion import Completion
from wnkd_tui.app.screens.form.lines import chosen_in, entry, line, students
from wnkd_tui.app.screens.form.saved import Loaded, SavedConfigurations
from wnkd_tui.app.widgets.footer import Footer
from wnkd_tui.queue.adding import TrialRequest
from wnkd_tui.queue.fields import Fields, read
from wnkd_tui.queue.preview import Preview
from wnkd_tui.report.captions import encoder_label


class TrialForm(Dialog[TrialRequest | None]):
    """Dismissed with a request that can be queued, or None."""

    AUTO_FOCUS = "#wn"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "queue", "Queue", priority=True, tooltip="Queue what the form asks for"),
        Binding("ctrl+l", "settings", "Settings", priority=True, tooltip="All that can be changed"),
        Binding("ctrl+o", "saved", "Saved", priority=True, tooltip="Save this form, or load one"),
        Binding("escape", "dismiss", "Back", tooltip="Back, with nothing queued"),
    ]

    def __init__(self, fields: Fields) -> None:
        super().__init__()
        self._start = fields
        self._checked: Fields | None = None  # the last fields that were found good
        self._completion = Completion()
        self._listed: Listed | None = None
        self._known: dict[str, tuple[str, ...]] = {}  # what can be chosen, by field
        self._named = ""  # the saved configuration that the form was filled from

    def compose(self) -> ComposeResult:
        start = self._start
        texts, dataset, recipe = list(ValidationText), start.dataset, start.recipe
        changes = "stem=linear, student.tau=2: ctrl+l lists what can be changed"
        with VerticalScroll(classes="dialog form", can_focus=False):
            yield Static("New trial or sweep", classes="question", markup=False)
            yield line(
                ("wn %", entry("wn", start.wn, "such as 100, or 0,20,50")),
                ("noise %", entry("noise", start.noise, "in the place of wn")),
            )
            yield students(start.teachers)
            yield line(
                ("method", chosen_in("method", list(Method), "", start.method)),
                ("seeds", entry("seeds", start.seeds, "3 for three, or which: 0,4")),
            )
            yield line(
                ("dataset", chosen_in("dataset", [dataset], "used last", dataset)),
                ("recipe", chosen_in("recipe", [recipe], "used last", recipe)),
            )
            yield line(
                ("modality", chosen_in("modality", list(Modality), "", start.modality)),
                ("val text", chosen_in("val_text", texts, "the usual", start.val_text)),
            )
            yield line(("images", entry("images", start.limit_train, "all of the training split")))
            yield line(("encoder", entry("encoder", start.encoder, "the recipe's")))
            yield line(("changes", entry("changes", start.changes, changes, self._completion)))
            yield Static(id="told", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Queue", id="queue", variant="primary", compact=True, disabled=True)
                yield Button("Settings", id="settings", compact=True)
                yield Button("Saved", id="saved", compact=True)
                yield Button("Back", id="back", compact=True)
        yield Footer()

    def on_mount(self) -> None:
        self.run_worker(partial(known, self._find, self.post_message), thread=True)
        self._check()

    @property
    def _find(self) -> Any:
        return cast(Any, self.app).find

    @on(Known)
    def _offer(self, event: Known) -> None:
        """The datasets and recipes that there are."""
        self._known = {"dataset": event.datasets, "recipe": event.recipes}
        for name, values in self._known.items():
            select = self.query_one(f"#{name}", Select)
            chosen = select.value
            select.set_options((value, value) for value in values)
            if chosen in values:
                select.value = chosen

    @on(Listed)
    def _keep(self, event: Listed) -> None:
        self._listed = event
        self._completion.known = event.settings
        for name, meant in (("dataset", event.dataset), ("recipe", event.recipe)):
            select = self.query_one(f"#{name}", Select)
            if not isinstance(select.value, str):
                select.prompt = f"{meant} (used last)"
        encoder = self.query_one("#encoder", Input)
        encoder.placeholder = f"the recipe's: {encoder_label(event.encoder)}"

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
            recipe=chosen("recipe") or "",
            encoder=typed("encoder"),
            modality=chosen("modality") or Modality.IMG_TEXT,
            method=Method(chosen("method")),
            teachers=tuple(Teachers(box.name) for box in boxes if box.value and box.name),
            wn=typed("wn"),
            noise=typed("noise"),
            seeds=typed("seeds"),
            limit_train=typed("images"),
            val_text=chosen("val_text"),
            changes=typed("changes"),
        )

    @on(Checked)
    def _tell(self, event: Checked) -> None:
        if event.fields != self.fields():
            return
        good = isinstance(event.told, Preview)
        self._checked = event.fields if good else None
        told = self.query_one("#told", Static)
        said = f"✗ {event.told}"
        if isinstance(event.told, Preview):
            said = "\n".join((event.told.text(), *event.told.estimate.lines))
        told.update(said)
        told.set_class(not good, "-wrong")
        self.query_one("#queue", Button).disabled = not good
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What is wrong cannot be queued; the words above the buttons say why."""
        return action != "queue" or not self.query("#told.-wrong")

    @on(Button.Pressed, "#queue")
    @on(Input.Submitted)
    def action_queue(self) -> None:
        if self._checked == self.fields():
            self.dismiss(read(self._checked))

    @on(Button.Pressed, "#settings")
    def action_settings(self) -> None:
        """What can be changed; the one chosen is put into the line of changes."""
        if self._listed:
            inks = cast(Any, self.app).inks
            listed = self._listed
            self.app.push_screen(ChooseSetting(listed.recipe, listed.settings, inks), self._change)

    def _change(self, name: str | None) -> None:
        if name is None:
            return
        changes = self.query_one("#changes", Input)
        before = changes.value.strip().rstrip(",")
        changes.focus()
        changes.value = f"{before}, {name}=" if before else f"{name}="
        changes.action_end()

    @on(Button.Pressed, "#saved")
    def action_saved(self) -> None:
        """Saves the form under a name, or fills it from what was saved."""
        dialog = SavedConfigurations(self._find, self.fields(), self._named)
        self.app.push_screen(dialog, self._load)

    def _load(self, loaded: Loaded | None) -> None:
        if loaded:
            self._named = loaded.name
            self.query_one(".question", Static).update(f"New trial or sweep: {loaded.name}")
            self._fill(loaded.fields)

    def _fill(self, fields: Fields) -> None:
        """The form as if `fields` had been typed."""
        for name, typed in (
            ("wn", fields.wn),
            ("noise", fields.noise),
            ("seeds", fields.seeds),
            ("images", fields.limit_train),
            ("encoder", fields.encoder),
            ("changes", fields.changes),
        ):
            self.query_one(f"#{name}", Input).value = typed
        for name, chosen in (
            ("dataset", fields.dataset),
            ("recipe", fields.recipe),
            ("method", fields.method),
            ("modality", fields.modality),
            ("val_text", fields.val_text),
        ):
            select = self.query_one(f"#{name}", Select)
            known = self._known.get(name, ())
            if chosen and name in ("dataset", "recipe") and chosen not in known:
                # Of another home, or not yet known here: `told` says what is wrong with it.
                select.set_options((value, value) for value in [*known, str(chosen)])
            if chosen:
                select.value = str(chosen)
            else:
                select.clear()
        for box in self.query(Checkbox):
            box.value = box.name in fields.teachers

    @on(Button.Pressed, "#back")
    def _back(self) -> None:
        self.dismiss(None)
