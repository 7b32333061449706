"""A trial in full: what was asked for, its jobs, its results, and the nouns of each class."""

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from engine.spec import TrialSpec
from wnkd_tui import charts
from wnkd_tui.app.progress import duration
from wnkd_tui.app.screens.queue.columns import figures
from wnkd_tui.app.screens.trials.view import TrialDetail
from wnkd_tui.app.states import badge
from wnkd_tui.app.widgets.chart import Chart
from wnkd_tui.report.captions import encoder_label
from wnkd_tui.report.nouns import Nouns
from wnkd_tui.store.rows import JobRow

_LEGENDS = {"T_x": "T_x, validation", "student": "student, validation"}
Inks = Mapping[str, str]


class TrialPane(VerticalScroll, can_focus=True):
    def compose(self) -> ComposeResult:
        yield Static(id="spec")
        yield Static(id="trial-jobs")
        yield Chart(id="trial-curves")
        yield Static(id="nouns")

    def tell(self, detail: TrialDetail | None, inks: Inks) -> None:
        if detail is None:
            return
        self.query_one("#spec", Static).update(_spec(detail, inks))
        self.query_one("#trial-jobs", Static).update(_jobs(detail.jobs, inks))
        self.query_one("#nouns", Static).update(_nouns(detail.nouns, inks))
        chart = self.query_one(Chart)
        chart.display = bool(detail.curves and any(detail.curves.values()))
        series = [
            charts.Series(_LEGENDS[kind], [y for _, y in curve], [float(x) for x, _ in curve])
            for kind, curve in detail.curves.items()
            if curve
        ]
        colours = [inks["teacher" if kind == "T_x" else "student"] for kind in detail.curves]
        title = "top-1 % over epochs"
        chart.plot(lambda look: charts.lines(series, look, title=title), colours)


def facts(spec: TrialSpec) -> dict[str, str]:
    """The spec in words, in the order in which people ask."""
    told = {
        "dataset": spec.dataset,
        "training images": str(spec.limit_train or "all"),
        "recipe": spec.recipe,
        "seed": str(spec.seed),
        "teachers": spec.teachers.value,
    }
    if tx := spec.tx:
        told |= {
            "encoder": encoder_label(tx.encoder),
            "modality": tx.modality.value,
            "text": f"{tx.gt} % gt, {tx.wn} % wn, {tx.noise} % noise",
            "validation text": str(tx.val_text),
        }
    return told


def _spec(detail: TrialDetail, inks: Inks) -> RenderableType:
    trial = detail.trial
    table = Table.grid(padding=(0, 2))
    for name, value in facts(trial.spec).items():
        told = f"{value}: {detail.recipe}" if name == "recipe" else value
        table.add_row(Text(name, style=inks["faint"]), told)
    head = Text.assemble(
        (f"Trial {trial.id}  ", "bold"), badge(trial.state, inks), "  ", (trial.name, "bold")
    )
    return Group(head, Text(), table)


def _jobs(jobs: tuple[JobRow, ...], inks: Inks) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for job in jobs:
        took = ""
        if job.started_at and job.finished_at:
            took = duration(job.finished_at - job.started_at)
        said = Text(job.reason, style=inks[f"state-{job.state}"]) if job.reason else _figures(job)
        shared = len(job.trials) - 1
        note = f"shared with {shared} trial{'' if shared == 1 else 's'}" if shared else ""
        table.add_row(
            badge(job.state, inks, word=False),
            Text(str(job.id), justify="right"),
            job.kind,
            said,
            Text(took, justify="right", style=inks["faint"]),
            Text(note, style=inks["faint"]),
        )
    return Group(Text("\nJobs", style="bold"), table)


def _figures(job: JobRow) -> Text:
    result = job.result or {}
    best, last = result.get("best"), result.get("last")
    if best and last:
        return Text(
            f"{best['val_top1']:.2f} % best (epoch {best['epoch']}), {last['val_top1']:.2f} % last"
        )
    return Text(figures(result))


def _nouns(nouns: Nouns, inks: Inks) -> RenderableType:
    if not nouns:
        return Text()
    table = Table.grid(padding=(0, 2))
    for name, weighted in nouns.items():
        line = Text(", ").join(
            Text.assemble(noun.replace("_", " "), (f" {weight:.2f}", inks["faint"]))
            for noun, weight in weighted
        )
        table.add_row(Text(name, style=inks["teacher"]), line)
    title = "\nNouns that each class's images retrieve (Algorithm 1), by weight"
    return Group(Text(title, style="bold"), table)
