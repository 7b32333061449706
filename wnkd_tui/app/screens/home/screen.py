"""Page 1: how everything stands, at a glance."""

import threading
from collections.abc import Sequence
from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.events import ScreenResume, ScreenSuspend
from textual.message import Message
from textual.widgets import Static

from engine.errors import WnkdError
from wnkd_tui.app.screens.home.latest import Result
from wnkd_tui.app.screens.home.lines import Gauge, Lines, clock, gauges
from wnkd_tui.app.screens.home.section import Few, Section
from wnkd_tui.app.screens.home.view import HomeQuestion, HomeView
from wnkd_tui.app.screens.news import News
from wnkd_tui.app.screens.page import TALL, Page
from wnkd_tui.app.widgets.rows import Rows
from wnkd_tui.queue import vitals
from wnkd_tui.queue.wording import count
from wnkd_tui.report.captions import encoder_label
from wnkd_tui.store.rows import JobRow

EVERY = 2.0  # seconds between two looks at the machine
_TWO = 156  # cells from which on the sections stand in two columns: each line needs half of it
_SHORT, _LONG = 4, 12  # lines of a section at most, on a low terminal and on a high one
_AROUND = 8  # lines of header, footer, headings and margins, where nothing runs or waits
EMPTY = """[b]Nothing is queued yet.[/b] Three keys lead to a first result:

[b $accent]d[/]  queue the demo sweep: five text mixes on handwritten digits, minutes on a CPU
[b $accent]w[/]  start the worker, which does the work; you may leave meanwhile
[b $accent]7[/]  compare teacher and student

or [b $accent]n[/] queues a trial or a sweep of your own, and [b $accent]3[/] picks cells of the
paper's proportion grid. [b $accent]?[/] shows all keys."""


class Seen(Message):
    """The machine was looked at."""

    def __init__(self, found: vitals.Vitals) -> None:
        super().__init__()
        self.vitals = found


