"""Several processes that do one job together: started, watched, and ended with the job.

They are children in the job's own session, so that whoever ends the job ends them too. One that
dies ends all of them, and the job ends as that one did. Ranks of other hosts are one child here,
the command that has started them there.
"""

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from signal import SIGKILL, Signals, raise_signal
from typing import Any, NoReturn

from engine.ending import Ending, ToldError
from engine.errors import Paused
from engine.events import EXIT, EventWriter
from engine.job import Job
from engine.memory import count_in
from engine.rank import ADDRESS, ELSEWHERE, HERE, LOST, MEETING, RANKS, SHARED, Rank
from engine.together import LATER, Place

COMMAND = (sys.executable, "-m", "engine.rank")
LOOK = 0.05  # seconds from one look at them to the next
NOTICE = (
    10.0  # seconds that the others have to notice that one has failed, and to end by themselves
)
GRACE = 3.0  # seconds from asking one to end to ending it

Team = Mapping[Rank, subprocess.Popen[bytes]]  # ranks of other hosts have one in common


@dataclass(frozen=True)
class _End:
    """How a rank ended: its last word, if it left one, else by its exit code, negative for a
    signal; for a rank of another host that is the code of one of those there."""

    rank: Rank
    code: int
    word: Ending | None

    @property
    def failed(self) -> bool:
        return self.word.state == "failed" if self.word else self.code != 0

    @property
    def guilt(self) -> int:
        """How surely the job failed because of it: by its own word, by none, or it tells that it
        has only lost another one."""
        if self.word is None:
            return 1
        return 0 if self.word.cause == LOST else 2


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
    if failed := [end for end in ends if end.failed]:
        most = max(end.guilt for end in failed)
        _fail(job, [end for end in failed if end.guilt == most])
    word = ends[0].word
    assert word is not None  # it ended well
    if word.state == "paused":
        raise Paused(word.reason)
    return dict(word.result or {})


@contextmanager
def _started(job: Job, size: int) -> Iterator[Team]:
    """All ranks, or rank 0 where torchrun has started the others; none of them outlives this."""
    one = Rank.of(os.environ)
    local = int(os.environ.get(HERE, size))
    ranks = [one] if one else [Rank(number, size, number % local) for number in range(size)]
    here, elsewhere = ranks[:local], ranks[local:]
    environment = os.environ if one else {**os.environ, **_meeting(job, elsewhere)}
    command = [*COMMAND, str(job.directory), str(job.out)]
    team: dict[Rank, subprocess.Popen[bytes]] = {}

    def start(command: Sequence[str], own: Mapping[str, str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, stdin=subprocess.PIPE, env={**environment, **own})

    try:
        for rank in ranks:
            shutil.rmtree(rank.folder(job.directory), ignore_errors=True)
        for rank in here:
            team[rank] = start(command, rank.environment)
        if elsewhere:
            there = [*shlex.split(os.environ[ELSEWHERE]), *command]
            team |= dict.fromkeys(elsewhere, start(there, {"WORLD_SIZE": str(size)}))
        yield team
    finally:
        for process in team.values():
            process.terminate()
        deadline = time.monotonic() + GRACE
        for process in team.values():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _meeting(job: Job, elsewhere: Sequence[Rank]) -> Mapping[str, str]:
    """Where ranks find each other: at an address of this host, or in a new file where all are
    here."""
    if not elsewhere:
        (job.directory / RANKS / MEETING).unlink(missing_ok=True)
        return {ADDRESS: ""}
    with socket.socket() as free:
        free.bind(("", 0))
        return {ADDRESS: socket.gethostname(), "MASTER_PORT": str(free.getsockname()[1])}


def _codes(team: Team) -> Generator[Place, None, dict[Rank, int]]:
    """The exit codes of all, or of those that ended soon after the first that failed."""
    deadline = float("inf")
    while True:
        ended = {rank: code for rank, one in team.items() if (code := _code(one)) is not None}
        if any(ended.values()):
            deadline = min(deadline, time.monotonic() + NOTICE)
        if len(ended) == len(team) or time.monotonic() > deadline:
            return ended
        time.sleep(LOOK)
        yield LATER


def _code(process: subprocess.Popen[bytes]) -> int | None:
    """Negative for a signal. What starts ranks elsewhere tells more than 128 where one was killed;
    by what cannot be known, since it has ended the others there by signals of its own."""
    code = process.poll()
    return -SIGKILL if code is not None and code > 128 else code


def _word(job: Job, rank: Rank) -> Ending | None:
    folder = rank.folder(job.directory)
    try:
        any(folder.iterdir())  # has a network file system look anew
        return Ending(**json.loads((folder / EXIT).read_text("utf-8")))
    except FileNotFoundError:
        return None


def _fail(job: Job, ends: Sequence[_End]) -> NoReturn:
    """Ends the job as those ranks did, or one of them."""
    end = ends[0]
    who = [end] if end.word else ends
    name = f"rank {' or '.join(str(one.rank.number) for one in who)} of {end.rank.size}"
    if end.word is None and end.code < 0:
        why = f"{name} was killed by signal {-end.code} ({Signals(-end.code).name})"
        with EventWriter(job.directory) as events:
            events.log(why)
        raise_signal(-end.code)
        raise ToldError(Ending("failed", reason=why))
    word = end.word or Ending("failed", reason=f"ended with code {end.code} and said nothing")
    if end.rank.number:
        word = replace(word, reason=f"{name}: {word.reason}")
    raise ToldError(replace(word, cause=None if word.cause == LOST else word.cause))
