"""An image teacher's logits for every view of a student's whole training, computed once.

They serve each student that sees the same views: all of a sweep's, since a view depends on
(seed, epoch, sample id) alone.
"""

import json
from typing import Any

import numpy as np
import torch

from engine.job import Job
from engine.stages import tables
from engine.stages.images import model_of, views_of
from engine.train.image import precision_context, predict

LOGITS, DONE = "logits.npy", "epochs-done.json"


def run(job: Job) -> dict[str, Any]:
    views = views_of(job, "S_s")
    teacher_at = job.input("teacher")
    teacher = job.store.meta(job.inputs["teacher"])["settings"]
    module = model_of(teacher, views, teacher["member"], job.device)
    module.load_state_dict(tables.load(teacher_at / tables.MODEL, job.device))
    module.eval()
    precision = precision_context(torch.device(job.device), job.settings["precision"])

    samples, epochs = len(views.train.labels), job.settings["epochs"]
    # In the job's directory until whole: a killed job goes on with the epoch it was at.
    partial, done_at = job.directory / LOGITS, job.directory / DONE
    done = json.loads(done_at.read_text()) if partial.is_file() and done_at.is_file() else 0
    table = np.lib.format.open_memmap(
        partial,
        mode="r+" if done else "w+",
        dtype=np.float16,
        shape=(epochs, samples, views.classes),
    )
    everyone = torch.arange(samples, device=job.device)
    job.events.progress(done, epochs, "epochs")
    for epoch in range(done, epochs):

        def view(start: int, stop: int, epoch: int = epoch) -> torch.Tensor:
            return views.training(everyone[start:stop], epoch)

        table[epoch] = predict(module, view, samples, precision).half().cpu().numpy()
        table.flush()
        done_at.write_text(json.dumps(epoch + 1))
        job.events.progress(epoch + 1, epochs, "epochs")
    del table
    partial.replace(job.out / LOGITS)
    done_at.unlink(missing_ok=True)
    return {"epochs": epochs, "train_n": samples, "bytes": (job.out / LOGITS).stat().st_size}
