"""Step 1 of Algorithm 1: every candidate noun's text embedding."""

from typing import Any

import torch

from engine.encoders import load_encoder
from engine.job import Job
from engine.nouns import noun_list
from engine.stages import tables
from engine.wordnet.graph import WordNetGraph


def run(job: Job) -> dict[str, Any]:
    graph = WordNetGraph.load(job.input("wordnet"))
    encoder = load_encoder(job.settings["encoder"], graph=graph, device=torch.device(job.device))
    names = noun_list(graph, job.settings["nouns"])
    embeddings = encoder.embed_nouns(
        names, lambda done, total: job.events.progress(done, total, "nouns")
    )
    # Half precision: a cosine is off by less than 1e-3, the table takes half the disk.
    tables.save({"nouns": embeddings.half()}, job.out / tables.NOUNS)
    (job.out / tables.NOUN_NAMES).write_text("\n".join(names), encoding="utf-8")
    return {"nouns": len(names), "dim": encoder.dim}
