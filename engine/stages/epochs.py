"""Tables with a row for each training sample in each of the student's epochs: made epoch by epoch,
so that a job that was killed goes on with the epoch it was at."""

import io
import math
import os
import shutil
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import DiskFullError, Paused
from engine.job import Job
from engine.kept import GB
from engine.train.half import host_halves
from engine.train.top_k import condensed, record

LOGITS = "logits.npy"
STUDENT = "S_s"  # the part of a run whose epochs, views and batches these tables follow
HALF = np.dtype("<f2")


def write_logits(
    job: Job, shape: tuple[int, int, int], rows: Callable[[int], Tensor]
) -> dict[str, Any]:
    """Writes `logits.npy` of `shape` = (epochs, N, C), where `rows(epoch)` gives float [N, C].

    float16 [epochs, N, C]; or, where the job's setting `logits` says so, [epochs, N] records of the
    largest of each row (engine.train.top_k). As `write_epochs` otherwise.
    """
    if kept := job.settings.get("logits"):
        k, tau = kept["top_k"], kept["tau"]
        kind = record(k, shape[2])
        return write_epochs(job, LOGITS, shape[:2], kind, lambda e: condensed(rows(e), k, tau))
    return write_epochs(job, LOGITS, shape, HALF, lambda epoch: host_halves(rows(epoch)))


def write_epochs(
    job: Job,
    name: str,
    shape: tuple[int, ...],
    kind: np.dtype[Any],
    rows: Callable[[int], NDArray[Any]],
) -> dict[str, Any]:
    """Writes `name`, an .npy of `kind` and `shape` = (epochs, N, …), into the artifact.

    `rows(epoch)` gives an epoch's part. The file grows in the job's directory until it is whole;
    its length tells how many epochs are done. Returns the job's figures. DiskFullError where
    there is no room for it, Paused behind an epoch where that is wanted.
    """
    epochs, samples = shape[:2]
    partial = job.directory / name
    header = io.BytesIO()
    description = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False}
    np.lib.format.write_array_header_1_0(header, description | {"shape": shape})
    head, size = header.getbuffer(), math.prod(shape[1:]) * kind.itemsize
    length = partial.stat().st_size if partial.is_file() else 0
    done = max(0, length - len(head)) // size
    need, free = (epochs - done) * size, shutil.disk_usage(job.directory).free
    if need > free:
        raise DiskFullError(
            f"{name} takes {need / GB:.1f} GB more and {job.directory} has {free / GB:.1f} GB free"
        )
    # No memory map: a disk that fills up is an error then, and no signal that kills the job.
    with partial.open("r+b" if length else "wb") as file:
        file.write(head)
        file.truncate(len(head) + done * size)
        file.seek(0, os.SEEK_END)
        job.events.progress(done, epochs, "epochs")
        for epoch in range(done, epochs):
            file.write(rows(epoch).data)
            file.flush()
            os.fsync(file.fileno())
            job.events.progress(epoch + 1, epochs, "epochs")
            if job.events.pause_wanted():
                raise Paused(f"paused after epoch {epoch + 1} of {epochs}")
    partial.replace(job.out / name)
    return {"epochs": epochs, "train_n": samples, "bytes": len(head) + epochs * size}
