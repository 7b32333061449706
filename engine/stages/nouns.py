"""Step 1 of Algorithm 1: every candidate noun's text embedding."""

import json
from typing import Any

from engine.encoders.choice import load_encoder
from engine.files import FILE
from engine.job import Job
from engine.nouns import noun_list, read_nouns
from engine.stages import tables
from engine.stages.embed import report_of
from engine.wordnet.graph import WordNetGraph

SHOWN_NOTES = 20


def run(job: Job) -> dict[str, Any]:
    """`nouns.safetensors`, float16 [n, D], and their names in `nouns.txt`; where a file gives
    phrases class by class, which is whose in `phrases.json`."""
    which = job.settings["nouns"]
    graph = WordNetGraph.load(job.input("wordnet"))
    encoder = load_encoder(job.settings["encoder"], graph=graph, device=job.device, files=job.files)
    if which.startswith(FILE):
        given = read_nouns(job.file(which))
        names = given.names
        notes = encoder.notes(names)
        for note in notes[:SHOWN_NOTES]:
            job.events.log(note)
        if len(notes) > SHOWN_NOTES:
            job.events.log(f"and {len(notes) - SHOWN_NOTES} more such names")
        if given.repeated:
            job.events.log(f"left out, since they repeat an earlier line: {given.repeated} lines")
        if given.classes:  # checked where the dataset is known, by relax
            phrases = {"file": which, "classes": given.classes, "lines": given.lines}
            (job.out / tables.PHRASES).write_text(json.dumps(phrases), encoding="utf-8")
    else:
        names = noun_list(graph, which)
    embeddings = encoder.embed_nouns(names, report_of(job, "nouns"))
    # Half precision: a cosine is off by less than 1e-3, the table takes half the disk.
    tables.save({"nouns": embeddings.half()}, job.out / tables.NOUNS)
    (job.out / tables.NOUN_NAMES).write_text("\n".join(names), encoding="utf-8")
    return {"nouns": len(names), "dim": encoder.dim}
