"""Names of ImageNet's classes: from a file beside the images, else from WordNet 3.0's nouns.

A wnid is `n` and the synset's offset in eight digits. Names must be distinct as encoders read them
(case does not count), which first lemmas are not: crane twice, maillot twice, Cardigan the dog and
cardigan the jacket.
"""

import re
import tarfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from engine.data import table
from engine.errors import DataError
from engine.shown import is_showable
from engine.wordnet import ARCHIVE
from engine.wordnet.morphology import key

FILES = ("LOC_synset_mapping.txt", "classes.txt", "words.txt")
WNID = re.compile(r"n\d{8}", re.ASCII)
LINE = re.compile(r"(n\d{8})[\s,:]+(.+)", re.ASCII)  # n01440764 tench, Tinca tinca


class Synset(NamedTuple):
    """`names`: a synset's lemmas in WordNet's order, with spaces; `parents`: its hypernyms."""

    names: list[str]
    parents: list[str]


def is_wnid(name: str) -> bool:
    """Whether it has the form n01440764; WordNet need not have it."""
    return WNID.fullmatch(name) is not None


def class_names(wnids: Sequence[str], places: Sequence[Path]) -> tuple[str, ...]:
    """A distinct name for each wnid.

    The first of its names in the first of FILES in `places`, or of its lemmas where that does not
    name it. Of several classes with that name the one with the fewest others keeps it; the rest
    take the first of theirs that is free, or put their hypernym before it (lifting device crane),
    so that the last word is still the noun. Raises DataError for what is no noun of WordNet 3.0.
    """
    given = _given(places)
    names = {wnid: given.get(wnid) or synset(wnid).names for wnid in wnids}
    alike: dict[str, list[str]] = {}
    for wnid in wnids:
        alike.setdefault(key(names[wnid][0]), []).append(wnid)
    chosen = {same[0]: names[same[0]][0] for same in alike.values() if len(same) == 1}
    taken = set(alike)
    for same in alike.values():
        if len(same) == 1:
            continue
        first, *others = sorted(same, key=lambda wnid: (len(names[wnid]), wnid))
        chosen[first] = names[first][0]
        for wnid in others:
            name = _free_name(wnid, names[wnid], taken)
            taken.add(key(name))
            chosen[wnid] = name
    return tuple(chosen[wnid] for wnid in wnids)


def _free_name(wnid: str, names: list[str], taken: set[str]) -> str:
    parents = [synset(parent).names[0] for parent in synset(wnid).parents]
    longer = [f"{word} {names[0]}" for word in (*parents, wnid)]
    return next(name for name in (*names, *longer) if key(name) not in taken)


def _given(places: Sequence[Path]) -> dict[str, list[str]]:
    """wnid → names, from the first of FILES that is there; lines `wnid name, other name`."""
    path = next((at / name for name in FILES for at in places if (at / name).is_file()), None)
    if path is None:
        return {}
    lines = table.text(path, "utf-8-sig").splitlines()
    found = (LINE.fullmatch(line.strip()) for line in lines)
    return {
        match[1]: [name.replace("_", " ").strip() for name in match[2].split(",") if name.strip()]
        for match in found
        if match and is_showable(match[2])
    }


def synset(wnid: str) -> Synset:
    """The noun synset of a wnid. Raises DataError where WordNet 3.0 has none there."""
    data, start = _nouns(), int(wnid[1:])
    line = data[start : data.find(b"\n", start)].decode("ascii", errors="replace")
    if not line.startswith(f"{wnid[1:]} "):
        raise DataError(f"{wnid}: no noun of WordNet 3.0; name it in {FILES[0]}")
    fields = line.partition("|")[0].split()
    words = int(fields[3], 16)
    lemmas = fields[4 : 4 + 2 * words : 2]
    pointers = fields[5 + 2 * words :]
    parents = [
        f"n{offset}" for sign, offset in zip(pointers[::4], pointers[1::4], strict=False)
        if sign.startswith("@")
    ]  # fmt: skip
    return Synset([lemma.replace("_", " ") for lemma in lemmas], parents)


@cache
def _nouns() -> bytes:
    """WordNet's `data.noun`, out of the archive: a third of a second, and no NLTK."""
    with tarfile.open(ARCHIVE) as archive:
        member = archive.extractfile("data.noun")
        assert member is not None
        return member.read()
