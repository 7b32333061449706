"""`wordnet-graph`: a stand-in for CLIP that needs no weights. Deterministic, CPU.

Text tower: a noun is where it hangs in WordNet. Its synsets' hypernym closures, weighted by
information content, go through a fixed random projection and are averaged by frequency. A name of
which WordNet knows nothing has its spelling alone. Image tower: `engine.encoders.wordnet_images`.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from hashlib import sha256

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from engine.encoders.base import ClassTexts, Pixels, Report
from engine.encoders.names import STAND_IN
from engine.encoders.wordnet_images import RidgeImages
from engine.wordnet.graph import Senses, UnknownNameError, WordNetGraph
from engine.wordnet.morphology import key, singulars

DIM = 256
PROJECTION_SEED = 30  # WordNet 3.0
NOUNS_AT_ONCE = 8192
# A word's own part beside its senses: synonyms have a cosine of 1 / (1 + WORD²) = 0.8. Without it
# a class name's synonym is that name to this tower, and relaxed text leaks the label all the same.
WORD = 0.5
SENSE_PRIOR = 0.1  # chosen by looking at CIFAR-100's 74 ambiguous classes and UTKFace's
MEDIUM = {"image", "photo", "photograph", "picture"}  # what a prompt is, not what it shows
SHORTEST = 3  # letters of a prompt's noun: "a", "in" and "at" are nouns too (ångström, inch, kip)


class WordNetEncoder:
    """The embedded encoder; see `engine.encoders.base.Encoder`."""

    name = STAND_IN
    dim = DIM
    stand_in = True

    def __init__(self, graph: WordNetGraph) -> None:
        self.graph = graph

    @cached_property
    def closures(self) -> sparse.csr_array:
        """Synsets by their ancestors [S, S], float32, rows of length 1: the synset and each of its
        ancestors once, weighted by IC²: two synsets are alike by the near kin they share, not
        by the broad classes (artifact, animal) that they share with thousands."""
        reach = closure(self.graph)
        weighted = reach.multiply(information_content(reach) ** 2).tocsr()
        length = np.sqrt(weighted.multiply(weighted).sum(1))
        return sparse.csr_array(weighted.multiply(1 / length[:, None]), dtype=np.float32)

    @cached_property
    def synsets(self) -> NDArray[np.float32]:
        """Synset embeddings [S, D], rows of length 1: the closures in D random directions."""
        rng = np.random.Generator(np.random.Philox(PROJECTION_SEED))
        directions = rng.standard_normal((len(self.graph.offsets), DIM), dtype=np.float32)
        return _unit(self.closures @ directions)

    @cached_property
    def lemmas(self) -> NDArray[np.float32]:
        """A random direction [L, D] of length 1 for each lemma itself, whatever it means."""
        rng = np.random.Generator(np.random.Philox(PROJECTION_SEED + 1))
        return _unit(rng.standard_normal((len(self.graph.names), DIM), dtype=np.float32))

    def notes(self, names: Sequence[str]) -> list[str]:
        return [found.note for name in names if (found := self.senses(name)).note]

    def embed_nouns(self, names: Sequence[str], report: Report) -> Tensor:
        """[n, D]; the prompt templates say nothing to this tower."""
        found = []
        for start in range(0, len(names), NOUNS_AT_ONCE):
            few = names[start : start + NOUNS_AT_ONCE]
            senses = [self.senses(name) for name in few]
            found.append(self._as_words(_unit(self._weights(senses) @ self.synsets), few))
            report(start + len(few), len(names))
        return torch.from_numpy(np.concatenate(found))

    def embed_classes(
        self, names: Sequence[str], prompts: Mapping[str, Sequence[str]]
    ) -> ClassTexts:
        """[C, D], each class by the one sense most like the other classes' (notes say which).

        Of a class's prompts only the longest noun counts, and only where its name says nothing.
        """
        senses = [self.senses(name, prompts.get(name, ())) for name in names]
        chosen = self._choose_senses(senses)
        notes = [found.note for found in senses if found.note]
        meanings = np.zeros((len(names), DIM), dtype=np.float32)
        for i, (name, found, synset) in enumerate(zip(names, senses, chosen, strict=True)):
            if synset is None:
                continue
            meanings[i] = self.synsets[synset]
            options = [candidate for candidate, _ in found.weighted]
            if len(options) > 1:
                place = f"sense {options.index(synset) + 1} of {len(options)}"
                notes.append(f"{name}: {place}, {self.graph.describe(synset)}")
        return ClassTexts(torch.from_numpy(self._as_words(meanings, names)), notes, chosen)

    def fit(
        self, train: Pixels, labels: Tensor, class_texts: Tensor, report: Report
    ) -> RidgeImages:
        return RidgeImages.fit(train, labels, class_texts, report)

    def senses(self, name: str, sentences: Sequence[str] = ()) -> Senses:
        """The senses of `name`; else of the longest noun in `sentences`; else none, and a note."""
        try:
            return self.graph.senses(name)
        except UnknownNameError:
            noun = self._longest_noun(sentences)
        if noun:
            note = f"{name}: not in WordNet, read as '{noun}' of its prompts"
            return self.graph.senses(noun)._replace(note=note)
        return Senses(name, [], f"{name}: not in WordNet, stands for itself alone")

    def _longest_noun(self, sentences: Sequence[str]) -> str:
        """The lemma in `sentences`, singular or plural, of the most words, then of the most
        letters; the first of equals, "" where there is none."""
        best = ""
        for sentence in sentences:
            words = key("".join(c if c.isalnum() or c in "-'" else " " for c in sentence)).split()
            for start, stop in ((i, j) for i in range(len(words)) for j in range(i, len(words))):
                run = " ".join(words[start : stop + 1])
                forms = (run, *singulars(run, self.graph.exceptions))
                noun = next((form for form in forms if form in self.graph.lemma_index), "")
                if len(noun) < SHORTEST or noun in MEDIUM:
                    continue
                if _size(noun) > _size(best):
                    best = noun
        return best

    def _weights(self, senses: list[Senses]) -> sparse.csr_array:
        """Names × synsets, each row a name's sense weights."""
        pairs = [pair for found in senses for pair in found.weighted]
        start = np.cumsum([0, *(len(found.weighted) for found in senses)])
        synset = np.array([synset for synset, _ in pairs], dtype=np.int64)
        weight = np.array([weight for _, weight in pairs], dtype=np.float32)
        shape = (len(senses), len(self.graph.offsets))
        return sparse.csr_array((weight, synset, start), shape)

    def _as_words(self, meanings: NDArray[np.float32], names: Sequence[str]) -> NDArray[np.float32]:
        """Meanings [n, D] of length 1 (or 0), each with its word's own part, again of length 1."""
        return _unit(meanings + WORD * np.stack([self._word(key(name)) for name in names]))

    def _word(self, word: str) -> NDArray[np.float32]:
        """The direction [D] of a word itself. One that is no lemma has it by its spelling, also
        where it is read as another word: "red car" and "blue car" stay two things."""
        lemma = self.graph.lemma_index.get(word)
        if lemma is not None:
            direction: NDArray[np.float32] = self.lemmas[lemma]
            return direction
        digest = int.from_bytes(sha256(word.encode()).digest()[:16], "big")
        rng = np.random.Generator(np.random.Philox(key=digest))
        return _unit(rng.standard_normal(DIM, dtype=np.float32))

    def _choose_senses(self, senses: list[Senses]) -> list[int | None]:
        """One synset per class; None for one without senses, which is as if it were not there."""
        known = [found for found in senses if found.weighted]
        chosen = iter(self._choose(known) if known else [])
        return [next(chosen) if found.weighted else None for found in senses]

    def _choose(self, senses: list[Senses]) -> list[int]:
        """One synset per class, by coordinate ascent on Σ likeness over pairs + Σ prior · log w.

        Likeness is the cosine of closures, w a sense's frequency weight. Each class starts from its
        sense most like the others' averages; classes are taken in order and each step raises the
        sum, so it ends. The first of equals wins.
        """
        options = [pair for found in senses for pair in found.weighted]
        rows = self.closures[[synset for synset, _ in options]]
        likeness = (rows @ rows.T).toarray().astype(np.float64)
        weight = np.array([weight for _, weight in options])
        prior = SENSE_PRIOR * np.log(weight)
        start = np.cumsum([0, *(len(found.weighted) for found in senses)])
        expected = np.add.reduceat(likeness * weight, start[:-1], axis=1)  # by class
        chosen = np.zeros(len(senses), dtype=np.int64)
        for i in range(len(senses)):
            own = slice(start[i], start[i + 1])
            score = np.delete(expected[own], i, axis=1).sum(1) + prior[own]
            chosen[i] = start[i] + int(score.argmax())
        changed = True
        while changed:
            changed = False
            for i in range(len(senses)):
                own = slice(start[i], start[i + 1])
                score = likeness[own][:, np.delete(chosen, i)].sum(1) + prior[own]
                best = start[i] + int(score.argmax())
                if score[best - start[i]] > score[chosen[i] - start[i]] + 1e-9:
                    chosen[i] = best
                    changed = True
        return [options[i][0] for i in chosen]


