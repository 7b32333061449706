"""How a trial's jobs look in the list beside what is shown of one of them."""

from collections.abc import Mapping

from rich.text import Text

from wnkd_tui.app.progress import bar, duration, eta
from wnkd_tui.app.states import badge
from wnkd_tui.app.widgets.columns import Column
from wnkd_tui.store.rows import JobRow


class RunJobCells:
    """Draws cells in the colours of `inks`."""

    def __init__(self) -> None:
        self.inks: Mapping[str, str] = {}

    def columns(self) -> list[Column[JobRow]]:
        return [
            Column("", lambda job, _: badge(job.state, self.inks, word=False), 1),
            Column("Job", lambda job, _: Text(str(job.id)), 5, right=True),
            Column("What", lambda job, _: Text(_role(job)), 14, grow=1),
            Column("Name", lambda job, _: Text(job.name), 20, room=70, grow=1),
            Column("Result", self._progress, 11, grow=1),
        ]

    def _progress(self, job: JobRow, width: int) -> Text:
        faint = self.inks["faint"]
        if job.state == "running" and not job.waits_there:
            left = eta(job.done, job.total, job.rate)
            share = bar(job.progress, max(2, width - 6), self.inks["state-running"], faint)
            return Text.assemble(share, (f"{left:>6}", faint))
        if job.reason:
            return Text(job.reason, self.inks[f"state-{job.state}"])
        best = (job.result or {}).get("best")
        if best:
            return Text(f"{best['val_top1']:.2f} %")
        if job.result and "image_share" in job.result:
            return Text(f"image {job.result['image_share']:.2f}")
        if job.started_at and job.finished_at:
            return Text(duration(job.finished_at - job.started_at), faint)
        return Text(job.state, faint)


def _role(job: JobRow) -> str:
    """What it is in the trial: `T_1s`, `logits of T_1s`, `student`."""
    return job.name.partition(",")[0] if job.kind in ("teacher", "logits") else job.kind
