"""The candidate nouns of Algorithm 1 (step 1) and which of them are class names."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.errors import SpecError
from engine.wordnet.graph import WordNetGraph
from engine.wordnet.morphology import Exceptions, key, singulars

LARGEST_FILE = 64 << 20  # bytes
MOST_LINES = 2_000_000
LONGEST_LINE = 300  # characters; CLIP reads 77 tokens of a prompt
COMMENT = "#"


def noun_list(graph: WordNetGraph, which: Literal["distinct", "tac"]) -> list[str]:
    """Display names of the candidates: 117,798 distinct lemmas, or TAC's 146,347 rows."""
    return [graph.names[i] for i in graph.rows(which).tolist()]


class GivenNouns(NamedTuple):
    """A person's own nouns or phrases, in the file's order, each once (case does not matter).

    `classes` are the class each phrase is for, or empty where the file is a plain list; `lines`,
    from 1, where each phrase stands; `repeated`, how many lines were left out as repeats.
    """

    names: list[str]
    classes: list[str]
    lines: list[int]
    repeated: int


def read_nouns(path: Path) -> GivenNouns:
    """Reads a UTF-8 text file with a noun or phrase a line, or, in every line, `class<TAB>phrase`.

    Blank lines and lines that begin with # do not count; underscores are blanks. SpecError, with
    the line where there is one, for anything else and for a file without any phrase.
    """
    found = GivenNouns([], [], [], 0)
    seen: set[str] = set()
    repeated, fields = 0, 0
    for number, line in _lines(path):
        parts = [_plain(part) for part in line.split("\t")]
        fields = fields or len(parts)
        if len(parts) != fields or fields > 2 or not all(parts):
            raise SpecError(
                f"{path.name}, line {number}: either every line is a noun, or every line is a class"
                " name, one tab and a phrase"
            )
        if not all(part.isprintable() for part in parts):
            raise SpecError(f"{path.name}, line {number}: a character that cannot be shown")
        if key(parts[-1]) in seen:
            repeated += 1
            continue
        seen.add(key(parts[-1]))
        found.names.append(parts[-1])
        found.classes.extend(parts[:-1])
        found.lines.append(number)
    if not found.names:
        raise SpecError(f"{path.name}: no noun in it; give one a line")
    return found._replace(repeated=repeated)


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


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines that count, with their numbers from 1."""
    if not path.is_file():
        raise SpecError(f"{path.name}: not a file; give a text file with a noun a line")
    if path.stat().st_size > LARGEST_FILE:
        raise SpecError(f"{path.name}: larger than {LARGEST_FILE >> 20} MB, no list of nouns")
    data = path.read_bytes()
    if data.count(b"\n") > MOST_LINES:
        raise SpecError(f"{path.name}: more than {MOST_LINES:,} lines")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = data.count(b"\n", 0, error.start) + 1
        raise SpecError(f"{path.name}, line {place}: not UTF-8 text") from None
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.startswith(COMMENT):
            continue
        if len(line) > LONGEST_LINE:
            raise SpecError(
                f"{path.name}, line {number}: {len(line):,} characters, more than {LONGEST_LINE}"
            )
        yield number, line


def _plain(text: str) -> str:
    """Without underscores and with single blanks."""
    return " ".join(text.replace("_", " ").split())
