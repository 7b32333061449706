"""The shipped WordNet nouns: how they are built, unpacked, read and looked up."""

import importlib.util
import io
import stat
import tarfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from engine.stages.embed import class_glosses
from engine.stages.wordnet import GLOSSES
from engine.wordnet import ARCHIVE, gloss, reader, unpack
from engine.wordnet.graph import UnknownNameError, WordNetGraph
from engine.wordnet.morphology import key, singulars

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def build_wordnet() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "build_wordnet", ROOT / "scripts" / "build_wordnet.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def graph(wordnet: Mapping[str, Path]) -> WordNetGraph:
    return WordNetGraph.load(wordnet["wordnet"])


FAKE = {
    "LICENSE": b"Princeton\n",
    "README": b"not shipped\n",
    "cntlist.rev": b"not shipped\n",
    "lexnames": b"03\tnoun.Tops\t1\n",
    "index.noun": b"  1 licence\nentity n 1 0 1 0 00000013  \n",
    "data.noun": b"  1 licence | x\n00000013 03 n 01 entity 0 000 | that | which is \xc3\xa9  \n",
    "index.sense": b"entity%1:03:00:: 00000013 1 11\nbe%2:42:03:: 02604760 1 9\n",
    "noun.exc": b"oxen ox\n",
    "data.verb": b"  1 licence\n02604760 42 v 01 be 0 000 | gloss\n",
    "index.verb": b"  1 licence\nbe v 1 0 1 0 02604760\n",
    "verb.exc": b"was be\n",
    **{f"{kind}.{part}": b"  1 licence\n" for kind in ("data", "index") for part in ("adj", "adv")},
}


