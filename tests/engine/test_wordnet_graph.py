"""The stand-in's text tower: nouns and class names from the noun graph."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from engine.encoders.choice import load_encoder
from engine.encoders.names import STAND_IN_LABEL, is_stand_in
from engine.encoders.wordnet_graph import WordNetEncoder, closure, information_content
from engine.wordnet.graph import WordNetGraph


def silent(done: int, total: int) -> None:
    pass


@pytest.fixture(scope="module")
def encoder(wordnet: Mapping[str, Path]) -> WordNetEncoder:
    graph = WordNetGraph.load(wordnet["wordnet"])
    found = load_encoder("wordnet-graph", graph=graph)
    assert isinstance(found, WordNetEncoder)
    return found


def test_closure_and_information_content(encoder: WordNetEncoder) -> None:
    graph = encoder.graph
    reach = closure(graph)
    content = information_content(reach)
    dog = graph.senses("dog").weighted[0][0]
    above, frontier = {dog}, [dog]
    while frontier:
        parents = {int(p) for s in frontier for p in graph.hypernyms(s)} - above
        above |= parents
        frontier = list(parents)
    assert set(reach[[dog]].indices.tolist()) == above
    entity = graph.senses("entity").weighted[0][0]
    assert entity in above
    assert 0 < content[entity] < 1e-5
    assert content[dog] < 1
    assert content[graph.senses("basset hound").weighted[0][0]] == 1


def test_nouns_near_in_wordnet_are_near(encoder: WordNetEncoder) -> None:
    names = ["cheetah", "jaguar", "trout", "sports car", "theorem"]
    found = encoder.embed_nouns(names, silent)
    assert (found.shape, found.dtype) == ((5, 256), torch.float32)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(5))
    likeness = (found @ found.T)[0].tolist()
    assert likeness == sorted(likeness, reverse=True)
    torch.testing.assert_close(found, WordNetEncoder(encoder.graph).embed_nouns(names, silent))


def test_the_whole_table_embeds_and_reports(encoder: WordNetEncoder) -> None:
    seen: list[tuple[int, int]] = []
    names = encoder.graph.names
    found = encoder.embed_nouns(names, lambda done, total: seen.append((done, total)))
    assert found.shape == (117_798, 256)
    assert found.isfinite().all()
    assert (found.norm(dim=1) - 1).abs().max() < 1e-5
    assert seen[-1] == (117_798, 117_798)


def test_classes_take_the_sense_that_fits_the_others(encoder: WordNetEncoder) -> None:
    graph = encoder.graph
    animals = ["tiger", "whale", "shrew", "beaver", "otter", "seal", "lion", "aquarium_fish"]
    texts = encoder.embed_classes(animals, {})
    notes = "\n".join(texts.notes)
    assert "aquarium_fish: not in WordNet, read as 'fish'" in notes
    assert "tiger: sense 2 of 2, tiger, Panthera tigris (a kind of big cat)" in notes
    assert "fur" not in notes
    animal = graph.senses("animal").weighted[0][0]
    chosen = encoder._choose_senses([graph.senses(name) for name in animals])
    assert (closure(graph)[chosen][:, [animal]].toarray() == 1).all()
    alone = encoder.embed_classes(["tiger"], {})
    assert alone.embeddings.shape == (1, 256)
    assert encoder.embed_classes(animals, {}).embeddings.equal(texts.embeddings)


def test_unknown_names_stand_for_themselves_and_are_told(encoder: WordNetEncoder) -> None:
    unknown = ["xyzzy", "Übermut", "狗", "Xyzzy"]
    texts = encoder.embed_classes(["dog", *unknown], {})
    assert [note for note in texts.notes if "itself" in note] == [
        f"{name}: not in WordNet, stands for itself alone" for name in unknown
    ]
    assert texts.synsets[0] is not None
    assert list(texts.synsets[1:]) == [None] * 4
    likeness = texts.embeddings @ texts.embeddings.T
    torch.testing.assert_close(likeness.diagonal(), torch.ones(5))
    assert likeness[1, 4] > 0.999  # case is no difference
    assert likeness[:4, :4].fill_diagonal_(0).abs().max() < 0.3
    # By the spelling alone: not by the place in the list, nor by the company.
    alone = encoder.embed_nouns(["xyzzy"], silent)
    assert alone[0].equal(texts.embeddings[1])
    assert encoder.notes(["dog", "dogs", "xyzzy"]) == [
        "dogs: not in WordNet, read as 'dog'",
        "xyzzy: not in WordNet, stands for itself alone",
    ]


def test_no_class_known_at_all(encoder: WordNetEncoder) -> None:
    texts = encoder.embed_classes(["xyzzy", "qqq"], {})
    assert list(texts.synsets) == [None, None]
    assert texts.embeddings.isfinite().all()


def test_names_read_as_one_noun_stay_two_things(encoder: WordNetEncoder) -> None:
    found = encoder.embed_nouns(["zzred car", "zzblue car", "car"], silent)
    likeness = (found @ found.T)[[0, 0, 1], [1, 2, 2]]
    assert likeness.tolist() == pytest.approx([0.8] * 3, abs=0.06)


def test_races_of_utkface_are_persons(encoder: WordNetEncoder) -> None:
    names = ["White", "Black", "Asian", "Indian", "Others"]
    texts = encoder.embed_classes(names, {})
    told = "\n".join(texts.notes)
    assert "White: sense 1 of 12, White, White person" in told
    assert "Black: sense 5 of 7, black, Black person" in told
    assert "Indian: sense 2 of 3, Indian (a kind of Asian)" in told
    assert "Others: not in WordNet, stands for itself alone" in told
    # An unknown class changes nothing for the others.
    assert texts.synsets[:4] == encoder.embed_classes(names[:4], {}).synsets


def test_prompts_serve_where_the_name_says_nothing(encoder: WordNetEncoder) -> None:
    prompts = {
        "Others": ("a photograph of a {}.", "The face of Pacific Islanders, or of sea lions!"),
        "dog": ("a cat",),
    }
    texts = encoder.embed_classes(["Others", "dog"], prompts)
    assert texts.notes[0] == "Others: not in WordNet, read as 'sea lion' of its prompts"
    plain = encoder.embed_classes(["Others", "dog"], {})
    assert texts.synsets[1] == plain.synsets[1]
    likeness = encoder.embed_nouns(["sea lion", "Others"], silent) @ texts.embeddings[0]
    assert likeness.tolist() == pytest.approx([0.8, 0.45], abs=0.1)
    without = encoder.embed_classes(["Others"], {"Others": ("a photo of {}",)})
    assert without.notes == ["Others: not in WordNet, stands for itself alone"]


def test_random_projection_keeps_cosines(encoder: WordNetEncoder) -> None:
    rows = np.random.default_rng(6).integers(0, len(encoder.graph.offsets), 400)
    exact = (encoder.closures[rows] @ encoder.closures[rows].T).toarray()
    found = encoder.synsets[rows] @ encoder.synsets[rows].T
    assert np.abs(found - exact).max() < 6 / np.sqrt(256)
    assert F.l1_loss(torch.from_numpy(found), torch.from_numpy(exact)) < 1 / np.sqrt(256)


def test_names_say_stand_in_without_torch_or_nltk() -> None:
    assert is_stand_in("wordnet-graph")
    assert not is_stand_in("ViT-B-32-quickgelu/openai")
    assert "not CLIP" in STAND_IN_LABEL
    code = (
        "import sys, engine.encoders, engine.encoders.names, engine.wordnet;"
        "assert not {'torch', 'nltk', 'open_clip', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
