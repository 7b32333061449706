"""Every file of a dataset read once: what cannot be used, and the key of what can."""

import hashlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from engine.canonical import canonical_json
from engine.data.base import Prompts
from engine.data.files import Unreadable, decode, in_threads, parts, read
from engine.data.listing import Listing, Settled, Skipped
from engine.errors import DataError

Report = Callable[[int, int], None]

KEY_BYTES = 4 << 30  # of files; the key of a larger set holds their sizes, not their content
TRIAL_SIZE = 32  # pixels; a JPEG is read to its end at any size


class Fact(NamedTuple):
    """What is known of one readable file."""

    length: int
    sha256: str
    height: int
    width: int


@dataclass(frozen=True)
class Examined:
    """`facts` of the readable files by name; `skipped` are all that are left out, by name."""

    facts: dict[str, Fact]
    skipped: tuple[Skipped, ...]

    def size(self) -> tuple[int, int, int]:
        """Median height and width of the images in pixels, and 3 channels."""
        sizes = np.array([(fact.height, fact.width) for fact in self.facts.values()])
        height, width = np.median(sizes, axis=0).astype(int).tolist()
        return height, width, 3


def examine(found: Listing, *, strict: bool = False, report: Report | None = None) -> Examined:
    """Reads and decodes every file, by all cores. `report(done, total)` follows it.

    Raises DataError for the first file that is to be skipped, where `strict` asks for that.
    """
    if strict and found.skipped:
        raise _refusal(found, found.skipped[0])
    names = sorted({*found.train.names, *(found.val.names if found.val else ())})

    def look(part: range) -> list[Fact | Skipped]:
        return [_fact(found, names[i]) for i in part]

    facts: dict[str, Fact] = {}
    skipped = list(found.skipped)
    with closing(in_threads(look, parts(len(names)))) as looks:
        done = 0
        for results in looks:
            for result in results:
                if isinstance(result, Fact):
                    facts[names[done]] = result
                elif strict:
                    raise _refusal(found, result)
                else:
                    skipped.append(result)
                done += 1
            if report:
                report(done, len(names))
    return Examined(facts, tuple(sorted(skipped, key=lambda skip: skip.file)))


def _fact(found: Listing, name: str) -> Fact | Skipped:
    try:
        content = read(found.root / name)
        _, height, width = decode(content, TRIAL_SIZE)
    except Unreadable as why:
        return Skipped(name, str(why))
    return Fact(len(content), hashlib.sha256(content).hexdigest(), height, width)


def _refusal(found: Listing, skip: Skipped) -> DataError:
    return DataError(f"{found.root / skip.file}: {skip.why}")


def files_key(settled: Settled, facts: dict[str, Fact], prompts: Prompts) -> str:
    """sha256 over class names, prompts, and each file's split, label, name and content.

    Of a set with more than KEY_BYTES of files their lengths stand for their content. Where the set
    lies and at what size it is decoded does not matter.
    """
    whole = [name for side in (settled.train, settled.val) for name in side.names]
    by_content = sum(facts[name].length for name in whole) <= KEY_BYTES
    digest = hashlib.sha256(canonical_json([settled.classes, prompts]).encode())
    for side, files in (("train", settled.train), ("val", settled.val)):
        for name, label in zip(files.names, files.labels.tolist(), strict=True):
            fact = facts[name]
            content = fact.sha256 if by_content else fact.length
            digest.update(canonical_json([side, label, name, content]).encode())
    return digest.hexdigest()
