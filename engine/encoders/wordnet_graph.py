"""`wordnet-graph`: a stand-in for CLIP that needs no weights. Deterministic, CPU.

Text tower: a noun is where it hangs in WordNet. Its synsets' hypernym closures, weighted by
information content, go through a fixed random projection and are averaged by frequency.
Image tower: DeViSE's idea (Frome et al. 2013) in closed form, ridge regression from patch features
to the class names' text embeddings, fitted on the training split alone. Training images get
leave-one-out predictions, else T_x would learn from embeddings far better than validation's.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from engine.encoders import ClassTexts, Report
from engine.encoders.names import STAND_IN
from engine.encoders.patches import PatchFeatures
from engine.encoders.ridge import Ridge, blocks
from engine.wordnet.graph import Senses, WordNetGraph
from engine.wordnet.morphology import key

DIM = 256
PROJECTION_SEED = 30  # WordNet 3.0
NOUNS_AT_ONCE = 8192
# A word's own part beside its senses: synonyms have a cosine of 1 / (1 + WORD²) = 0.8. Without it
# a class name's synonym is that name to this tower, and relaxed text leaks the label all the same.
WORD = 0.5
SENSE_PRIOR = 0.1  # chosen by looking at CIFAR-100's 74 ambiguous classes and UTKFace's
KEPT_FEATURES = 2 << 30  # bytes of features kept between the passes; more are computed again


class WordNetEncoder:
    """The embedded encoder; see `engine.encoders.Encoder`."""

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
    def words(self) -> NDArray[np.float32]:
        """A random direction [L, D] of length 1 for each lemma itself, whatever it means."""
        rng = np.random.Generator(np.random.Philox(PROJECTION_SEED + 1))
        return _unit(rng.standard_normal((len(self.graph.names), DIM), dtype=np.float32))

    def embed_nouns(self, names: Sequence[str], report: Report) -> Tensor:
        """[n, D]; the prompt templates say nothing to this tower. UnknownNameError: a name of which
        WordNet knows no noun."""
        found = []
        for start in range(0, len(names), NOUNS_AT_ONCE):
            senses = [self.graph.senses(name) for name in names[start : start + NOUNS_AT_ONCE]]
            found.append(self._as_words(_unit(self._weights(senses) @ self.synsets), senses))
            report(min(start + NOUNS_AT_ONCE, len(names)), len(names))
        return torch.from_numpy(np.concatenate(found))

    def embed_classes(self, names: Sequence[str]) -> ClassTexts:
        """[C, D], each class by the one sense most like the other classes' (notes say which)."""
        senses = [self.graph.senses(name) for name in names]
        chosen = self._choose_senses(senses)
        notes = [found.note for found in senses if found.note]
        for name, found, synset in zip(names, senses, chosen, strict=True):
            options = [candidate for candidate, _ in found.weighted]
            if len(options) > 1:
                place = f"sense {options.index(synset) + 1} of {len(options)}"
                notes.append(f"{name}: {place}, {self.graph.describe(synset)}")
        words = self._as_words(self.synsets[chosen], senses)
        return ClassTexts(torch.from_numpy(words), notes, chosen)

    def embed_images(
        self, train: Tensor, labels: Tensor, val: Tensor, class_texts: Tensor, report: Report
    ) -> tuple[Tensor, Tensor]:
        extract = PatchFeatures.from_images(train)
        total = len(train) + len(val)
        keep = len(train) * extract.dim * 4 <= KEPT_FEATURES
        if keep:
            kept = torch.empty(len(train), extract.dim)
            for block in blocks(len(train)):
                kept[block] = extract(train[block])
                report(block.stop // 2, total)

        def rows(which: slice) -> Tensor:
            return kept[which] if keep else extract(train[which])

        def wrong(predicted: Tensor, which: slice) -> Tensor:
            return (predicted @ texts.T).argmax(1).ne(labels[which]).sum()

        texts = class_texts.double()
        targets = texts[labels]
        ridge = Ridge.fit(rows, targets, wrong)
        seen, unseen = torch.empty(len(train), DIM), torch.empty(len(val), DIM)
        for block in blocks(len(train)):
            seen[block] = F.normalize(ridge.leave_one_out(rows(block), targets[block])).float()
            report((len(train) + block.stop) // 2, total)
        for block in blocks(len(val)):
            unseen[block] = F.normalize(ridge.predict(extract(val[block]))).float()
            report(len(train) + block.stop, total)
        return seen, unseen

    def _weights(self, senses: list[Senses]) -> sparse.csr_array:
        """Names × synsets, each row a name's sense weights."""
        pairs = [pair for found in senses for pair in found.weighted]
        start = np.cumsum([0, *(len(found.weighted) for found in senses)])
        synset, weight = zip(*pairs, strict=True)
        shape = (len(senses), len(self.graph.offsets))
        return sparse.csr_array((np.array(weight, np.float32), np.array(synset), start), shape)

    def _as_words(self, meanings: NDArray[np.float32], senses: list[Senses]) -> NDArray[np.float32]:
        """Meanings [n, D] of length 1, each with its word's own part, again of length 1."""
        lemmas = [self.graph.lemma_index[key(found.lemma)] for found in senses]
        return _unit(meanings + WORD * self.words[lemmas])

    def _choose_senses(self, senses: list[Senses]) -> list[int]:
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
    unit: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit
