"""Steps 2 and 3 of Algorithm 1: the noun bank of a dataset."""

from typing import Any

import torch
import torch.nn.functional as F

from engine.job import Job
from engine.nouns import excluded
from engine.relax import cluster, clusters_for, select
from engine.stages import tables
from engine.stages.retrieval import write_nouns
from engine.wordnet.graph import WordNetGraph


def run(job: Job) -> dict[str, Any]:
    settings = job.settings
    embedded = tables.Embedded.load(job.input("embed"), "cpu")
    graph = WordNetGraph.load(job.input("wordnet"))
    nouns_at = job.input("nouns")
    nouns = tables.load(nouns_at / tables.NOUNS, "cpu")["nouns"].float()
    names = (nouns_at / tables.NOUN_NAMES).read_text(encoding="utf-8").split("\n")
    images = embedded.train.images
    count = clusters_for(settings["clusters"], len(images), len(embedded.classes))
    job.events.log(f"K-means of {len(images)} images into {count} centres")
    centres = cluster(
        images,
        count,
        seed=settings["seed"],
        restarts=settings["restarts"],
        iterations=settings["iterations"],
    )
    drop = torch.zeros(len(names), dtype=torch.bool)
    if settings["exclude_class_names"]:
        drop = torch.from_numpy(excluded(names, embedded.classes, graph.exceptions))
    chosen = select(centres, nouns, per_centre=settings["per_centre"], excluded=drop)
    bank = F.normalize(nouns[chosen.indices], dim=1)
    tables.save({"bank": bank, "centres": centres}, job.out / tables.BANK)
    picked = [names[i] for i in chosen.indices.tolist()]
    (job.out / tables.NOUN_NAMES).write_text("\n".join(picked), encoding="utf-8")
    write_nouns(job, embedded, bank, picked, settings["temperature"])
    return {"nouns": len(picked), "clusters": count, "excluded": int(drop.sum())}
