"""How the end of an attempt becomes a state of its job: a function of what is known."""

import json
import signal
from dataclasses import dataclass, replace
from pathlib import Path

from engine.ending import DISK_FULL, NO_LAST_WORD
from wnkd_tui.config import QueueConfig
from wnkd_tui.queue.executors.base import Cause, Gone
from wnkd_tui.queue.jobdir import LastWord
from wnkd_tui.store.work import Ending, Work

# Signals by which a program ends through a fault of its own: it would end so again.
FAULTS = tuple(
    getattr(signal, name) for name in ("SIGSEGV", "SIGABRT", "SIGFPE", "SIGILL", "SIGBUS")
)
_VMSTAT = Path("/proc/vmstat")
_DOUBLINGS = 60  # beyond which a back-off is over any limit, and a power of 2 soon beyond floats


@dataclass(frozen=True)
class End:
    """What is known of how an attempt ended.

    `stopped`: its run-queue was being stopped. `out_of_memory`: the kernel has killed for lack of
    memory since the attempt began. `no_room`: the disk was full while it ran. `full_before`: how
    many attempts just before this one ended with a full disk and came no further.
    """

    word: LastWord | None
    gone: Gone
    stopped: bool = False
    out_of_memory: bool = False
    no_room: bool = False
    full_before: int = 0


def ending(work: Work, end: End, config: QueueConfig) -> Ending:
    """The end of the attempt and the state of its job.

    Done is done, whatever was wished meanwhile. Then a person's cancel counts, then the job's own
    fault. What is left would go on later: at once, after a back-off, or when a person says so,
    where it was to be paused.
    """
    found, word = _found(work, end, config), end.word
    if word is None:
        return found
    return replace(found, memory=word.memory, host_memory=word.host_memory, together=word.together)


def _found(work: Work, end: End, config: QueueConfig) -> Ending:
    if end.word and end.word.state == "done":
        return Ending("done", "done", result=json.dumps(end.word.result))
    found = _interrupted(work, end, config)
    if work.wanted == "cancelled":
        return Ending("cancelled", "cancelled", losses=found.losses)
    if work.wanted == "paused" and found.state in ("waiting", "lost"):
        why = None if found.name in ("paused", "stopped") else _why(end)
        return Ending(found.name, "paused", why, losses=_losses(work))
    return found


def _interrupted(work: Work, end: End, config: QueueConfig) -> Ending:
    """What would become of a job that nobody wants cancelled or paused."""
    word, gone = end.word, end.gone
    losses = _losses(work)
    if _is_full(end):
        wait = _backoff(config, end.full_before)
        reason = f"{_why(end)}; goes on when there is room"
        return Ending("disk full", "waiting", reason, losses=losses, wait=wait)
    if word and word.state == "failed":
        return Ending("failed", "failed", word.reason or "it gave no reason", losses=losses)
    if work.wanted == "waiting" or end.stopped:
        return Ending("stopped", "waiting", losses=losses)
    if gone.cause is not None:
        return _by_a_cluster(work, gone.cause, gone.reason or gone.cause, config)
    if word and word.state == "paused":
        return Ending("paused", "waiting", losses=losses)
    if word or gone.signal == signal.SIGTERM:
        reason = "preempted: ended by SIGTERM from outside; tries again by itself"
        return Ending("preempted", "waiting", reason, losses=losses, wait=_backoff(config, 0))
    if gone.signal in FAULTS or gone.code is not None:
        return Ending("failed", "failed", _why(end), losses=losses)
    return _lost(_why(end), losses, config)


def _by_a_cluster(work: Work, cause: Cause, why: str, config: QueueConfig) -> Ending:
    """What becomes of a job that a cluster ended; one that it never began is where it was."""
    losses = _losses(work)
    match cause:
        case Cause.NEVER_BEGUN:
            return Ending("stopped", "waiting", losses=work.losses)
        case Cause.CANCELLED:
            return Ending("cancelled", "cancelled", why, losses=losses)
        case Cause.MEMORY:
            return Ending("failed", "failed", why, losses=losses)
        case Cause.TIME_LIMIT if not work.progressed:
            return _lost(f"{why} came before it had got any further", losses, config)
    reason = f"preempted: {why}; goes on by itself"
    return Ending("preempted", "waiting", reason, losses=losses, wait=_backoff(config, 0))


def _lost(why: str, losses: int, config: QueueConfig) -> Ending:
    if losses < config.retries:
        reason = f"lost: {why}; tries again by itself ({losses + 1} of {config.retries})"
        wait = _backoff(config, losses)
        return Ending("lost", "waiting", reason, losses=losses + 1, wait=wait)
    if losses:
        why += f"; came no further in {losses} more tr{'y' if losses == 1 else 'ies'}"
    return Ending("lost", "lost", why, losses=losses)


def _is_full(end: End) -> bool:
    if end.word:
        return end.word.state == "failed" and end.word.cause == DISK_FULL
    gone = end.gone
    if gone.code == NO_LAST_WORD:
        return True
    # A page of a file that finds no room is a SIGBUS; a log that cannot be opened is code 1.
    return end.no_room and (gone.code is not None or gone.signal == signal.SIGBUS)


def _why(end: End) -> str:
    """One line without a full stop."""
    if end.word and end.word.reason:
        return end.word.reason
    if _is_full(end):
        return "disk full, even for its last word"
    if end.gone.signal == signal.SIGKILL and end.out_of_memory:
        return f"{end.gone.reason}, probably by the kernel: the machine ran out of memory"
    return end.gone.reason or "its process is gone and said nothing"


def _losses(work: Work) -> int:
    """How often in a row it was lost until now with no progress."""
    return 0 if work.progressed else work.losses


def _backoff(config: QueueConfig, before: int) -> float:
    """Seconds to wait, where the same happened so often `before` in a row."""
    return min(config.backoff * 2.0 ** min(before, _DOUBLINGS), config.backoff_limit)


def oom_kills() -> int | None:
    """How often this boot's kernel has killed a process for lack of memory; None: not told."""
    try:
        for line in _VMSTAT.read_text(encoding="ascii").splitlines():
            name, _, count = line.partition(" ")
            if name == "oom_kill":
                return int(count)
    except (OSError, ValueError):
        return None
    return None
