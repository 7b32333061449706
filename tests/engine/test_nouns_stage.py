"""From candidate nouns to a bank: the stages `nouns` and `relax` on inputs made by hand."""

import json
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from engine.errors import ArtifactError, SpecError
from engine.stages import nouns, relax, tables
from engine.wordnet.graph import WordNetGraph

ENCODER = "wordnet-graph"


@pytest.fixture
def desk(desk: Any, tiny: WordNetGraph) -> Any:
    tiny.save(desk.artifact("wordnet"))
    return desk


def embed_nouns(desk: Any, which: str, content: str | None = None) -> tuple[dict[str, Any], Any]:
    job = desk.job("nouns", {"encoder": ENCODER, "nouns": which})
    if content is not None:
        (job.files / which.removeprefix("file:")).write_text(content)
    return nouns.run(job), job.out


@pytest.mark.parametrize(
    ("which", "names"),
    [("distinct", ["animal", "dog", "hot dog"]), ("tac", ["animal", "dog", "dog", "hot dog"])],
)
def test_wordnet_s_lists(desk: Any, which: str, names: list[str]) -> None:
    result, out = embed_nouns(desk, which)
    assert (out / tables.NOUN_NAMES).read_text().split("\n") == names
    table = tables.load(out / tables.NOUNS, "cpu")["nouns"]
    assert table.shape == (len(names), result["dim"])
    assert result["nouns"] == len(names)
    assert not (out / tables.PHRASES).exists()


def test_a_given_list_keeps_its_order_and_says_how_it_is_read(desk: Any) -> None:
    result, out = embed_nouns(desk, "file:mine-0123.txt", "hot dog\nwolpertinger\nanimal\nAnimal\n")
    assert (out / tables.NOUN_NAMES).read_text().split("\n") == [
        "hot dog",
        "wolpertinger",
        "animal",
    ]
    assert result["nouns"] == 3
    said = desk.said("nouns")
    assert any("wolpertinger" in line for line in said)
    assert "left out, since they repeat an earlier line: 1 lines" in said


def test_a_given_list_that_is_gone(desk: Any) -> None:
    with pytest.raises(ArtifactError, match=r"mine-0123\.txt"):
        embed_nouns(desk, "file:mine-0123.txt")


def candidates(desk: Any, names: list[str], *, dim: int = 8) -> torch.Tensor:
    """A nouns artifact with these names and any embeddings, which it returns."""
    folder = desk.artifact("nouns")
    generator = torch.Generator().manual_seed(len(names))
    table = F.normalize(torch.randn(len(names), dim, generator=generator), dim=1).half()
    tables.save({"nouns": table}, folder / tables.NOUNS)
    (folder / tables.NOUN_NAMES).write_text("\n".join(names))
    return table.float()


def bank(desk: Any, **changes: object) -> tuple[dict[str, Any], Any]:
    settings = {
        "exclude_class_names": True,
        "clusters": 4,
        "per_centre": 2,
        "restarts": 2,
        "iterations": 20,
        "temperature": 0.005,
        "seed": 0,
    }
    job = desk.job("relax", settings | changes)
    return relax.run(job), job.out


def test_selected_nouns_are_the_bank(desk: Any) -> None:
    desk.embedded()
    names = [f"noun {i}" for i in range(50)] + ["Class 1", "class 2s"]
    table = candidates(desk, names)
    result, out = bank(desk)
    picked = (out / tables.NOUN_NAMES).read_text().split("\n")
    places = [names.index(name) for name in picked]
    assert places == sorted(places)
    assert result["excluded"] == 2
    assert not {"Class 1", "class 2s"} & set(picked)
    stored = tables.load(out / tables.BANK, "cpu")
    torch.testing.assert_close(stored["bank"], F.normalize(table[places], dim=1))
    assert stored["centres"].shape == (4, 8)
    assert result["clusters"] == 4
    assert result["nouns"] == len(picked) <= 8
    images = tables.load(desk.store.path(desk.inputs["embed"]) / tables.EMBEDDINGS, "cpu")
    farthest = 2 * len(images["train_images"])
    assert 0 < result["inertia"] < farthest
    shown = json.loads((out / tables.NOUNS_BY_CLASS).read_text())["classes"]
    assert list(shown) == ["class 0", "class 1", "class 2"]


def test_class_names_may_stay(desk: Any) -> None:
    desk.embedded()
    candidates(desk, ["class 0", "class 1"])
    result, out = bank(desk, exclude_class_names=False)
    assert result["excluded"] == 0
    assert (out / tables.NOUN_NAMES).read_text() == "class 0\nclass 1"


@pytest.mark.parametrize("count", [1, 3])
def test_fewer_nouns_than_clusters(desk: Any, count: int) -> None:
    desk.embedded()
    candidates(desk, [f"noun {i}" for i in range(count)])
    result, out = bank(desk, clusters=30, per_centre=5)
    assert result["nouns"] == count
    assert result["clusters"] == 30
    assert tables.load(out / tables.BANK, "cpu")["bank"].shape == (count, 8)


def test_nothing_left_is_told(desk: Any) -> None:
    desk.embedded()
    candidates(desk, ["class 0", "CLASS_2"])
    with pytest.raises(SpecError, match="no candidate noun is left"):
        bank(desk)


def phrases(desk: Any, content: str) -> list[str]:
    """What the stage makes of a file as an artifact, its table with the images' dimensions."""
    _, out = embed_nouns(desk, "file:mine-0123.txt", content)
    names = (out / tables.NOUN_NAMES).read_text().split("\n")
    classes = (out / tables.PHRASES).read_text()
    candidates(desk, names)
    (desk.artifact("nouns") / tables.PHRASES).write_text(classes)
    return names


def test_phrases_by_class_are_the_bank_as_they_are(desk: Any) -> None:
    desk.embedded()
    names = phrases(desk, "class 0\ta dog\nCLASS_1\ta hot dog\nclass 0\tclass 2\n")
    result, out = bank(desk, clusters=2, per_centre=1)
    assert (out / tables.NOUN_NAMES).read_text().split("\n") == names[:2]
    assert result == {"nouns": 2, "clusters": None, "inertia": None, "excluded": 1}
    assert set(tables.load(out / tables.BANK, "cpu")) == {"bank"}
    assert desk.said("relax") == [
        "the bank is the 2 given phrases; no K-means",
        "no phrase is for: class 2",
    ]


def test_a_phrase_of_a_class_that_is_not_there(desk: Any) -> None:
    desk.embedded(classes=12)
    phrases(desk, "# mine\nclass 0\ta dog\nkitten\ta cat\n")
    with pytest.raises(SpecError) as error:
        bank(desk)
    assert str(error.value) == (
        "mine-0123.txt, line 3: 'kitten' is no class of this dataset; its classes: "
        + ", ".join(f"class {i}" for i in range(10))
        + " and 2 more"
    )
