"""Page 7: the paper's tables and figures from what is measured here, one report at a time."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, cast

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from wnkd_tui.app import labelling
from wnkd_tui.app.screens.ask import Ask, Choice
from wnkd_tui.app.screens.compare.report import Report
from wnkd_tui.app.screens.compare.reports import RUNS, WORDS
from wnkd_tui.app.screens.compare.state import KNOBS, State, after, setting_label
from wnkd_tui.app.screens.compare.view import (
    Compared,
    CompareQuestion,
    Setting,
    Shelf,
    setting_of,
)
from wnkd_tui.app.screens.compare.words import EMPTY, about, exported
from wnkd_tui.app.screens.news import News
from wnkd_tui.app.screens.page import Page
from wnkd_tui.app.widgets.choices import Choices, Name
from wnkd_tui.app.widgets.find import FindBar
from wnkd_tui.app.widgets.knobs import Knob, Knobs
from wnkd_tui.store.rows import SavedFilter

_ACTIONS = ("report", "setting", "settings", "group", "epoch", "vary", "kind", "find", "export")
_WIDEST_KNOB = 38


class ComparePage(Page):
    NAME = "compare"
    AUTO_FOCUS = "#compare"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "report(1)", "Report", tooltip="The next report"),
        Binding("R", "report(-1)", "Report before", show=False),
        Binding("d", "setting", "Setting", show=False, tooltip="The next dataset, size and recipe"),
        Binding("D", "settings", "Settings", show=False, tooltip="Choose one of all settings"),
        Binding(
            "g", "group", "Group", show=False, tooltip="The next group of what may be compared"
        ),
        Binding("G", "group(-1)", "Group before", show=False),
        Binding("b", "epoch", "Best/last", show=False, tooltip="Best epoch, last, or both"),
        Binding(
            "m", "vary", "Vary", show=False, tooltip="Sweep, x axis or metric, as the report has it"
        ),
        Binding(
            "k", "kind", "Kind", show=False, tooltip="Curves of students, of T_x or of teachers"
        ),
        Binding("slash", "find", "Find", key_display="/", tooltip="Choose the trials"),
        Binding("e", "export", "Export", tooltip="Write what is on screen to a file"),
        Binding("left", "move(-1)", "Cursor left", show=False, tooltip="Read the chart's values"),
        Binding("right", "move(1)", "Cursor right", show=False, tooltip="Read the chart's values"),
        Binding("tab", "chart", "Next chart", show=False, tooltip="Cursor keys to the next chart"),
        Binding("escape", "leave", "No cursor", show=False, tooltip="Take the cursor away"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._state = State()
        self._shelf = Shelf()
        self._news = News()

    def body(self) -> ComposeResult:
        yield Static(EMPTY, classes="empty")
        yield Choices("r", WORDS, classes="detail")
        with Knobs(min_column_width=_WIDEST_KNOB, classes="detail"):
            for name, key in KNOBS.items():
                yield Knob(key, name)
        yield FindBar("trials")
        yield Report(id="compare", classes="detail")

    def kept(self) -> dict[str, Any]:
        return self._state.to_dict()

    def restore(self, kept: Mapping[str, Any]) -> None:
        self._state = State.of(kept)
        self.query_one(FindBar).put(self._state.overlay.text)

    def question(self) -> CompareQuestion:
        at = self._state
        overlay = replace(at.overlay, marked=self.wnkd.marked if at.report == RUNS else ())
        return CompareQuestion(at.report, at.setting, at.group, at.options, overlay, self._shelf)

    def show(self, answer: Compared) -> None:
        nothing = answer.view is None and not any(row.done for row in answer.settings)
        with self.app.batch_update():
            self.set_class(nothing, "-empty")
            self.refresh_bindings()
            self._tell(answer)
            self._draw(answer)

    def _tell(self, answer: Compared) -> None:
        """Which report this is, and what it is turned to."""
        if self._news.of("report", self._state.report, self.wnkd.theme):
            self.query_one(Choices).tell(self._state.report, self.wnkd.inks)
        asked = cast("CompareQuestion", self.answered)
        for name, value in self._state.told(answer, asked).items():
            knob = self.query_one(f"#knob-{name}", Knob)
            knob.display = name in self._state.knobs
            if knob.display and self._news.of(name, value, self.wnkd.theme):
                knob.tell(value, self.wnkd.inks)
        bar = self.query_one(FindBar)
        bar.display = self._state.report == RUNS and bool(
            self._state.overlay.text or bar.has_focus_within
        )
        if picked := answer.picked:
            bar.tell(picked.trials, picked.total, picked.error, picked.saved)

    def _draw(self, answer: Compared) -> None:
        words = Text.assemble(
            (WORDS[self._state.report], self.wnkd.inks["faint"]), "\n", (about(answer), "bold")
        )
        self._report.tell(words, answer.view, self.wnkd.inks)

    @property
    def _report(self) -> Report:
        return self.query_one(Report)

    def action_move(self, by: int) -> None:
        self._report.move(by)

    def action_chart(self) -> None:
        self._report.turn()

    def action_leave(self) -> None:
        self._report.leave()

    # What can be turned.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        answer: Compared | None = self.answer
        if answer is None:
            return action not in _ACTIONS
        knobs = self._state.knobs if not self.has_class("-empty") else ()
        runs = bool({"kind"} & set(knobs))
        possible = {
            "report": bool(knobs),
            "setting": "setting" in knobs and len(answer.settings) > 1,
            "settings": "setting" in knobs and len(answer.settings) > 1,
            "group": "group" in knobs and answer.groups > 1,
            "epoch": "epoch" in knobs,
            "vary": any(KNOBS[knob] == "m" for knob in knobs),
            "kind": runs,
            "find": runs,
            "export": answer.view is not None,
            "leave": self._report.reads,
        }
        return possible.get(action, True)

    def _turn(self, state: State) -> None:
        """Shows at once what was turned; asks for what it leads to when that is painted, lest the
        answer's reading or drawing hold it up."""
        self._state = state
        if self.answer:
            self._tell(self.answer)
        self.call_after_refresh(self.ask)

    def action_report(self, by: int) -> None:
        self._turn_to(self._state.report_after(by))

    @on(Name.Pressed)
    def _press(self, event: Name.Pressed) -> None:
        self._turn_to(self._state.at(event.name))

    def _turn_to(self, state: State) -> None:
        self._report.scroll_home(animate=False)
        self._turn(state)

    def action_setting(self) -> None:
        every = [setting_of(row) for row in self.answer.settings]
        now = self._state.setting
        self._set(after(now if now in every else self.answer.setting, every))

    def _set(self, setting: Setting | None) -> None:
        self._turn(replace(self._state, setting=setting, group=0))

    def action_settings(self) -> None:
        """All of them as a list."""
        rows = self.answer.settings
        places = [setting_of(row) for row in rows]
        choices = [
            Choice("", f"{setting_label(place)}  {row.done:,} of {row.trials:,} trials", str(i))
            for i, (place, row) in enumerate(zip(places, rows, strict=True))
        ]

        def answer(value: str | None) -> None:
            if value:
                self._set(places[int(value)])

        self.app.push_screen(Ask("Which setting?", choices), answer)

    def action_group(self, by: int = 1) -> None:
        self._turn(replace(self._state, group=self._state.group + by))

    def action_epoch(self) -> None:
        self._turn(self._state.epoch_turned())

    def action_vary(self) -> None:
        picked = self.answer.picked
        metrics, metric = (picked.metrics, picked.metric) if picked else ((), "")
        self._turn(self._state.varied(metrics, metric))

    def action_kind(self) -> None:
        self._turn(self._state.kind_turned())

    @on(Knob.Turned)
    async def _turned(self, event: Knob.Turned) -> None:
        await self.run_action("vary" if KNOBS[event.name] == "m" else event.name)

    # Which runs.

    def action_find(self) -> None:
        bar = self.query_one(FindBar)
        bar.display = True
        bar.open()

    @on(FindBar.Changed)
    def _find(self, event: FindBar.Changed) -> None:
        self._turn(replace(self._state, overlay=replace(self._state.overlay, text=event.text)))

    @on(FindBar.Named)
    def _save(self, event: FindBar.Named) -> None:
        kept = SavedFilter(event.name, "trials", event.text, "", False)
        self.wnkd.deeds.do(partial(labelling.save, search=kept))

    def action_export(self) -> None:
        from wnkd_tui.app.screens.compare.export import Export  # late: few export

        answer: Compared = self.answer
        if answer.view:
            self.app.push_screen(Export(exported(self._state, answer, answer.view)))
