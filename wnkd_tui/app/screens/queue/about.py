"""Where a job runs or will run, what it needs and what needs it, as lines of text."""

from collections.abc import Iterator, Mapping

from rich.text import Text

from wnkd_tui.app.progress import duration, moment
from wnkd_tui.app.screens.queue.view import JobDetail
from wnkd_tui.app.states import SIGNS, badge
from wnkd_tui.store.rows import AttemptRow, JobRow

_ATTEMPTS = 3  # the last ones are told


def about(detail: JobDetail, start: float | None, now: float, inks: Mapping[str, str]) -> Text:
    """`start`: when a waiting job will probably start; times in UTC seconds."""
    faint = inks["faint"]
    lines = [Text(line) for line in _where(detail, start, now)]
    lines += [Text(line, style=faint) for line in _attempts(detail)]
    lines.append(Text("needs nothing" if not detail.needs else "needs", style=faint))
    lines += [_kin(job, depth, inks) for depth, job in detail.needs]
    lines.append(Text("needed by nothing" if not detail.users else "needed by", style=faint))
    lines += [_kin(job, 1, inks) for job in detail.users]
    if others := sum(detail.used.values()) - len(detail.users):
        every = ", ".join(f"{SIGNS[state]} {number}" for state, number in detail.used.items())
        lines.append(Text(f"  and {others} more (in all {every})", style=faint))
    return Text("\n").join(lines)


def _where(detail: JobDetail, start: float | None, now: float) -> Iterator[str]:
    job = detail.job
    if job.state == "running" and job.told:
        yield job.told
    if job.state == "waiting":
        if detail.place is not None:
            yield f"place {detail.place} in line"
        if job.retry_at is not None:
            often = f"{job.losses} times" if job.losses > 1 else "once"
            yield f"lost {often}; not tried again before {_clock(job.retry_at, now)} (r: now)"
        if start is not None:
            yield f"starts at about {_clock(start, now)}"
    if job.priority:
        yield f"priority {job.priority}"


def _attempts(detail: JobDetail) -> Iterator[str]:
    ended = [one for one in detail.attempts if one.ending]
    for one in ended[-_ATTEMPTS:]:
        yield _attempt(one)


def _attempt(one: AttemptRow) -> str:
    lasted = f" after {duration(one.seconds)}" if one.seconds is not None else ""
    why = f": {one.reason}" if one.reason else ""
    return f"attempt {one.number} {one.where}: {one.ending}{lasted}{why}"


def _kin(job: JobRow, depth: int, inks: Mapping[str, str]) -> Text:
    branch = "  " * (depth - 1) + "└ "
    return Text.assemble(
        (branch, inks["faint"]),
        badge(job.state, inks, word=False),
        f" {job.kind} {job.id} ",
        (job.name, inks["faint"]),
    )


def _clock(at: float, now: float) -> str:
    told = moment(at, now)
    return f"{told} (in {duration(at - now)})" if at > now else told