def closure(graph: WordNetGraph) -> sparse.csr_array:
    """float32 [S, S]: 1 where the column is the row's synset or one of its ancestors."""
    count = len(graph.offsets)
    ancestors: dict[int, frozenset[int]] = {}

    def of(synset: int) -> frozenset[int]:
        if synset not in ancestors:
            above = (of(int(parent)) for parent in graph.hypernyms(synset))
            ancestors[synset] = frozenset({synset}).union(*above)
        return ancestors[synset]

    columns = [sorted(of(synset)) for synset in range(count)]
    start = np.cumsum([0, *map(len, columns)])
    index = np.concatenate([np.array(row) for row in columns])
    return sparse.csr_array((np.ones(len(index), np.float32), index, start), (count, count))


def information_content(reach: sparse.csr_array) -> NDArray[np.float64]:
    """IC [S] from the graph alone (Seco et al. 2004): 1 − log(hyponyms + 1) / log(S + 1).

    Leaves have 1. The root has next to nothing; with log(S) it would have nothing, no direction.
    """
    within = np.bincount(reach.indices, minlength=reach.shape[0])  # hyponyms and itself
    content: NDArray[np.float64] = 1 - np.log(within) / np.log(reach.shape[0] + 1)
    return content


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of length 1; a row of zeros stays one."""
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    unit: NDArray[np.float32] = rows / np.maximum(length, np.finfo(np.float32).tiny)
    return unit


def _size(noun: str) -> tuple[int, int]:
    """Words, then letters; nothing has (0, 0)."""
    return len(noun.split()), len(noun)
