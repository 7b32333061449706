"""The lower part of the queue page: the selected job's title line, log, surroundings and curves."""

from collections.abc import Mapping

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from wnkd_tui import charts
from wnkd_tui.app.screens.queue.about import about
from wnkd_tui.app.screens.queue.columns import figures
from wnkd_tui.app.screens.queue.view import JobDetail
from wnkd_tui.app.states import SIGNS, badge
from wnkd_tui.app.widgets.chart import Chart, Draw
from wnkd_tui.app.widgets.lines import MARK
from wnkd_tui.app.widgets.log_tail import LogTail
from wnkd_tui.app.widgets.written import Written
from wnkd_tui.store.rows import JobRow

# id of the chart: the words above it, and its curves as (metric, legend)
_CHARTS = {
    "top1": ("top-1 % over epochs", (("train_top1", "training"), ("val_top1", "validation"))),
    "loss": ("loss over epochs", (("train_loss", "training"), ("val_loss", "validation"))),
}


class JobPane(Vertical):
    """Narrow terminals show one of the two charts at a time, and either the log or what the job
    needs; `turn` and `turn_words` show the other."""

    _shown: object = None

    def compose(self) -> ComposeResult:
        yield Static(classes="title")
        with Horizontal():
            with Vertical(classes="words"):
                yield LogTail()
                yield Written(id="about")
            for name in _CHARTS:
                yield Chart(id=name)

    def turn(self) -> None:
        self.toggle_class("-loss")

    def turn_words(self) -> None:
        self.toggle_class("-about")

    def tell(
        self,
        detail: JobDetail | None,
        inks: Mapping[str, str],
        *,
        start: float | None,
        now: float,
        marks: int,
    ) -> None:
        """`start`: when it will probably start, in UTC seconds as `now`; `marks`: how many jobs are
        marked."""
        told = (detail, start, marks, tuple(inks.values()))
        if told == self._shown:  # laying the page out again is what costs most
            return
        self._shown = told
        self.set_class(detail is None or not detail.curves, "-no-curves")
        if detail is None:
            return
        job = detail.job
        self.query_one(".title", Static).update(_title(detail, inks, marks), layout=False)
        self.query_one(LogTail).tell(job.id, [*detail.log, *_last_word(job)])
        self.query_one("#about", Written).write(about(detail, start, now, inks))
        ink = inks["student" if job.kind == "student" else "teacher"]
        for name, (words, curves) in _CHARTS.items():
            series = [
                charts.Series(
                    legend, [point.mean for point in points], [float(p.step) for p in points]
                )
                for metric, legend in curves
                if (points := detail.curves.get(metric))
            ]
            draw = None if not series else _drawing(series, words)
            self.query_one(f"#{name}", Chart).plot(draw, [inks["faint"], ink])


def _drawing(series: list[charts.Series], title: str) -> Draw:
    return lambda look: charts.line_drawing(series, look, title=title).text


def _last_word(job: JobRow) -> list[str]:
    """The reason below the log, where no line is too short for it."""
    return [f"{SIGNS[job.state]} {job.reason}"] if job.reason else []


def _title(detail: JobDetail, inks: Mapping[str, str], marks: int) -> Text:
    job = detail.job
    runs = job.state == "running"
    attempt = f"attempt {job.attempt}" if job.attempt > 1 else ""
    said = Text(job.told or figures(job.result), style=inks[f"state-{job.state}"])
    # Of one that runs, where it runs comes first: the list has its name.
    parts = [
        *([Text(f"{MARK} {marks} marked", style=inks["teacher"])] if marks else []),
        Text(f"{job.kind} {job.id}", style="bold"),
        badge(job.state, inks),
        *([said] if runs else []),
        Text(job.name),
        *(Text(word, style=inks["faint"]) for word in (attempt, not runs and job.device) if word),
        *([] if runs else [said]),
    ]
    return Text("  ").join(part for part in parts if part.plain)
