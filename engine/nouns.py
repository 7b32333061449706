"""The candidate nouns of Algorithm 1 (step 1) and which of them are class names."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.wordnet.graph import WordNetGraph
from engine.wordnet.morphology import Exceptions, key, singulars


def noun_list(graph: WordNetGraph, which: Literal["distinct", "tac"]) -> list[str]:
    """Display names of the candidates: 117,798 distinct lemmas, or TAC's 146,347 rows."""
    return [graph.names[i] for i in graph.rows(which).tolist()]


def excluded(
    names: Sequence[str], class_names: Sequence[str], exceptions: Exceptions
) -> NDArray[np.bool_]:
    """Which `names` are a class name, singular or plural; bool [n], True = drop.

    Case and underscores do not matter. A noun that merely contains a class name (maple tree,
    sea lion) stays: the method drops names, not meanings. `exceptions`: the graph's.
    """
    classes = {key(name) for name in class_names}
    singular_classes = {base for name in classes for base in singulars(name, exceptions)}

    def is_class(name: str) -> bool:
        if name in classes or name in singular_classes:
            return True
        return not classes.isdisjoint(singulars(name, exceptions))

    return np.array([is_class(key(name)) for name in names], dtype=np.bool_)
