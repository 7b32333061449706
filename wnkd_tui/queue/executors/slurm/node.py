"""What an allocation runs: `python -m wnkd_tui.queue.executors.slurm.node FOLDER JOBS LINGER`.

Does the jobs of the list in FOLDER one after another, as a run-queue does on its own host, and ends
LINGER seconds after the last. It leaves a `Record` of each job before it takes the next.

SIGUSR1 says that the time is up soon: the job at work is asked to keep its epoch and go. SIGTERM
says that it is up, or that somebody else wants it all to end. Neither takes another job.
"""

import os
import signal
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType

from engine.events import LEAVE
from wnkd_tui.queue.executors.base import Alive, Cause, Executor, ExecutorError, Gone, NotNowError
from wnkd_tui.queue.executors.launchers import WarmLauncher
from wnkd_tui.queue.executors.local import LocalExecutor
from wnkd_tui.queue.executors.slurm import team
from wnkd_tui.queue.executors.slurm.allocation import WARM_LOG, Allocation
from wnkd_tui.queue.executors.slurm.record import Record, look_into
from wnkd_tui.queue.jobdir import END, JOB, last_word

LOOK = 0.5  # seconds between two looks for wishes, and for more jobs
SEEN = 30.0  # seconds in which what run-queue wrote last is seen from here


class Node:
    """Works through `allocation`, whose jobs' directories are in `jobs`; `environ` is what Slurm
    tells of it."""

    def __init__(
        self,
        allocation: Allocation,
        jobs: Path,
        linger: float,
        executor: Executor,
        environ: Mapping[str, str],
    ) -> None:
        self._allocation = allocation
        self._jobs = jobs
        self._linger = linger
        self._executor = executor
        self._leaving = False  # was told that the time is up soon
        self._stopped = False  # was told to end
        self._began = False  # whether it has begun a job
        self._number = environ.get("SLURM_JOB_ID", "")  # of the cluster's job
        self._where = environ.get("SLURM_JOB_NODELIST", socket.gethostname())
        self._again = int(environ.get("SLURM_RESTART_COUNT", "0")) > 0
        self._team = team.environment(environ)

    def leave(self, signum: int, frame: FrameType | None) -> None:
        """Handles the signal by which the time is up soon."""
        self._leaving = True

    def stop(self, signum: int, frame: FrameType | None) -> None:
        """Handles the signal by which it is to end."""
        self._stopped = True

    def work(self) -> None:
        """Raises FileNotFoundError where a job's directory cannot be seen from here, ExecutorError
        where no job can be started."""
        if self._again:
            self._allocation.close()
            self._give_back(Cause.PREEMPTED)  # wnkd starts them anew, each where it was
            return
        while job := self._next():
            if not self._do(self._jobs / job):
                break
        self._allocation.close()
        self._give_back(None)

    def _next(self) -> str | None:
        """The next job; waits for one as long as is agreed."""
        until = time.monotonic() + self._linger
        while not (self._leaving or self._stopped):
            last = self._allocation.closed or time.monotonic() >= until
            if last:
                self._allocation.close()  # and looks once more, at what was just being put in
            if (job := self._allocation.take()) or last:
                return job
            time.sleep(LOOK)
        return None

    def _do(self, directory: Path) -> bool:
        """Whether there may be another one: not after a SIGKILL, of which Slurm tells why."""
        given = self._given(directory)
        if given.allocation != self._allocation.name:
            return True  # Slurm had forgotten this one for a while: another one has the job
        while not self._executor.ready():
            if self._leaving or self._stopped:
                return False
            self._executor.wait(LOOK)
        began, self._began = time.monotonic(), True
        begun = replace(given, job=self._number, node=self._where, began=time.time())
        begun.write(directory)
        gone = self._attended(directory)
        word = last_word(directory)
        now = Record.read(directory)
        if now is None or now.allocation != self._allocation.name:
            return False  # it was given to another one meanwhile
        in_time = self._leaving and word is not None and word.state == "paused"
        replace(
            now,
            ended=time.time(),
            seconds=time.monotonic() - began,
            signal=gone.signal,
            code=gone.code,
            stopped=self._stopped,
            cause=Cause.TIME_LIMIT if in_time else now.cause,
        ).write(directory)
        return gone.signal != signal.SIGKILL

    def _given(self, directory: Path) -> Record:
        """As run-queue wrote it. Raises FileNotFoundError where it cannot be seen from here."""
        until = time.monotonic() + SEEN
        while (given := Record.read(directory)) is None or not (directory / JOB).is_file():
            if time.monotonic() > until:
                raise FileNotFoundError(
                    f"{self._where} does not see {directory}: is it on a shared disk?"
                )
            look_into(self._jobs)
            time.sleep(LOOK)
        return given

    def _attended(self, directory: Path) -> Gone:
        """How the job's process ended."""
        try:
            handle = self._executor.submit(directory, self._team)
        except NotNowError:
            return Gone()
        while isinstance(gone := self._executor.poll(handle), Alive):
            if self._leaving:
                (directory / LEAVE).touch()
            grace = _end_wanted(directory)
            if self._stopped or grace is not None:
                self._executor.cancel(handle, float("inf") if grace is None else grace)
            self._executor.wait(LOOK)
        return gone

    def _give_back(self, cause: Cause | None) -> None:
        """Notes why of all jobs that did not end here by themselves, so that nobody waits for them:
        `cause` where they were begun. Time that was too short for the first of them counts."""
        never = Cause.NEVER_BEGUN if self._began or not self._leaving else Cause.TIME_LIMIT
        for job in self._allocation.jobs():
            record = Record.read(self._jobs / job)
            if record is None or record.allocation != self._allocation.name:
                continue
            if record.began is None:
                given_back = replace(record, job=self._number, ended=time.time(), cause=never)
                given_back.write(self._jobs / job)
            elif record.ended is None or (record.stopped and record.cause is None):
                ended = record.ended or time.time()
                replace(record, ended=ended, cause=cause).write(self._jobs / job)


def _end_wanted(directory: Path) -> float | None:
    """The grace in seconds of a job that is to end, None where it is not."""
    with suppress(OSError, ValueError):
        look_into(directory)
        return float((directory / END).read_text(encoding="ascii"))
    return None


def main(arguments: list[str]) -> int:
    """1 where jobs cannot be done here: the last line of the output says why."""
    folder, jobs, linger = Path(arguments[0]), Path(arguments[1]), float(arguments[2])
    with closing(LocalExecutor(WarmLauncher(folder / WARM_LOG))) as executor:
        node = Node(Allocation(folder), jobs, linger, executor, os.environ)
        signal.signal(signal.SIGUSR1, node.leave)
        signal.signal(signal.SIGTERM, node.stop)
        try:
            node.work()
        except (OSError, ExecutorError) as error:
            print(error, flush=True)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
