"""Several processes that do one job together: started, watched, and ended with the job.

They are children in the job's own session, so that whoever ends the job ends them too. One that
dies ends all of them, and the job ends as that one did.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from signal import Signals, raise_signal
from typing import Any, NoReturn

from engine.ending import Ending, ToldError
from engine.errors import Paused
from engine.events import EXIT, EventWriter
from engine.job import Job
from engine.memory import count_in
from engine.rank import LOST, MEETING, RANKS, SHARED, Rank
from engine.together import LATER, Place

COMMAND = (sys.executable, "-m", "engine.rank")
LOOK = 0.05  # seconds from one look at them to the next
NOTICE = 5.0  # seconds that the others have to notice that one has failed, and to end by themselves
GRACE = 3.0  # seconds from asking one to end to ending it

Team = Mapping[Rank, subprocess.Popen[bytes]]


@dataclass(frozen=True)
class _End:
    """How a rank ended: its exit code, negative for a signal, and its last word, if it left one."""

    rank: Rank
    code: int
    word: Ending | None

    @property
    def own(self) -> bool:
        """Whether it failed by itself, and did not only lose another one."""
        return self.code != 0 and (self.word is None or self.word.cause != LOST)


def ranks_of(record: Mapping[str, Any]) -> int:
    """How many processes share a job: as many as torchrun has started, else as `job.json` says."""
    if record["kind"] not in SHARED:
        return 1
    rank = Rank.of(os.environ)
    return rank.size if rank else int(record["run"].get("ranks", 1))


def made(job: Job, size: int) -> Generator[Place, None, dict[str, Any]]:
    """What `size` ranks make of the job; its result at last.

    Raises Paused, and ToldError with the last word of the rank whose fault it was. Where a signal
    killed that one, this process ends by the same, to be treated as any job that was.
    """
    with _started(job, size) as team:
        codes = yield from _codes(team)
    ends = [_End(rank, code, _word(job, rank)) for rank, code in codes.items()]
    for end in ends:
        if end.word:
            count_in(end.word.memory, end.word.host_memory)
    if failed := [end for end in ends if end.code]:
        _fail(job, next((end for end in failed if end.own), failed[0]))
    word = ends[0].word
    assert word is not None  # it ended well
    if word.state == "paused":
        raise Paused(word.reason)
    return dict(word.result or {})


@contextmanager
def _started(job: Job, size: int) -> Iterator[Team]:
    """All ranks, or rank 0 where torchrun has started the others; none of them outlives this."""
    environment = dict(os.environ)
    if here := Rank.of(environment):
        ranks: Sequence[Rank] = [here]
    else:
        ranks = [Rank(number, size, number) for number in range(size)]
        environment.pop("MASTER_ADDR", None)  # they meet in a file, which must be new
        (job.directory / RANKS / MEETING).unlink(missing_ok=True)
    command = [*COMMAND, str(job.directory), str(job.out)]
    team: dict[Rank, subprocess.Popen[bytes]] = {}
    try:
        for rank in ranks:
            shutil.rmtree(rank.folder(job.directory), ignore_errors=True)
            team[rank] = subprocess.Popen(
                command, stdin=subprocess.PIPE, env=environment | rank.environment
            )
        yield team
    finally:
        for one in team.values():
            one.terminate()
        deadline = time.monotonic() + GRACE
        for one in team.values():
            try:
                one.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                one.kill()
                one.wait()


def _codes(team: Team) -> Generator[Place, None, dict[Rank, int]]:
    """The exit codes of all, or of those that ended soon after the first that failed."""
    deadline = float("inf")
    while True:
        ended = {rank: code for rank, one in team.items() if (code := one.poll()) is not None}
        if any(ended.values()):
            deadline = min(deadline, time.monotonic() + NOTICE)
        if len(ended) == len(team) or time.monotonic() > deadline:
            return ended
        time.sleep(LOOK)
        yield LATER


def _word(job: Job, rank: Rank) -> Ending | None:
    try:
        return Ending(**json.loads((rank.folder(job.directory) / EXIT).read_text("utf-8")))
    except FileNotFoundError:
        return None


def _fail(job: Job, end: _End) -> NoReturn:
    """Ends the job as that rank did."""
    name = f"rank {end.rank.number} of {end.rank.size}"
    if end.code < 0:
        why = f"{name} was killed by signal {-end.code} ({Signals(-end.code).name})"
        with EventWriter(job.directory) as events:
            events.log(why)
        raise_signal(-end.code)
        raise ToldError(Ending("failed", reason=why))
    word = end.word or Ending("failed", reason=f"ended with code {end.code} and said nothing")
    if end.rank.number:
        word = replace(word, reason=f"{name}: {word.reason}")
    raise ToldError(replace(word, cause=None if word.cause == LOST else word.cause))
