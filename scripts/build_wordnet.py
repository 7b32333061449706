"""Build the WordNet nouns that wnkd ships, from a tar of an NLTK corpora folder.

    python scripts/build_wordnet.py CORPORA_TAR [--out engine/wordnet]

Writes `wordnet-nouns.tar.xz` and Princeton's `LICENSE`. What is kept is what NLTK's reader needs
to read nouns: glosses are blanked in place, so that every synset keeps its official byte offset;
the other parts of speech keep their licence header alone (NLTK reads the version there).
The same input gives the same bytes: no time, owner or file order of this machine goes in.
"""

from __future__ import annotations

import argparse
import io
import lzma
import tarfile
from pathlib import Path

FOLDER = "corpora/wordnet"
OTHER_PARTS = ("adj", "adv", "verb")
NOUN_SENSE = b"%1:"  # a sense key is lemma%type:…, and type 1 is noun


def blank_glosses(data: bytes) -> bytes:
    """`data.noun` with every gloss overwritten by spaces; no byte moves."""
    lines = []
    for line in data.splitlines(keepends=True):
        columns, bar, gloss = line.partition(b"|")
        if bar and not line.startswith(b" "):
            line = columns + bar + b" " * len(gloss.rstrip(b"\n")) + b"\n"
        lines.append(line)
    return b"".join(lines)


def header(data: bytes) -> bytes:
    """The licence lines, which WordNet starts with two spaces."""
    return b"".join(line for line in data.splitlines(keepends=True) if line.startswith(b"  "))


def nouns_only(source: dict[str, bytes]) -> dict[str, bytes]:
    """The files to ship, from the full corpus's files by name."""
    senses = source["index.sense"].splitlines(keepends=True)
    files = {name: source[name] for name in ("LICENSE", "lexnames", "index.noun", "noun.exc")}
    files["data.noun"] = blank_glosses(source["data.noun"])
    files["index.sense"] = b"".join(line for line in senses if NOUN_SENSE in line)
    for part in OTHER_PARTS:
        files[f"data.{part}"] = header(source[f"data.{part}"])
        files[f"index.{part}"] = header(source[f"index.{part}"])
        files[f"{part}.exc"] = b""
    return files


def pack(files: dict[str, bytes]) -> bytes:
    """A tar.xz of `files`, in name order, dated 1970 and owned by root."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted(files):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(files[name]), 0o644
            tar.addfile(member, io.BytesIO(files[name]))
    return lzma.compress(buffer.getvalue(), preset=9 | lzma.PRESET_EXTREME)


def read_corpus(path: Path) -> dict[str, bytes]:
    """Files of `corpora/wordnet/` in the tar at `path`, by name; ValueError if there are none."""
    files = {}
    with tarfile.open(path) as tar:
        for member in tar:
            folder, _, name = member.name.removeprefix("./").rpartition("/")
            content = tar.extractfile(member) if folder == FOLDER else None
            if content is not None:
                files[name] = content.read()
    if not files:
        raise ValueError(f"{path} holds no {FOLDER}/ folder")
    return files


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("corpora", type=Path, help="tar holding corpora/wordnet/ (WordNet 3.0)")
    parser.add_argument("--out", type=Path, default=Path("engine/wordnet"))
    args = parser.parse_args()
    files = nouns_only(read_corpus(args.corpora))
    args.out.mkdir(parents=True, exist_ok=True)
    archive = args.out / "wordnet-nouns.tar.xz"
    archive.write_bytes(pack(files))
    (args.out / "LICENSE").write_bytes(files["LICENSE"])
    print(f"{archive}: {archive.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
