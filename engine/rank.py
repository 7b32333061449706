"""One of the processes that share a job's training: `python -m engine.rank JOB_DIR OUT`.

Its number is in the environment, by torchrun's names: RANK of WORLD_SIZE, and LOCAL_RANK on its
machine. Rank 0 tells the job's events and makes its checkpoints and its artifact; what another one
says and leaves is in `ranks/NUMBER` of the job's directory, and there each has its own last word.
"""

import importlib
import json
import os
import sys
import threading
import traceback
from collections.abc import Generator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

from engine.artifacts import ArtifactStore
from engine.ending import Ending, failure
from engine.errors import DeviceError, Paused, RankLostError, WnkdError
from engine.events import EventWriter, write_exit
from engine.job import JOB, STAGES, compute_alike, environment_of, job_of
from engine.memory import gpu_memory, host_memory
from engine.together import Shared

SHARED = ("teacher", "student")  # kinds of job that several processes can share
RANKS, MEETING = "ranks", "meeting"
LOST = "another rank is lost"  # the cause of a failure that is another one's
VISIBLE = "CUDA_VISIBLE_DEVICES"
ADDRESS = "MASTER_ADDR"  # of rank 0's host
# Where a job's ranks are on several hosts: how many are on this one, and the command that starts
# another one as all the rest, each with its RANK and LOCAL_RANK.
HERE, ELSEWHERE = "WNKD_RANKS_HERE", "WNKD_RANKS_ELSEWHERE"


@dataclass(frozen=True)
class Rank:
    """Process `number` of `size`, the `local`-th of its machine; all from 0."""

    number: int
    size: int
    local: int

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self | None:
        """What torchrun, or who else starts ranks, says there; None where nobody does."""
        if not {"RANK", "WORLD_SIZE"} <= environment.keys():
            return None
        number = int(environment["RANK"])
        local = int(environment.get("LOCAL_RANK", number))
        return cls(number, int(environment["WORLD_SIZE"]), local)

    @property
    def environment(self) -> dict[str, str]:
        """What `of` reads."""
        names = {"RANK": self.number, "WORLD_SIZE": self.size, "LOCAL_RANK": self.local}
        return {name: str(value) for name, value in names.items()}

    def folder(self, directory: Path) -> Path:
        """What is this rank's own of a job's directory."""
        return directory / RANKS / str(self.number)


def take_part(directory: Path, rank: Rank, out: Path | None = None) -> int:
    """Does this rank's part of a job, into `out` or into nothing: 1 where that failed, else 0."""
    own = rank.folder(directory)
    own.mkdir(parents=True, exist_ok=True)
    try:
        with TemporaryDirectory(dir=own) as nowhere:
            ending = Ending("done", result=_result(directory, rank, out or Path(nowhere)))
    except Paused as pause:
        ending = Ending("paused", reason=str(pause))
    except Exception as error:  # noqa: BLE001 - a rank's end is always told
        ending = failure(error, [directory])
        if isinstance(error, RankLostError):
            ending = replace(ending, cause=LOST)
        elif ending.cause is None and not isinstance(error, WnkdError):
            traceback.print_exception(error)
    ending = replace(ending, memory=gpu_memory(), host_memory=host_memory())
    write_exit(own, asdict(ending))
    return int(ending.state == "failed")


def _result(directory: Path, rank: Rank, out: Path) -> dict[str, Any]:
    record = json.loads((directory / JOB).read_text(encoding="utf-8"))
    artifacts = ArtifactStore(Path(record["run"]["artifacts"]))
    if rank.number and (record["kind"] not in SHARED or not artifacts.fault(record["key"])):
        return {}  # one that torchrun has started, and rank 0 waits for nobody
    take_gpu(rank)
    compute_alike(record["settings"].get("cpu_threads", 1))
    device, _ = environment_of(record["run"]["device"])
    from engine.train import ranks

    own = rank.folder(directory) if rank.number else directory
    store = ranks.meeting(directory / RANKS / MEETING, rank.number, rank.size)
    with EventWriter(own) as events, ranks.joined(store, rank.number, rank.size, device):
        job = job_of(record, own, artifacts, out, device, events, Shared())
        made = importlib.import_module(STAGES[job.kind]).run(job)
        assert isinstance(made, Generator)  # what is shared out is a training
        while True:
            try:
                next(made)
            except StopIteration as end:
                return dict(end.value)


def take_gpu(rank: Rank) -> None:
    """From now on this process sees one GPU, its own, whichever thread looks; or none, where the
    job has none. Raises DeviceError where there are fewer GPUs than ranks.

    Call it before CUDA is started.
    """
    listed = os.environ.get(VISIBLE)
    if listed is None:
        import torch

        listed = ",".join(map(str, range(torch.cuda.device_count())))
    if listed in ("", "-1"):
        return
    names = listed.split(",")
    if rank.local >= len(names):
        raise DeviceError(
            f"rank {rank.number} of {rank.size} has no GPU: the job was given only {listed}"
        )
    os.environ[VISIBLE] = names[rank.local]


def _end_with_parent() -> None:
    """The parent holds the other end of stdin for as long as it lives."""
    sys.stdin.buffer.read()
    os._exit(1)


def main(arguments: list[str]) -> int:
    """For engine.leading, which starts it."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    directory, out = map(Path, arguments)
    rank = Rank.of(os.environ)
    assert rank is not None
    return take_part(directory, rank, None if rank.number else out)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # a thread of a library may wait for a rank that is lost