def fake_corpus(path: Path, mtime: int, names: list[str]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name in names:
            member = tarfile.TarInfo(f"corpora/wordnet/{name}")
            member.size, member.mtime, member.uid = len(FAKE[name]), mtime, mtime
            tar.addfile(member, io.BytesIO(FAKE[name]))
    return path


def test_build_keeps_nouns_in_place_and_headers_elsewhere(
    build_wordnet: ModuleType, tmp_path: Path
) -> None:
    corpus = build_wordnet.read_corpus(fake_corpus(tmp_path / "a.tgz", 1, sorted(FAKE)))
    files = build_wordnet.nouns_only(corpus)
    assert len(files["data.noun"]) == len(FAKE["data.noun"])
    assert (
        files["data.noun"]
        == b"  1 licence | x\n00000013 03 n 01 entity 0 000 |" + b" " * 21 + b"\n"
    )
    assert files["index.sense"] == b"entity%1:03:00:: 00000013 1 11\n"
    assert files["data.verb"] == files["index.verb"] == b"  1 licence\n"
    assert files["verb.exc"] == b""
    assert "cntlist.rev" not in files


def test_build_gives_the_same_bytes_for_the_same_files(
    build_wordnet: ModuleType, tmp_path: Path
) -> None:
    archives = [
        build_wordnet.pack(build_wordnet.nouns_only(build_wordnet.read_corpus(path)))
        for path in (
            fake_corpus(tmp_path / "a.tgz", 1, sorted(FAKE)),
            fake_corpus(tmp_path / "b.tgz", 1_700_000_000, sorted(FAKE, reverse=True)),
        )
    ]
    assert archives[0] == archives[1]


def test_build_refuses_a_tar_without_wordnet(build_wordnet: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no corpora/wordnet/"):
        build_wordnet.read_corpus(fake_corpus(tmp_path / "empty.tgz", 0, []))


def test_the_archive_carries_the_licence_and_no_gloss() -> None:
    licence = ARCHIVE.with_name("LICENSE").read_bytes()
    assert b"Princeton University" in licence
    with tarfile.open(ARCHIVE) as tar:
        files = {member.name: tar.extractfile(member) for member in tar}
        assert all((member.mtime, member.uid, member.mode) == (0, 0, 0o644) for member in tar)
        packed, nouns = files["LICENSE"], files["data.noun"]
        assert packed is not None
        assert nouns is not None
        assert packed.read() == licence
        synsets = [line for line in nouns.read().splitlines() if not line.startswith(b"  ")]
    assert len(synsets) == 82_115
    assert not any(line.partition(b"|")[2].strip() for line in synsets)


def test_unpack_serves_racing_callers_and_leaves_nothing_aside(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with ThreadPoolExecutor(4) as pool:
        folders = set(pool.map(unpack, [cache] * 4))
    assert list(cache.iterdir()) == list(folders)
    folder = folders.pop()
    others = stat.S_IWGRP | stat.S_IWOTH
    assert not any(path.stat().st_mode & others for path in (folder, *folder.iterdir()))


def test_counts_of_wordnet_3_0(graph: WordNetGraph) -> None:
    assert len(graph.offsets) == 82_115
    assert len(graph.names) == len(set(map(key, graph.names))) == 117_798
    assert len(graph.rows("distinct")) == 117_798
    assert len(graph.rows("tac")) == 146_347
    assert len(graph.sense) == len(graph.sense_count) == 146_312
    assert set(graph.rows("tac").tolist()) == set(range(117_798))


def test_graph_agrees_with_nltk(graph: WordNetGraph, tmp_path: Path) -> None:
    corpus = reader(tmp_path)
    assert corpus.get_version() == "3.0"
    for name in ("tiger", "Adam_Smith", "VII", "dog", "entity", "seal"):
        synsets = corpus.synsets(name, pos="n")
        found = [index for index, _ in graph.senses(name).weighted]
        assert [graph.offsets[i] for i in found] == [s.offset() for s in synsets]
        for index, synset in zip(found, synsets, strict=True):
            above = {h.offset() for h in (*synset.hypernyms(), *synset.instance_hypernyms())}
            assert set(graph.offsets[graph.hypernyms(index)].tolist()) == above
            assert [key(m) for m in graph.members(index)] == [key(m) for m in synset.lemma_names()]
    for form in ("mice", "churches", "aardwolves", "women", "berries", "boxes", "deer"):
        assert graph.senses(form).lemma == corpus.morphy(form, "n")


def test_saved_graph_loads_as_it_was_and_bytes_repeat(graph: WordNetGraph, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        graph.save(tmp_path / name)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
    again = WordNetGraph.load(tmp_path / "one")
    assert again.names == graph.names
    assert again.exceptions == graph.exceptions
    for field, value in vars(graph).items():
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(value, getattr(again, field))


def test_hypernyms_hold_no_loop(graph: WordNetGraph) -> None:
    child = np.repeat(np.arange(len(graph.offsets)), np.diff(graph.hypernym_start))
    depth = np.zeros(len(graph.offsets), dtype=int)
    for _ in range(25):
        before = depth.copy()
        np.maximum.at(depth, child, depth[graph.hypernym] + 1)
    np.testing.assert_array_equal(depth, before)


@pytest.mark.parametrize(
    ("name", "lemma", "note"),
    [
        ("pine_tree", "pine tree", ""),
        ("ADAM smith", "Adam Smith", ""),
        ("mice", "mouse", "mice: not in WordNet, read as 'mouse'"),
        ("aquarium_fish", "fish", "aquarium_fish: not in WordNet, read as 'fish'"),
        ("maple_tree", "tree", "maple_tree: not in WordNet, read as 'tree'"),
        ("blue pine trees", "pine tree", "blue pine trees: not in WordNet, read as 'pine tree'"),
    ],
)
def test_senses_fall_back_and_say_so(graph: WordNetGraph, name: str, lemma: str, note: str) -> None:
    found = graph.senses(name)
    assert (found.lemma, found.note) == (lemma, note)
    assert sum(weight for _, weight in found.weighted) == pytest.approx(1)


def test_senses_weigh_by_frequency(graph: WordNetGraph) -> None:
    weights = [weight for _, weight in graph.senses("dog").weighted]
    assert weights[0] == max(weights) > 0.8


@pytest.mark.parametrize("name", ["xyzzy", "grue_xyzzy", ""])
def test_an_unknown_name_is_named(graph: WordNetGraph, name: str) -> None:
    with pytest.raises(UnknownNameError, match=f"^{name}: no noun of WordNet"):
        graph.senses(name)
    assert issubclass(UnknownNameError, LookupError)


def test_singulars_leave_the_words_own_s() -> None:
    assert singulars("glass", {}) == singulars("bus", {}) == singulars("iris", {}) == []
    assert "box" in singulars("boxes", {})
    assert singulars("sea mice", {"mice": ("mouse",)}) == ["sea mouse"]


def test_gloss_needs_a_full_wordnet() -> None:
    assert gloss(1740) in (
        "",
        "that which is perceived or known or inferred to have its own "
        "distinct existence (living or nonliving)",
    )


def test_glosses_of_a_person_s_own_corpus_go_to_the_log(tmp_path: Path) -> None:
    job = SimpleNamespace(input=lambda role: tmp_path)
    assert class_glosses(job, ["two"], [1]) == []  # type: ignore[arg-type]
    (tmp_path / GLOSSES).write_text("a thing\na number")
    assert class_glosses(job, ["two"], [1]) == ["two: a number"]  # type: ignore[arg-type]
    assert class_glosses(job, ["two"], []) == []  # type: ignore[arg-type]
