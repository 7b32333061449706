"""How a job looks in the queue's list."""

from collections.abc import Mapping
from typing import Final

from rich.text import Text

from wnkd_tui.app.progress import bar, eta, moment, rate_text
from wnkd_tui.app.states import badge
from wnkd_tui.app.widgets.columns import Column
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


class JobCells:
    """Draws cells in the colours of `inks`; `starts` is when waiting jobs will start and `now` the
    time, in UTC seconds. The page keeps all three up to date."""

    def __init__(self) -> None:
        self.inks: Mapping[str, str] = {}
        self.starts: Mapping[int, float] = {}
        self.now = 0.0

    def columns(self) -> list[Column[JobRow]]:
        return [
            Column("Job", lambda job, _: Text(str(job.id)), 5, wide=6, right=True, field="id"),
            Column("", self._state, width=1, wide=11, field="state"),
            Column("Kind", lambda job, _: Text(job.kind), width=11, field="kind"),
            Column("Name", lambda job, _: Text(job.name), 28, wide=33, grow=2, field="name"),
            Column("Progress", self._progress, width=18, grow=1),
            Column("Rate", self._rate, width=14, room=110, right=True),
            Column("Where", self._where, width=24, room=150, grow=1),
            Column("Trials", self._trials, width=10, room=130, right=True),
        ]

    def _state(self, job: JobRow, width: int) -> Text:
        return badge(job.state, self.inks, word=width > 1)

    def _progress(self, job: JobRow, width: int) -> Text:
        """A bar while there is something to measure, else the one-line reason."""
        ink, faint = self.inks[f"state-{job.state}"], self.inks["faint"]
        if job.state == "running" and not job.wanted and not job.waits_there:
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
        runs = job.state == "running" and not job.waits_there
        text = rate_text(job.rate, job.unit) if runs else ""
        return Text(text, style=self.inks["faint"])

    def _where(self, job: JobRow, _: int) -> Text:
        return Text(job.where or "", style=self.inks["faint"])

    def _trials(self, job: JobRow, _: int) -> Text:
        first = ", ".join(str(trial) for trial in job.trials[:2])
        more = f" +{len(job.trials) - 2}" if len(job.trials) > 2 else ""
        return Text(first + more, style=self.inks["faint"])


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
