"""TrialSpec: names as in the paper, one form for equal trials, one line for what does not fit."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import SpecError
from engine.spec import Method, MultimodalSpec, Teachers, TrialSpec

ENCODER = "wordnet-graph"


def tx(**settings: object) -> MultimodalSpec:
    return MultimodalSpec(ENCODER, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"wn": 100}, "T_x,(img, 0%gt 100%wn)"),
        ({"wn": 80}, "T_x,(img, 20%gt 80%wn)"),
        ({}, "T_x,(img, 100%gt)"),
        ({"noise": 80}, "T_x,(img, 20%gt 80%noise)"),
        ({"wn": 100, "modality": "text"}, "T_x,(0%gt 100%wn)"),
        ({"wn": 100, "modality": "img"}, "T_x,(img)"),
    ],
)
def test_a_multimodal_teacher_is_named_as_in_the_paper(
    settings: dict[str, object], name: str
) -> None:
    assert tx(**settings).name == name


@pytest.mark.parametrize(
    ("teachers", "name"),
    [
        ("none", "S_s"),
        ("T_m", "T_m S_s"),
        ("T_x", "T_x,(img, 0%gt 100%wn) S_s"),
        ("T_m+T_x", "T_m T_x,(img, 0%gt 100%wn) S_s"),
        ("T_1s+T_2w+T_3s", "T_1s T_2w T_3s S_s"),
    ],
)
def test_a_trial_is_named_as_in_the_paper(teachers: str, name: str) -> None:
    multimodal = tx(wn=100) if Teachers(teachers).multimodal else None
    assert TrialSpec("digits", "demo", Teachers(teachers), multimodal).name == name


def test_an_encoder_that_cannot_be_one_is_refused() -> None:
    with pytest.raises(SpecError, match="unknown encoder 'clip'; known: wordnet-graph, or an open"):
        MultimodalSpec("clip", wn=100)


def test_settings_that_cannot_matter_have_one_form() -> None:
    assert tx(modality="img", wn=80) == tx(modality="img", noise=20, val_text="wn")
    assert tx(val_text="mixed") == tx(val_text="gt") == tx()
    assert tx(wn=50).val_text == "mixed"
    assert tx(noise=50).val_text == "gt"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"wn": 120}, "wn must be 0 to 100 percent, got 120"),
        ({"wn": -1}, "wn must be 0 to 100 percent, got -1"),
        ({"wn": 50, "noise": 20}, "wn 50 and noise 20 exclude each other"),
        ({"modality": "sound"}, "unknown modality 'sound'; known: img\\+text, text, img"),
        ({"val_text": "true"}, "unknown val-text 'true'"),
    ],
)
def test_a_mix_that_does_not_fit_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        tx(**settings)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"teachers": "T_y"}, "unknown teachers 'T_y'"),
        ({"teachers": "none", "tx": tx()}, "belong exactly where T_x teaches"),
        ({"teachers": "T_x"}, "belong exactly where T_x teaches"),
        ({"teachers": "none", "seed": -1}, "seed must be"),
        ({"teachers": "none", "limit_train": 0}, "limit-train must be at least 1"),
        ({"teachers": "none", "method": "dmae"}, "unknown method 'dmae'; known: kd, zscore, lfme"),
        ({"teachers": "none", "method": "zscore"}, "it needs teachers, such as T_m"),
        ({"teachers": "T_m", "method": "lfme"}, "it takes teachers none"),
    ],
)
def test_a_trial_that_does_not_fit_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        TrialSpec(**{"dataset": "digits", "recipe": "demo", "tx": None, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("method", "teachers", "name"),
    [("zscore", "T_m", "Z-score T_m S_s"), ("lfme", "none", "LFME S_s")],
)
def test_a_baseline_is_named_before_its_teachers(method: str, teachers: str, name: str) -> None:
    spec = TrialSpec("digits", "demo", Teachers(teachers), None, method=Method(method))
    assert spec.name == name


CHANGES = {"T_x.stem": "linear", "student.tau": 2.0, "teacher.arch": "resnet8", "image_size": 16}


@pytest.mark.parametrize(
    ("teachers", "kept"),
    [
        ("none", {"image_size"}),
        ("T_x", {"image_size", "T_x.stem", "student.tau"}),
        ("T_m", {"image_size", "teacher.arch", "student.tau"}),
    ],
)
def test_changes_that_cannot_matter_are_left_out(teachers: str, kept: set[str]) -> None:
    multimodal = tx(wn=100) if Teachers(teachers).multimodal else None
    changes = tuple(CHANGES.items())
    spec = TrialSpec("digits", "demo", Teachers(teachers), multimodal, changes=changes)
    assert {name for name, _ in spec.changes} == kept
    assert TrialSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({"wn": 100}, {"T_x.stem", "T_x.text_update"}),
        ({"wn": 50}, {"T_x.stem", "T_x.text_update", "T_x.mix"}),
        ({"noise": 50}, {"T_x.stem", "T_x.mix"}),
        ({}, {"T_x.stem"}),
        ({"modality": "img"}, {"T_x.stem"}),
    ],
)
def test_changes_to_text_matter_where_there_is_such_text(
    settings: dict[str, object], kept: set[str]
) -> None:
    changes = (
        ("T_x.stem", "linear"),
        ("T_x.text_update", "fixed"),
        ("T_x.mix", "first_batches"),
    )
    spec = TrialSpec("digits", "demo", Teachers.TX, tx(**settings), changes=changes)
    assert {name for name, _ in spec.changes} == kept


@given(
    mix=st.tuples(st.integers(0, 100), st.booleans()),
    modality=st.sampled_from(["img+text", "text", "img"]),
    seed=st.integers(0, 2**31 - 1),
)
def test_to_dict_and_back(mix: tuple[int, bool], modality: str, seed: int) -> None:
    share, noise = mix
    spec = TrialSpec(
        "digits",
        "demo",
        Teachers.TX,
        tx(modality=modality, **{"noise" if noise else "wn": share}),
        seed=seed,
    )
    assert TrialSpec.from_dict(spec.to_dict()) == spec


@given(st.dictionaries(st.text(max_size=8), st.integers() | st.text(max_size=8), max_size=4))
def test_any_other_table_is_refused_as_no_trial(table: dict[str, object]) -> None:
    with pytest.raises(SpecError):
        TrialSpec.from_dict(table)
