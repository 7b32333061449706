"""WordNet's noun graph as arrays, from the shipped corpus through NLTK."""

from typing import Any

from engine.job import Job
from engine.wordnet.graph import WordNetGraph


def run(job: Job) -> dict[str, Any]:
    graph = WordNetGraph.build(job.cache)
    graph.save(job.out)
    return {"synsets": len(graph.offsets), "nouns": len(graph.names)}
