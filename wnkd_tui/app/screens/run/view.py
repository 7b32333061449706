"""What the run page knows: a trial with its jobs, and what its tab shows of one of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wnkd_tui.app.logs import Place
from wnkd_tui.app.poller import Source
from wnkd_tui.app.screens.run import parts
from wnkd_tui.store import queries
from wnkd_tui.store.find import listing
from wnkd_tui.store.rows import JobRow, TrialLine

TABS = ("Curves", "Results", "Log", "Spec", "Environment", "Artifacts", "Attribution")
_CURVED = ("student", "T_x", "teacher")  # whose curves are looked at first


@dataclass(frozen=True)
class RunView:
    """`part` is what `parts` has for the tab; `trial` None where there is none."""

    trial: TrialLine | None = None
    jobs: tuple[JobRow, ...] = ()
    job: JobRow | None = None
    part: Any = None


@dataclass(frozen=True)
class RunQuestion:
    """`trial` None is the newest one, `job` None the one that tells most. `other` is the trial that
    the spec is compared with, `around` the place in the log, None its end."""

    trial: int | None
    job: int | None
    tab: str
    other: int | None = None
    around: Place | None = None

    def read(self, source: Source) -> RunView:
        conn = source.conn
        line = source.once(("run", self.trial), lambda: _trial(source, self.trial))
        if line is None:
            return RunView()
        jobs = source.once(("jobs of", line.id), lambda: _in_order(source, line.id))
        job = next((job for job in jobs if job.id == self.job), None) or telling(jobs)
        if job is None:
            return RunView(line)
        match self.tab:
            case "Curves":
                part: Any = parts.curves(conn, source.home, job)
            case "Results":
                part = source.once(("results", line.id), lambda: parts.results(conn, line))
            case "Log":
                part = parts.log(source.home, job, self.around)
            case "Spec":
                part = source.once(
                    ("spec", line.id, job.id, self.other),
                    lambda: parts.spec(conn, line, job, self.other),
                )
            case "Environment":
                part = source.once(
                    ("environment", line.id), lambda: parts.environment(conn, line.id)
                )
            case "Artifacts":
                part = parts.artifacts(source.home, job)
            case _:
                part = source.once(
                    ("attribution", line.id),
                    lambda: parts.attribution(source.home, line.spec, jobs),
                )
        return RunView(line, jobs, job, part)


def telling(jobs: Sequence[JobRow]) -> JobRow | None:
    """What runs, else what was trained last, else the first."""
    running = next((job for job in jobs if job.state == "running"), None)
    done = (
        next((job for job in jobs if job.kind == kind and job.state != "waiting"), None)
        for kind in _CURVED
    )
    return running or next(filter(None, done), None) or next(iter(jobs), None)


def _trial(source: Source, id: int | None) -> TrialLine | None:
    conn = source.conn
    if id is None:
        newest = conn.execute("SELECT max(id) FROM trial").fetchone()[0]
        return listing.trial_lines(conn, [newest]).get(newest) if newest else None
    return listing.trial_lines(conn, [id]).get(id)


def _in_order(source: Source, trial: int) -> tuple[JobRow, ...]:
    """As the plan has them: what a job needs is above it."""
    jobs = {job.id: job for job in queries.jobs(source.conn, trial=trial, per_class=False)}
    placed = source.conn.execute(
        "SELECT job_id FROM trial_job WHERE trial_id = ? ORDER BY place", [trial]
    )
    return tuple(jobs[id] for (id,) in placed if id in jobs)
