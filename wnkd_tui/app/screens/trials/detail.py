"""The selected trial in short: what was asked for, jobs and curves; or how two trials differ."""

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.widgets import Static

from engine.changes import text_of
from engine.spec import Teachers
from wnkd_tui import charts
from wnkd_tui.app.progress import duration
from wnkd_tui.app.screens.queue.columns import figures
from wnkd_tui.app.screens.trials.view import TrialDetail
from wnkd_tui.app.states import badge
from wnkd_tui.app.widgets.chart import Chart
from wnkd_tui.app.widgets.once import Once
from wnkd_tui.app.widgets.sheet import drawn
from wnkd_tui.report.captions import encoder_label
from wnkd_tui.report.sheet import Sheet
from wnkd_tui.store.rows import JobRow, TrialLine

_LEGENDS = {"T_x": "T_x, validation", "student": "student, validation"}
Inks = Mapping[str, str]


class TrialPane(Container):
    """What does not fit is cut: the run page has all. Nothing is laid out anew when the selection
    moves, so that it moves fast."""

    _told: tuple[TrialDetail, Inks] | None = None
    _compared = False

    def compose(self) -> ComposeResult:
        yield Static(id="spec")
        yield Chart(id="trial-curves")
        with VerticalScroll(id="difference"):
            yield Static()

    def compare(self, difference: tuple[Sheet, ...] | str | None, inks: Inks) -> None:
        """Shows how two trials differ in the place of one trial; None shows that one again."""
        self.set_class(difference is not None, "-difference")
        shown: RenderableType = ""
        if isinstance(difference, str):
            shown = Text(difference, style=inks["state-failed"])
        elif difference:
            parts = [(Text(sheet.caption, "bold"), Text(), drawn(sheet)) for sheet in difference]
            shown = Group(*(piece for part in parts for piece in (*part, Text())))
        if (shown != "") or self._compared:
            self.query_one("#difference > Static", Static).update(shown)
        self._compared = shown != ""

    def tell(self, detail: TrialDetail | None, inks: Inks) -> None:
        self.set_class(detail is None, "-nothing")
        if detail is None:
            return
        if (detail, inks) == self._told:
            return
        self._told = detail, inks
        about = Group(_spec(detail, inks), Text(), _jobs(detail.jobs, inks))
        self.query_one("#spec", Static).update(Once(about), layout=False)
        chart = self.query_one(Chart)
        chart.set_class(not any(detail.curves.values()), "-no-curves")
        series = [
            charts.Series(_LEGENDS[kind], [y for _, y in curve], [float(x) for x, _ in curve])
            for kind, curve in detail.curves.items()
            if curve
        ]
        colours = [inks["teacher" if kind == "T_x" else "student"] for kind in detail.curves]
        title = "top-1 % over epochs"
        chart.plot(lambda look: charts.line_drawing(series, look, title=title).text, colours)


def _spec(detail: TrialDetail, inks: Inks) -> RenderableType:
    trial = detail.trial
    table = Table.grid(padding=(0, 2))
    for name, value in _facts(trial, detail.recipe).items():
        table.add_row(Text(name, style=inks["faint"]), value)
    head = Text.assemble(
        (f"Trial {trial.id}  ", "bold"), badge(trial.state, inks), "  ", (trial.name, "bold")
    )
    return Group(head, table)


def _facts(trial: TrialLine, recipe: str) -> dict[str, str]:
    spec, tx = trial.spec, trial.spec.tx
    images = f", {spec.limit_train} training images" if spec.limit_train else ""
    how = "alone" if spec.teachers is Teachers.NONE else f"{spec.method} of {spec.teachers}"
    told = {
        "on": f"{spec.dataset}{images}, seed {spec.seed}, {how}",
        "recipe": f"{spec.recipe}: {recipe}",
        "changes": text_of(spec.changes),
        "T_x": "",
        "tags": " ".join(trial.tags),
        "note": trial.note,
    }
    if tx:
        text = f"{tx.gt} % gt, {tx.wn} % wn, {tx.noise} % noise; validation {tx.val_text}"
        told["T_x"] = f"{tx.modality}, {encoder_label(tx.encoder)}, text {text}"
    return {name: value for name, value in told.items() if value}


def _jobs(jobs: tuple[JobRow, ...], inks: Inks) -> RenderableType:
    """A line each, the end of which may be cut."""
    table = Table.grid(padding=(0, 2))
    for _ in range(4):
        table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis")
    for job in reversed(jobs):  # the student first
        took = ""
        if job.started_at and job.finished_at:
            took = duration(job.finished_at - job.started_at)
        ink = f"state-{job.state}" if job.reason else "foreground"
        table.add_row(
            badge(job.state, inks, word=False),
            Text(str(job.id), justify="right"),
            job.kind,
            Text(took, justify="right", style=inks["faint"]),
            Text(job.told or figures(job.result), style=inks.get(ink, "")),
        )
    return table
