"""Curves of any runs over one another: which trials, which kind of job, which metric."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from wnkd_tui.app.poller import Source
from wnkd_tui.app.screens.compare.reports import View
from wnkd_tui.report import runs
from wnkd_tui.report.runs import MOST, POINTS, Run
from wnkd_tui.store import queries
from wnkd_tui.store.curves import measured
from wnkd_tui.store.find import labels
from wnkd_tui.store.find.language import FilterError
from wnkd_tui.store.find.listing import Search, trial_ids
from wnkd_tui.store.rows import SavedFilter

KINDS = ("student", "T_x", "teacher")
_TRIED = 100  # trials that are looked at for curves
_DONE = "state:done"
_USUAL = "val_top1"


@dataclass(frozen=True)
class Overlay:
    """Trials by a filter or, where that is empty, the `marked` ones; without both the newest. No
    `metric` is the usual one."""

    text: str = ""
    marked: tuple[int, ...] = ()
    kind: str = KINDS[0]
    metric: str = ""


@dataclass(frozen=True)
class Picked:
    """`trials` of `total` were chosen, as `words` say; `metrics` are what their jobs measured.
    `error` says in a line why the filter cannot be used."""

    view: View | None = None
    words: str = ""
    total: int = 0
    trials: int = 0
    metric: str = ""
    metrics: tuple[str, ...] = ()
    saved: tuple[SavedFilter, ...] = ()
    error: str | None = None


def overlaid(source: Source, overlay: Overlay) -> Picked:
    conn = source.conn
    total = source.once("trials", lambda: queries.count_trials(conn))
    saved = tuple(source.once("filters", lambda: labels.saved(conn)))
    try:
        ids: Sequence[int] = overlay.marked
        if overlay.text or not overlay.marked:
            search = Search(labels.expanded(conn, "trials", overlay.text)[0] or _DONE)
            ids = source.once(("found", overlay.text), lambda: trial_ids(conn, search))
    except FilterError as error:
        return Picked(total=total, saved=saved, error=str(error))
    jobs = source.once(
        ("curved", overlay.kind, tuple(ids[:_TRIED])),
        lambda: _jobs(source, ids[:_TRIED], overlay.kind),
    )
    known = [measured(conn, run.job) for run in jobs]
    metrics = tuple(sorted({name for names in known for name in names}))
    metric = overlay.metric if overlay.metric in metrics else _USUAL
    metric = metric if metric in metrics else next(iter(metrics), "")
    drawn = []
    for run in jobs:
        curve = queries.curves(conn, run.job, [metric], POINTS).get(metric, [])
        if curve:
            drawn.append(replace(run, points=tuple((one.step, one.mean) for one in curve)))
    words = "trials found" if overlay.text else "marked trials" if overlay.marked else "done trials"
    view = None
    if drawn:
        kind = overlay.kind
        view = View(
            (runs.figure(drawn, kind, metric),),
            runs.sheet(drawn, kind, metric),
            runs.points(drawn, kind, metric),
        )
    return Picked(view, words, total, len(ids), metric, metrics, saved)


def _jobs(source: Source, ids: Sequence[int], kind: str) -> list[Run]:
    """The first jobs of that kind with a curve, each once though trials share it."""
    specs = {trial.id: trial.spec for trial in queries.trials(source.conn, ids=ids)}
    found: dict[int, Run] = {}
    for id in ids:
        if id not in specs:  # removed since it was marked
            continue
        for job in queries.jobs(source.conn, trial=id, per_class=False):
            if job.kind == kind and job.id not in found and measured(source.conn, job.id):
                found[job.id] = Run(id, specs[id], job.id, ())
        if len(found) >= MOST:
            break
    return list(found.values())[:MOST]
