"""WordNet's noun graph as arrays, from the shipped corpus through NLTK."""

from typing import Any

from engine.job import Job
from engine.wordnet import gloss
from engine.wordnet.graph import WordNetGraph

GLOSSES = "glosses.txt"


def run(job: Job) -> dict[str, Any]:
    """The graph (`WordNetGraph.save`), and glosses where the machine has a WordNet with some."""
    graph = WordNetGraph.build(job.cache)
    graph.save(job.out)
    glosses = [gloss(offset) for offset in graph.offsets.tolist()]
    if any(glosses):  # the shipped corpus has none; a person's own may
        (job.out / GLOSSES).write_text("\n".join(glosses), encoding="utf-8")
    return {"synsets": len(graph.offsets), "nouns": len(graph.names)}
