"""What can be done to a job, so that keys that would do nothing are not offered."""

from collections.abc import Callable, Mapping, Sequence

from wnkd_tui.store.order import MOVABLE
from wnkd_tui.store.rows import BLOCKING, JobRow

_CAN: Mapping[str, Callable[[JobRow], bool]] = {
    "cancel": lambda job: job.state in ("running", "waiting", "paused"),
    "retry": lambda job: job.state in BLOCKING or job.retry_at is not None,
    "pause": lambda job: job.state in ("running", "waiting") and not job.wanted,
    "resume": lambda job: "paused" in (job.state, job.wanted),
    "remove": lambda job: True,
    **dict.fromkeys(
        ("first", "last", "up", "down", "lift", "priority"), lambda job: job.state in MOVABLE
    ),
}


def can(action: str, jobs: Sequence[JobRow | None]) -> bool | None:
    """Whether `action` does something to any of `jobs`, of which None may be any job.

    None for an action that is about no job.
    """
    if action not in _CAN:
        return None
    return any(job is None or _CAN[action](job) for job in jobs)
