"""sbatch, squeue, sacct, scancel, scontrol: run here and nowhere else, and their answers read.

SBATCH_…, SQUEUE_… and their like in the environment are not passed on: they would change what is
asked, and answers with it. Nor is what Slurm tells of an allocation that run-queue itself is in:
jobs would inherit it and take it for their own.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wnkd_tui.queue.executors.base import ExecutorError, NotNowError

PREFIX = "wnkd-"  # of the names of our jobs
NEEDED = ("sbatch", "squeue", "scancel", "scontrol")
INSTALL = (
    "install Slurm's commands (Debian, Ubuntu: apt install slurm-client) and run this on a host"
    " from which jobs are submitted to the cluster"
)
TIMEOUT = 30.0  # seconds; Slurm's own patience with a controller is shorter
_CHANGING = ("SBATCH_", "SQUEUE_", "SCANCEL_", "SACCT_", "SINFO_")
_INSIDE, _CLUSTERS = "SLURM_JOB_ID", ("SLURM_CONF", "SLURM_CLUSTERS", "SLURM_JWT")
# Faults of what was asked: it will be refused the next time too.
_FOR_GOOD = re.compile(
    r"invalid|unrecogni[sz]ed|not available|not permitted|denied|unable to open|only supported"
    r"|disabled",
    re.IGNORECASE,
)
# In the same words, faults that pass: a partition that is drained for a day, a node that is down.
_FOR_NOW = re.compile(
    r"not available now|inactive or drain|down, drained|presently|temporar", re.IGNORECASE
)
_WAITING = ("PENDING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "RESV_DEL_HOLD", "SPECIAL_EXIT")
_ENDED = (
    *("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "DEADLINE", "PREEMPTED", "OUT_OF_MEMORY"),
    *("NODE_FAIL", "BOOT_FAIL", "LAUNCH_FAILED"),
)
_ELSEWHERE = "REVOKED"  # another cluster of the federation has begun it
_JOBS = "%i|%T|%r|%N|%P|%j"
_SINCE = "now-30days"  # how far back the accounting is asked
_TOLD = 3  # lines at most of a fault: sites print whole pages


@dataclass(frozen=True)
class ClusterJob:
    """A job as Slurm tells it: `reason` is why it waits, "" where it does not."""

    id: str
    state: str
    reason: str
    node: str
    partition: str
    name: str

    @property
    def waits(self) -> bool:
        """In the cluster's queue, be it once more."""
        return self.state in _WAITING

    @property
    def ended(self) -> bool:
        return self.state in _ENDED


class Slurm:
    """The commands. All raise ExecutorError; NotNowError where the next try may do."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        given = os.environ if environ is None else environ
        changing = (*_CHANGING, "SLURM_") if _INSIDE in given else _CHANGING
        kept = {
            name: value
            for name, value in given.items()
            if name in _CLUSTERS or not name.startswith(changing)
        }
        self._environ = {**kept, "LC_ALL": "C"}

    def missing(self) -> list[str]:
        """The commands that are not there."""
        path = self._environ.get("PATH")
        return [name for name in NEEDED if shutil.which(name, path=path) is None]

    def cluster(self) -> str:
        """The cluster's name."""
        found = re.search(
            r"^ClusterName\s*=\s*(\S+)", self._run("scontrol", "show", "config"), re.M
        )
        if found is None:
            raise NotNowError("scontrol show config: tells no ClusterName")
        return found[1]

    def submit(self, options: Sequence[str], script: Path) -> str:
        """The number of the new job."""
        return self._run("sbatch", "--parsable", *options, str(script)).strip().partition(";")[0]

    def test(self, options: Sequence[str], script: Path) -> str:
        """When such a job would start, in sbatch's words; nothing is submitted."""
        said = self._run("sbatch", "--test-only", *options, str(script))
        return _lines("sbatch", said)[-1]

    def jobs(self) -> dict[str, ClusterJob]:
        """Our jobs by name, those among them that ended a few minutes ago."""
        me = f"--user={os.getuid()}"
        said = self._run("squeue", "--noheader", "--states=all", me, f"--format={_JOBS}")
        return _by_name(said)

    def waiting(self, partition: str) -> list[str]:
        """The numbers of all jobs that wait for `partition`, the next one first."""
        which = ("--states=PENDING", "--sort=-p,i", f"--partition={partition}", "--format=%i")
        return self._run("squeue", "--noheader", *which).split()

    def past(self, names: Collection[str]) -> dict[str, ClusterJob]:
        """Jobs of ours by name as the accounting has them, where the cluster keeps one."""
        which = (f"--name={','.join(names)}", f"--starttime={_SINCE}", f"--uid={os.getuid()}")
        fields = "--format=JobID,State%30,Reason,NodeList,Partition,JobName"
        said = self._run(
            "sacct", "--noheader", "--parsable2", "--allocations", "--delimiter=|", *which, fields
        )
        return _by_name(said)

    def nodes(self) -> set[str]:
        """The names of the cluster's nodes."""
        return set(self._run("sinfo", "--noheader", "--Node", "--format=%N").split())

    def cancel(self, jobs: Iterable[ClusterJob]) -> None:
        self._run("scancel", "--quiet", *(job.id for job in jobs))

    def _run(self, *command: str) -> str:
        try:
            done = subprocess.run(
                command,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=TIMEOUT,
                check=False,
            )
        except FileNotFoundError:
            raise ExecutorError(f"{command[0]} is not there: {INSTALL}") from None
        except OSError as error:
            raise NotNowError(f"cannot run {command[0]}: {error.strerror}") from None
        except subprocess.TimeoutExpired:
            raise NotNowError(f"{command[0]} did not answer within {TIMEOUT:.0f} s") from None
        said, errors = (text.decode("utf-8", "replace") for text in (done.stdout, done.stderr))
        if done.returncode == 0:
            return said or errors  # sbatch --test-only tells on stderr
        told = _lines(command[0], errors or said)
        for_good = _FOR_GOOD.search(told[-1]) and not _FOR_NOW.search(told[-1])
        fault = f"{command[0]}: {'; '.join(told[-_TOLD:])}"
        raise (ExecutorError if for_good else NotNowError)(fault)


def _by_name(said: str) -> dict[str, ClusterJob]:
    """Of a job that a federation's clusters share, what that one says which has begun it."""
    found = [job for job in map(_cluster_job, said.splitlines()) if job]
    return {job.name: job for job in sorted(found, key=lambda job: job.state != _ELSEWHERE)}


def _cluster_job(line: str) -> ClusterJob | None:
    """One line of squeue or sacct; None for a job that is not ours, and for a step of one (7.batch)
    or one of an array (7_1), as ours never are."""
    fields = line.split("|", 5)
    if len(fields) != 6 or not fields[0].isdigit() or not fields[5].startswith(PREFIX):
        return None
    id, state, reason, node, partition, name = fields
    state = state.partition(" ")[0]  # sacct: "CANCELLED by 1000"
    return ClusterJob(id, state, "" if reason == "None" else reason, node, partition, name)


def _lines(command: str, said: str) -> list[str]:
    """What a command said, each line once and without its name. The last is Slurm's own word, those
    before it often a site's, without which `Unspecified error` says nothing."""
    lines = [line.strip().removeprefix(f"{command}: ") for line in said.splitlines()]
    told = [line.removeprefix("error: ") for line in lines if not line.startswith("Try ")]
    return [*dict.fromkeys(filter(None, told))] or ["said nothing"]