class HomePage(Page):
    NAME = "home"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "demo", "Demo", tooltip="Queue the demo sweep on handwritten digits"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._lines = Lines()
        self._foresee = False  # the first answer does without, to be there sooner
        self._vitals: vitals.Vitals | None = None
        self._away = threading.Event()
        self._news = News()

    def body(self) -> ComposeResult:
        lines = self._lines
        yield Static(EMPTY, classes="empty")
        with VerticalScroll(id="home", can_focus=False):
            yield Static(id="said", markup=False)
            with Vertical(classes="halves"):
                with Vertical(classes="half", id="work"):
                    yield Section(lines.running(), lambda job: job.id, id="running")
                    yield Section(lines.bad(), lambda job: job.id, id="bad")
                    yield Section(lines.waiting(), lambda job: job.id, id="waiting")
                with Vertical(classes="half"):
                    yield Section(lines.machine(), lambda gauge: gauge.name, id="machine")
                    yield Section(
                        lines.results(), lambda result: result.job, id="results", more="compare"
                    )

    def question(self) -> HomeQuestion:
        return HomeQuestion(self._foresee)

    def show(self, answer: HomeView) -> None:
        self._lines.inks, self._lines.view = self.wnkd.inks, answer
        self.set_class(answer.empty, "-empty")
        self.set_class(self.size.width >= _TWO, "-two")
        if self._news.of("empty", answer.said):
            said = f"\n\n[$warning]{answer.said}[/]" if answer.said else ""
            self.query_one(".empty", Static).update(EMPTY + said)
        told = "\n".join(_alerts(answer))
        if self._news.of("said", told):
            alerts = self.query_one("#said", Static)
            alerts.display = bool(told)
            alerts.update(told)
        most = _LONG if self.size.height >= TALL else _SHORT
        counts = answer.counts
        bad = counts.get("failed", 0) + counts.get("lost", 0)
        running, waiting = counts.get("running", 0), counts.get("waiting", 0)
        self._fill("running", answer.running[:most], _more(running, answer.running[:most]))
        self._fill("bad", answer.bad[:most], _more(bad, answer.bad[:most]))
        until = answer.forecast.finished
        over = f"all done about {clock(until, answer.now)}" if until else ""
        self._fill("waiting", answer.waiting[:most], _more(waiting, answer.waiting[:most], over))
        calm = not (running or bad or waiting)
        self.query_one("#work").set_class(calm, "-nothing")
        latest = answer.results[: self._room(told) if calm else most]
        self._fill("results", latest, _rest(latest))
        self._show_vitals()
        self._hold()
        self.refresh_bindings()
        if not self._foresee:
            self._foresee = True
            self.ask()

    def _fill(self, id: str, rows: Any, words: str) -> None:
        self.query_one(f"#{id}", Section).fill(rows, Text(words, style=self.wnkd.inks["faint"]))

    def _room(self, told: str) -> int:
        """Lines that are left for results below the machine and what is `told`."""
        machine = len(gauges(self._vitals)) if self._vitals else 3
        return max(_SHORT, self.size.height - _AROUND - machine - len(told.splitlines()))

    def _show_vitals(self) -> None:
        if self._vitals is None or not self._lines.inks:
            return
        lines = gauges(self._vitals)
        most = len(lines) if self.size.height >= TALL else _SHORT + 2
        # What every machine has comes last and stays; of many GPUs the first ones are shown.
        hidden = max(0, len(lines) - most)
        at = len(lines) - 3 - hidden
        words = count(hidden, "more GPU") if hidden else ""
        self._fill("machine", lines[:at] + lines[at + hidden :] if hidden else lines, words)

    def _hold(self) -> None:
        """Keeps the cursor on a line that is there."""
        tables = self._tables()
        if self.has_class("-empty"):
            self.set_focus(None)
        elif tables and not any(table.has_focus for table in tables) and self.wnkd.screen is self:
            machine = self.query_one("#machine", Section).few
            first = next((table for table in tables if table is not machine), machine)
            first.focus(scroll_visible=False)

    def _tables(self) -> list[Few[Any]]:
        return [section.few for section in self.query(Section) if section.few.display]

    # From line to line.

    @on(Few.Left)
    def _lead_on(self, event: Few.Left) -> None:
        tables = self._tables()
        place = tables.index(event.table) + event.by
        if 0 <= place < len(tables):
            tables[place].focus()
            tables[place].action_move(-(10**9) if event.by > 0 else 10**9)

    @on(Rows.Chosen)
    def _open(self, event: Rows.Chosen) -> None:
        match event.row:
            case JobRow(trials=(trial, *_), id=job):
                self.wnkd.open_trial(trial, job)
            case Result(trial=trial, job=job):
                self.wnkd.open_trial(trial, job)
            case Gauge(slot=slot):
                job_there = next((j for j in self._lines.view.running if j.slot == slot), None)
                if slot and job_there and job_there.trials:
                    self.wnkd.open_trial(job_there.trials[0], job_there.id)
                else:
                    self.wnkd.go("queue")

    @on(Section.More)
    def _go(self, event: Section.More) -> None:
        self.wnkd.go(event.page)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "demo":
            return isinstance(self.answer, HomeView) and self.answer.empty
        return True

    def action_demo(self) -> None:
        self.wnkd.deeds.demo()

    # The machine, in a thread of its own while this page is in sight.

    def on_screen_resume(self, _: ScreenResume) -> None:
        self._away = threading.Event()
        away = self._away
        self.run_worker(lambda: self._watch(away), thread=True, group="vitals")

    def on_screen_suspend(self, _: ScreenSuspend) -> None:
        self._away.set()

    def on_unmount(self) -> None:
        self._away.set()

    def _watch(self, away: threading.Event) -> None:
        try:
            reader = vitals.Reader(self.wnkd.find().root)
        except (WnkdError, OSError):  # that is told by the poller
            return
        while not away.is_set():
            self.post_message(Seen(reader.read()))
            away.wait(EVERY)

    @on(Seen)
    def _seen(self, event: Seen) -> None:
        self._vitals = event.vitals
        self._show_vitals()


def _alerts(view: HomeView) -> list[str]:
    """What keeps the work from going on, and what to press."""
    told = []
    for worker in view.workers:
        if worker.held_up:
            more = (
                ": wnkd gc frees room, and it goes on by itself" if "full" in worker.held_up else ""
            )
            told.append(f"‖ the worker on {worker.host} waits: {worker.held_up}{more}")
    idle = not view.workers
    if idle and (waiting := view.counts.get("waiting", 0)):
        told.append(f"○ {waiting:,} waiting, and no worker runs: w starts one")
    elif idle and any(job.supervisor and job.state == "lost" for job in view.bad):
        told.append("? jobs were left by a worker that died: w starts one, which takes them up")
    if view.said:
        told.append(view.said)
    return told


def _more(there: int, shown: Any, words: str = "") -> str:
    left = there - len(shown)
    return " · ".join(part for part in (f"{left:,} more: key 4" if left > 0 else "", words) if part)


def _rest(results: Sequence[Result]) -> str:
    """What the numbers above depend on, and where there is more."""
    if not results:
        return ""
    encoders = sorted({encoder_label(one.encoder) for one in results if one.encoder})
    by = f", T_x by {' and '.join(encoders)}" if encoders else ""
    return f"best epoch{by} · 7 compares, 5 lists"
