"""Tables with a row for each training sample in each of the student's epochs: made epoch by epoch,
so that a job that was killed goes on with the epoch it was at."""

import io
import os
import shutil
from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor

from engine.errors import DiskFullError, Paused
from engine.job import Job
from engine.train.half import halved

LOGITS = "logits.npy"
STUDENT = "S_s"  # the part of a run whose epochs, views and batches these tables follow
GB = 1e9


def write_epochs(
    job: Job, name: str, shape: tuple[int, int, int], rows: Callable[[int], Tensor]
) -> dict[str, Any]:
    """Writes `name`, an .npy of float16 [epochs, N, width] = `shape`, into the artifact.

    `rows(epoch)` gives float [N, width]. The file grows in the job's directory until it is whole;
    its length tells how many epochs are done. Returns the job's figures. DiskFullError where
    there is no room for it, Paused behind an epoch where that is wanted.
    """
    epochs, samples, width = shape
    partial = job.directory / name
    header = io.BytesIO()
    description = {"descr": "<f2", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, description)
    head, size = header.getbuffer(), samples * width * 2
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
            file.write(halved(rows(epoch)).cpu().contiguous().numpy().data)
            file.flush()
            os.fsync(file.fileno())
            job.events.progress(epoch + 1, epochs, "epochs")
            if job.events.pause_wanted():
                raise Paused(f"paused after epoch {epoch + 1} of {epochs}")
    partial.replace(job.out / name)
    return {"epochs": epochs, "train_n": samples, "bytes": len(head) + epochs * size}
