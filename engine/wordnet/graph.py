"""The noun graph as a few arrays, derived from NLTK once and then read in a blink."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from engine.errors import WnkdError
from engine.wordnet import reader
from engine.wordnet.morphology import Exceptions, key, singulars

Ints = NDArray[np.int64]
SMOOTHING = 1  # added to every tag count: a sense never seen in SemCor still weighs something
TENSORS, NAMES, EXCEPTIONS = "graph.safetensors", "names.txt", "exceptions.txt"


class UnknownNameError(WnkdError, LookupError):
    """A name of which WordNet knows no noun, not even by its head noun."""


class Senses(NamedTuple):
    """A name's senses, the most frequent first.

    `weighted` pairs synset indices with weights that sum to 1; `lemma` is the name they were found
    under; `note` says which fallback was used, and is "" where the name is itself a lemma.
    """

    lemma: str
    weighted: list[tuple[int, float]]
    note: str


@dataclass(frozen=True)
class WordNetGraph:
    """82,115 noun synsets (S) and 117,798 noun lemmas (L) of WordNet 3.0.

    `offsets` [S]: official byte offsets, ascending; a synset's index is its place here.
    `hypernym_*`: CSR [S+1], [E] of synset → its hypernyms and instance hypernyms.
    `member_*`: CSR [S+1], [146,347] of synset → its lemmas in WordNet's order; 35 synsets hold two
    spellings of one lemma. `sense_*`: CSR [L+1], [146,312] of lemma → its synsets, the most
    frequent sense first, each with its tag count. `names` [L]: display names (spaces, the first
    sense's spelling), ordered by `key`. All arrays int64.
    """

    offsets: Ints
    hypernym_start: Ints
    hypernym: Ints
    member_start: Ints
    member: Ints
    sense_start: Ints
    sense: Ints
    sense_count: Ints
    names: tuple[str, ...] = field(repr=False)
    exceptions: Exceptions = field(repr=False)

    @classmethod
    def build(cls, cache_dir: Path) -> Self:
        """Derive the graph from the shipped nouns through NLTK; 10 s, so save what you get."""
        corpus = reader(cache_dir)
        synsets = sorted(corpus.all_synsets("n"), key=lambda synset: synset.offset())
        offsets = np.array([synset.offset() for synset in synsets], dtype=np.int64)
        index = {int(offset): i for i, offset in enumerate(offsets)}

        hypernyms = [
            sorted(index[h.offset()] for h in (*s.hypernyms(), *s.instance_hypernyms()))
            for s in synsets
        ]
        ranked = _ranked_senses(corpus, index)  # key → [(rank, synset, count)], best rank first
        keys = sorted(ranked)
        place = {name: i for i, name in enumerate(keys)}
        members = [[place[key(name)] for name in synset.lemma_names()] for synset in synsets]
        spelling: dict[tuple[str, int], str] = {}
        for i, synset in enumerate(synsets):
            for name in synset.lemma_names():
                spelling.setdefault((key(name), i), name.replace("_", " "))
        return cls(
            offsets,
            *_csr(hypernyms),
            *_csr(members),
            *_csr([synset for _, synset, _ in ranked[name]] for name in keys),
            np.array([count for name in keys for _, _, count in ranked[name]], dtype=np.int64),
            names=tuple(spelling[name, ranked[name][0][1]] for name in keys),
            exceptions=_exceptions(corpus.open("noun.exc")),
        )

    def save(self, directory: Path) -> None:
        """Write the graph into `directory`, which must exist; the same graph, the same bytes."""
        from safetensors.numpy import save_file

        arrays = {k: v for k, v in vars(self).items() if isinstance(v, np.ndarray)}
        save_file(arrays, directory / TENSORS)
        lines = [
            " ".join(word.replace(" ", "_") for word in (form, *bases))
            for form, bases in sorted(self.exceptions.items())
        ]
        (directory / NAMES).write_bytes("\n".join(self.names).encode())
        (directory / EXCEPTIONS).write_bytes("\n".join(lines).encode())

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Read what `save` wrote; FileNotFoundError where it did not."""
        from safetensors.numpy import load_file

        names = (directory / NAMES).read_bytes().decode().split("\n")
        lines = (directory / EXCEPTIONS).read_bytes().decode().split("\n")
        return cls(
            **load_file(directory / TENSORS), names=tuple(names), exceptions=_exceptions(lines)
        )

    def rows(self, which: Literal["distinct", "tac"]) -> Ints:
        """Lemma indices [n] of a noun list: each lemma once, or one row per lemma per synset
        (146,347; TAC's list, in synset order, duplicates kept)."""
        return np.arange(len(self.names)) if which == "distinct" else self.member

    @cached_property
    def lemma_index(self) -> dict[str, int]:
        """`key` of a lemma → its place in `names`."""
        return {key(name): i for i, name in enumerate(self.names)}

    def hypernyms(self, synset: int) -> Ints:
        """The synsets directly above one, instances' classes too."""
        return self.hypernym[self.hypernym_start[synset] : self.hypernym_start[synset + 1]]

    def members(self, synset: int) -> list[str]:
        """Display names of a synset's lemmas, in WordNet's order."""
        start, stop = self.member_start[synset : synset + 2]
        return [self.names[i] for i in self.member[start:stop]]

    def describe(self, synset: int) -> str:
        """A sense in words: its first two lemmas and what it is a kind of."""
        kind = [self.members(int(parent))[0] for parent in self.hypernyms(synset)[:1]]
        return ", ".join(self.members(synset)[:2]) + "".join(f" (a kind of {k})" for k in kind)

    def senses(self, name: str) -> Senses:
        """The noun senses of `name`, weighted by frequency: (tag count + 1) / sum.

        Tried in turn: the name as a lemma (case, underscores and blanks do not matter), its
        singular, then the same for ever shorter ends, down to the head noun (aquarium_fish → fish).
        UnknownNameError if nothing is found.
        """
        whole = key(name)
        words = whole.split(" ")
        for start in range(len(words)):
            end = " ".join(words[start:])
            for candidate in (end, *singulars(end, self.exceptions)):
                lemma = self.lemma_index.get(candidate)
                if lemma is not None:
                    note = f"{name}: not in WordNet, read as '{candidate}'"
                    return self._senses(lemma, note if candidate != whole else "")
        raise UnknownNameError(f"{name}: no noun of WordNet, and neither is its last word")

    def _senses(self, lemma: int, note: str) -> Senses:
        start, stop = self.sense_start[lemma : lemma + 2]
        weight = self.sense_count[start:stop] + SMOOTHING
        pairs = zip(self.sense[start:stop].tolist(), (weight / weight.sum()).tolist(), strict=True)
        return Senses(self.names[lemma], list(pairs), note)


def _csr(rows: Iterable[list[int]]) -> tuple[Ints, Ints]:
    """Lists of indices as (start [n+1], values)."""
    rows = list(rows)
    start = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    return start, np.array([value for row in rows for value in row], dtype=np.int64)


def _ranked_senses(corpus: Any, index: dict[int, int]) -> dict[str, list[tuple[int, int, int]]]:
    """Lemma key → (WordNet's sense number, synset, tag count), from lines
    `lemma%sense_key offset number count` of index.sense."""
    ranked: dict[str, list[tuple[int, int, int]]] = {}
    for line in corpus.open("index.sense"):
        sense, offset, number, count = line.split()
        found = ranked.setdefault(key(sense.partition("%")[0]), [])
        found.append((int(number), index[int(offset)], int(count)))
    for found in ranked.values():
        found.sort()
    return ranked


def _exceptions(lines: Iterable[str]) -> Exceptions:
    """Irregular form → base forms, from lines `form base…`."""
    table = {}
    for line in lines:
        form, *bases = (key(word) for word in line.split())
        table[form] = tuple(bases)
    return table
