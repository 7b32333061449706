"""Steps 2 and 3 of Algorithm 1: the noun bank of a dataset."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.errors import SpecError
from engine.files import FILE
from engine.job import Job
from engine.kmeans import Clusters, cluster, clusters_for
from engine.nouns import excluded
from engine.relax import select
from engine.stages import tables
from engine.stages.embed import report_of
from engine.stages.retrieval import write_nouns
from engine.wordnet.graph import WordNetGraph
from engine.wordnet.morphology import key

SHOWN = 10


def run(job: Job) -> dict[str, Any]:
    """`bank.safetensors`: bank [K, D] and, where there were any, centres [M, D], float32, rows of
    length 1; the bank's names, and which of them each class's images retrieve.

    Raises SpecError where no noun is left, and for phrases of a class that is none.
    """
    settings = job.settings
    embedded = tables.Embedded.load(job.input("embed"), job.device)
    graph = WordNetGraph.load(job.input("wordnet"))
    nouns_at = job.input("nouns")
    nouns = tables.one(nouns_at / tables.NOUNS, "nouns", job.device).float()
    names = (nouns_at / tables.NOUN_NAMES).read_text(encoding="utf-8").split("\n")
    drop = torch.zeros(len(names), dtype=torch.bool)
    if settings["exclude_class_names"]:
        drop = torch.from_numpy(excluded(names, embedded.classes, graph.exceptions))
    if drop.all():
        raise SpecError(
            "no candidate noun is left without the class names: give other nouns, or set"
            " relax.exclude_class_names to false"
        )
    found = None
    if (nouns_at / tables.PHRASES).is_file():
        chosen = torch.nonzero(~drop)[:, 0]
        for line in of_classes(nouns_at / tables.PHRASES, embedded.classes, chosen.tolist()):
            job.events.log(line)
    else:
        found = _clusters(job, embedded)
        chosen = select(
            found.centres, nouns, per_centre=settings["per_centre"], excluded=drop
        ).indices.cpu()
    bank = F.normalize(nouns[chosen.to(nouns.device)], dim=1)
    centres: dict[str, Tensor] = {"centres": found.centres} if found else {}
    tables.save({"bank": bank, **centres}, job.out / tables.BANK)
    picked = [names[i] for i in chosen.tolist()]
    (job.out / tables.NOUN_NAMES).write_text("\n".join(picked), encoding="utf-8")
    write_nouns(job, embedded, bank, picked, settings["temperature"])
    return {
        "nouns": len(picked),
        "clusters": len(found.centres) if found else None,
        "inertia": found.inertia if found else None,
        "excluded": int(drop.sum()),
    }


def of_classes(phrases: Path, classes: Sequence[str], kept: Sequence[int]) -> list[str]:
    """What to tell of a bank whose phrases were given class by class; `kept` are their indices.

    Every noun list that names classes is the bank itself: nothing is left to select. SpecError for
    the first class that the dataset does not have.
    """
    given = json.loads(phrases.read_text(encoding="utf-8"))
    places = {key(name): name for name in classes}
    for name, line in zip(given["classes"], given["lines"], strict=True):
        if key(name) not in places:
            raise SpecError(
                f"{given['file'].removeprefix(FILE)}, line {line}: {name!r} is no class of this"
                f" dataset; its classes: {_some(classes)}"
            )
    told = {places[key(given["classes"][i])] for i in kept}
    silent = [name for name in classes if name not in told]
    lines = [f"the bank is the {len(kept)} given phrases; no K-means"]
    return lines + ([f"no phrase is for: {_some(silent)}"] if silent else [])


def _clusters(job: Job, embedded: tables.Embedded) -> Clusters:
    settings, images = job.settings, embedded.train.images
    count = clusters_for(settings["clusters"], len(images), len(embedded.classes))
    job.events.log(f"K-means of {len(images)} images into {count} centres on {job.device}")
    return cluster(
        images,
        count,
        seed=settings["seed"],
        restarts=settings["restarts"],
        iterations=settings["iterations"],
        report=report_of(job, "K-means starts"),
    )


def _some(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
