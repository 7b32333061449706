"""A trial in full: what was asked for, its jobs, results, curves, and the nouns of each class; or
how two trials differ."""

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from engine.changes import text_of
from engine.spec import Method, TrialSpec
from wnkd_tui import charts
from wnkd_tui.app.progress import duration
from wnkd_tui.app.screens.queue.columns import figures
from wnkd_tui.app.screens.trials.results import results
from wnkd_tui.app.screens.trials.view import TrialDetail
from wnkd_tui.app.states import badge
from wnkd_tui.app.widgets.chart import Chart
from wnkd_tui.app.widgets.sheet import drawn
from wnkd_tui.report.captions import encoder_label
from wnkd_tui.report.nouns import Nouns
from wnkd_tui.report.sheet import Sheet
from wnkd_tui.store.rows import JobRow

_METHODS = {
    Method.KD: "kd (Eq. 1 to 3)",
    Method.ZSCORE: "zscore (logit standardisation)",
    Method.LFME: "lfme (an expert for each shot group)",
}
_LEGENDS = {"T_x": "T_x, validation", "student": "student, validation"}
Inks = Mapping[str, str]


class TrialPane(VerticalScroll, can_focus=True):
    def compose(self) -> ComposeResult:
        yield Static(id="spec")
        yield Static(id="trial-jobs")
        yield Static(id="results")
        yield Chart(id="trial-curves")
        yield Static(id="nouns")
        yield Static(id="difference")

    def compare(self, difference: tuple[Sheet, ...] | str | None, inks: Inks) -> None:
        """Shows how two trials differ in the place of one trial; None shows that one again."""
        self.set_class(difference is not None, "-difference")
        shown: RenderableType = ""
        if isinstance(difference, str):
            shown = Text(difference, style=inks["state-failed"])
        elif difference:
            parts = [(Text(sheet.caption, "bold"), Text(), drawn(sheet)) for sheet in difference]
            shown = Group(*(piece for part in parts for piece in (*part, Text())))
        self.query_one("#difference", Static).update(shown)

    def tell(self, detail: TrialDetail | None, inks: Inks) -> None:
        if detail is None:
            return
        self.query_one("#spec", Static).update(_spec(detail, inks))
        self.query_one("#trial-jobs", Static).update(_jobs(detail.jobs, inks))
        self.query_one("#results", Static).update(results(detail.jobs, detail.classes, inks))
        self.query_one("#nouns", Static).update(_nouns(detail.nouns, inks))
        chart = self.query_one(Chart)
        chart.set_class(not any(detail.curves.values()), "-no-curves")
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
        "changes": text_of(spec.changes) or "none",
        "seed": str(spec.seed),
        "method": _METHODS[spec.method],
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
