"""How a job looks in the queue's list."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from rich.text import Text

from wnkd_tui.app.progress import bar, duration, eta, rate_text
from wnkd_tui.app.states import badge
from wnkd_tui.app.widgets.rows import Column
from wnkd_tui.store.rows import JobRow

# What the list can be sorted by, in the turn of the key; and whether the most or newest come first.
SORTS: Final = {
    "id": False,
    "state": False,
    "kind": False,
    "name": False,
    "priority": True,
    "queued": True,
    "started": True,
    "finished": True,
    "took": True,
}
_DAY = 86400.0  # seconds
_HALF_YEAR = 180 * _DAY


class JobCells:
    """Draws cells in the colours of `inks`; `starts` is when waiting jobs will start and `now` the
    time, in UTC seconds. The page keeps all three up to date."""

    def __init__(self) -> None:
        self.inks: Mapping[str, str] = {}
        self.starts: Mapping[int, float] = {}
        self.now = 0.0

    def columns(self, sort: str) -> list[Column[JobRow]]:
        """Of a list that is sorted by the field `sort`."""
        extra = self._sorted_by(sort)
        name = 24 if extra else 28
        return [
            Column("Job", lambda job, _: Text(str(job.id)), 5, wide=6, right=True, field="id"),
            Column("", self._state, width=1, wide=11, field="state"),
            Column("Kind", lambda job, _: Text(job.kind), width=11, field="kind"),
            Column("Name", lambda job, _: Text(job.name), name, wide=33, grow=2, field="name"),
            Column("Progress", self._progress, width=18, grow=1),
            *extra,
            Column("Rate", self._rate, width=14, room=110, right=True),
            Column("Trials", self._trials, width=10, room=130, right=True),
        ]

    def _sorted_by(self, field: str) -> list[Column[JobRow]]:
        """A column for what the list is sorted by, where there is none yet."""
        told: dict[str, tuple[str, Callable[[JobRow], str]]] = {
            "priority": ("Prio", lambda job: str(job.priority)),
            "queued": ("Queued", lambda job: moment(job.queued_at, self.now)),
            "started": ("Started", lambda job: moment(job.started_at, self.now)),
            "finished": ("Ended", lambda job: moment(job.finished_at, self.now)),
            "took": ("Took", lambda job: took(job.started_at, job.finished_at)),
        }
        if field not in told:
            return []
        title, cell = told[field]

        def drawn(job: JobRow, _: int) -> Text:
            return Text(cell(job), style=self.inks["faint"])

        return [Column(title, drawn, width=8, right=True, field=field)]

    def _state(self, job: JobRow, width: int) -> Text:
        return badge(job.state, self.inks, word=width > 1)

    def _progress(self, job: JobRow, width: int) -> Text:
        """A bar while there is something to measure, else the one-line reason."""
        ink, faint = self.inks[f"state-{job.state}"], self.inks["faint"]
        if job.state == "running" and not job.wanted:
            left = eta(job.done, job.total, job.rate)
            share = bar(job.progress, width - 11, ink, faint)
            return Text.assemble(share, f"{job.progress:>5.0%}", (f"{left:>6}", faint))
        said = f"will be {job.wanted}" if job.wanted else job.reason
        if said or job.state not in ("waiting", "paused"):
            return Text(said or figures(job.result), style=ink if said else faint)
        start = self.starts.get(job.id)
        parts = [
            f"priority {job.priority}" if job.priority else "",
            f"about {moment(start, self.now)}" if start else "",
        ]
        return Text(", ".join(filter(None, parts)), style=faint)

    def _rate(self, job: JobRow, _: int) -> Text:
        text = rate_text(job.rate, job.unit) if job.state == "running" else ""
        return Text(text, style=self.inks["faint"])

    def _trials(self, job: JobRow, _: int) -> Text:
        first = ", ".join(str(trial) for trial in job.trials[:2])
        more = f" +{len(job.trials) - 2}" if len(job.trials) > 2 else ""
        return Text(first + more, style=self.inks["faint"])


def moment(at: float | None, now: float) -> str:
    """`14:05` of times within half a day, `Tue 14h` within days, else `12 Mar`, `2025-03`."""
    if at is None:
        return ""
    then, away = datetime.fromtimestamp(at), abs(at - now)
    if away < _DAY / 2:
        return f"{then:%H:%M}"
    if away < 6 * _DAY:
        return f"{then:%a %H}h"
    return f"{then:%d %b}" if away < _HALF_YEAR else f"{then:%Y-%m}"


def took(started: float | None, ended: float | None) -> str:
    return duration(ended - started) if started is not None and ended is not None else ""


def figures(result: Mapping[str, object] | None) -> str:
    """A result's leading figures in a line: `val top-1 97.2 %`, `image share 0.61`, `113 nouns`."""
    if not result:
        return ""
    best = result.get("best")
    if isinstance(best, Mapping):
        return f"val top-1 {best['val_top1']:.2f} %"
    if "image_share" in result:
        return f"image share {result['image_share']:.2f}"
    for count, what in (("nouns", "nouns"), ("dim", "dimensions"), ("samples", "samples")):
        if count in result:
            return f"{result[count]} {what}"
    return ""
