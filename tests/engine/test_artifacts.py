"""The artifact store: whole or not at all."""

from pathlib import Path

import pytest

from engine.artifacts import META, ArtifactStore
from engine.errors import ArtifactError

KEY = "ab" * 32


def publish(store: ArtifactStore, text: str = "x", meta: dict[str, object] | None = None) -> None:
    with store.lock(KEY), store.publish(KEY, meta or {"key": KEY}) as out:
        (out / "file.txt").write_text(text)


def test_a_published_artifact_is_there_with_its_record(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    assert not store.has(KEY)
    publish(store)
    assert store.has(KEY)
    assert store.meta(KEY) == {"key": KEY}
    assert (store.path(KEY) / "file.txt").read_text() == "x"


def test_a_maker_that_fails_leaves_nothing(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    with pytest.raises(TypeError):
        publish(store, meta={"not": object()})
    assert not store.has(KEY)
    assert list((tmp_path / "tmp").iterdir()) == []


def test_what_a_killed_maker_left_is_cleared_by_the_next(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    left = tmp_path / "tmp" / f"{KEY}.1"
    left.mkdir(parents=True)
    store.path(KEY).mkdir(parents=True)  # renamed, but without its record
    publish(store, "whole")
    assert not left.exists()
    assert (store.path(KEY) / "file.txt").read_text() == "whole"


def test_equal_artifacts_have_equal_bytes(tmp_path: Path) -> None:
    one, two = ArtifactStore(tmp_path / "1"), ArtifactStore(tmp_path / "2")
    publish(one, meta={"a": 1, "b": 2})
    publish(two, meta={"b": 2, "a": 1})
    assert (one.path(KEY) / META).read_bytes() == (two.path(KEY) / META).read_bytes()


@pytest.mark.parametrize(
    ("text", "fault"), [(None, "not there"), ("{", "not JSON"), ("1", "no record")]
)
def test_a_missing_or_damaged_record_is_one_line(
    tmp_path: Path, text: str | None, fault: str
) -> None:
    store = ArtifactStore(tmp_path)
    if text:
        publish(store)
        (store.path(KEY) / META).write_text(text)
    with pytest.raises(ArtifactError, match=fault) as caught:
        store.meta(KEY)
    assert "\n" not in str(caught.value)
