"""The student's views as the encoder sees them: T_x's image side where `embed.mode` is augmented.

A row for each training image in each of the student's epochs, so that T_x says of a view what it
says of the very pixels that the student sees; and the validation images, prepared in the same way.
"""

from itertools import zip_longest
from typing import Any

import torch
from numpy.typing import NDArray

from engine.job import Job
from engine.stages import tables
from engine.stages.embed import encoder_of, fitted
from engine.stages.epochs import HALF, STUDENT, write_epochs
from engine.stages.images import views_of
from engine.train.half import host_halves

AT_ONCE = 256  # views at a time: 224-pixel ones take 150 MB


def run(job: Job) -> dict[str, Any]:
    """`views.npy` float16 [epochs, N, D]."""
    settings = job.settings
    views = views_of(job, STUDENT)
    encoder = encoder_of(job)
    class_texts = tables.Embedded.load(job.input("embed"), "cpu").class_texts
    # The tower is that of the embed job, which sees the clean images at a size of its own.
    job.events.log("the image tower is made ready")
    clean = tables.dataset(job, settings["size"])
    tower = fitted(encoder, clean, class_texts, lambda done, total: None)
    samples, epochs = len(views.train.labels), settings["epochs"]
    parts = torch.arange(samples, device=job.device).split(AT_ONCE)

    def row(epoch: int) -> NDArray[Any]:
        rows = [
            tower.views(index, views.pixels(index, epoch, following))
            for index, following in zip_longest(parts, parts[1:])
        ]
        return host_halves(torch.cat(rows))

    val = [tower.unseen_views(pixels) for pixels in views.validation_pixels(AT_ONCE)]
    tables.save({"val": torch.cat(val)}, job.out / tables.VAL_VIEWS)
    return write_epochs(job, tables.VIEWS, (epochs, samples, encoder.dim), HALF, row)
