"""Candidate nouns and the class names taken out of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.nouns import excluded, noun_list
from engine.wordnet.graph import WordNetGraph

IRREGULAR = {"mice": ("mouse",), "wolves": ("wolf",), "children": ("child",)}


def test_lists(tiny: WordNetGraph) -> None:
    assert noun_list(tiny, "distinct") == ["animal", "dog", "hot dog"]
    assert noun_list(tiny, "tac") == ["animal", "dog", "dog", "hot dog"]


@pytest.mark.parametrize(
    ("noun", "class_name", "drop"),
    [
        ("mouse", "mouse", True),
        ("Mouse", "MOUSE", True),
        ("mice", "mouse", True),
        ("mouse", "mice", True),
        ("pine tree", "pine_tree", True),
        ("pine trees", "pine_tree", True),
        ("boxes", "box", True),
        ("wolf", "wolves", True),
        ("glasses", "glass", True),
        ("child", "children", True),
        ("sea lion", "lion", False),
        ("pine", "pine_tree", False),
        ("bas", "bass", False),
        ("bu", "bus", False),
        ("dormouse", "mouse", False),
    ],
)
def test_excluded(noun: str, class_name: str, drop: bool) -> None:
    assert excluded([noun], [class_name], IRREGULAR).tolist() == [drop]


def test_no_class_excludes_nothing() -> None:
    mask = excluded(["dog", "cat"], [], {})
    assert mask.dtype == np.bool_
    assert not mask.any()


words = st.text("abcdesxyz", min_size=2, max_size=6)


@given(words, st.lists(words, max_size=4))
def test_a_name_and_its_plain_plural_are_excluded_wherever_they_stand(
    name: str, others: list[str]
) -> None:
    names = [*others, name, name.upper(), name + "s"]
    mask = excluded(names, [name], {})
    plural = not (name + "s").endswith(("ss", "us", "is"))
    assert mask[-3:].tolist() == [True, True, plural]
    one_by_one = [excluded([noun], [name], {})[0] for noun in names]
    assert mask.tolist() == one_by_one
