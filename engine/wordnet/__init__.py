"""WordNet 3.0's nouns, shipped with the package (Princeton's licence beside the archive).

The noun graph always comes from the shipped archive, so that results do not depend on what a
machine has installed; a WordNet found on NLTK's own path lends its glosses and nothing else.
"""

import contextlib
import hashlib
import shutil
import tarfile
import tempfile
import warnings
from functools import cache
from pathlib import Path
from typing import Any

ARCHIVE = Path(__file__).with_name("wordnet-nouns.tar.xz")
VERSION = "3.0"


def reader(cache_dir: Path) -> Any:
    """NLTK's `WordNetCorpusReader` on the shipped nouns; takes about 6 s, half of it the import.

    The archive is unpacked once into `cache_dir`, in a folder named by its content.
    """
    import nltk
    from nltk.corpus.reader.wordnet import WordNetCorpusReader

    root = str(unpack(cache_dir))
    if root not in nltk.data.path:  # NLTK reads nothing outside its path
        nltk.data.path.append(root)

    class NounReader(WordNetCorpusReader):  # type: ignore[misc]  # nltk has no types
        """Without the map to other versions: NLTK would read the machine's own WordNet for it."""

        def map_wn(self, version: str = "wordnet") -> dict[str, str]:
            return {}

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The multilingual functions")
        return NounReader(root, None)


def unpack(cache_dir: Path) -> Path:
    """The folder of the shipped corpus files under `cache_dir`, unpacked if it is not there yet.

    Safe for processes that do this at once: each unpacks aside, one rename wins. Neither folder
    nor files can be written by other users, because NLTK refuses such corpora.
    """
    digest = hashlib.sha256(ARCHIVE.read_bytes()).hexdigest()[:12]
    folder = cache_dir.absolute() / f"wordnet-nouns-{digest}"
    if folder.is_dir():
        return folder
    cache_dir.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".wordnet-", dir=cache_dir))
    try:
        with tarfile.open(ARCHIVE) as tar:
            tar.extractall(aside, filter="data")  # also clears the write bits of group and others
        with contextlib.suppress(OSError):  # another process was first
            aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    if not folder.is_dir():
        raise OSError(f"could not unpack WordNet into {folder}")
    return folder


def gloss(offset: int) -> str:
    """The definition of the noun synset at `offset`; "" where no full WordNet 3.0 is installed."""
    full = _full_corpus()
    return str(full.synset_from_pos_and_offset("n", offset).definition()) if full else ""


@cache
def _full_corpus() -> Any:
    """The user's own WordNet from NLTK's path, or None; other versions have other offsets."""
    from nltk.corpus import wordnet

    try:
        wordnet.ensure_loaded()
    except (LookupError, OSError):
        return None
    return wordnet if wordnet.get_version() == VERSION else None
