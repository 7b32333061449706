"""The artifact store: whole or not at all."""

import shutil
from collections.abc import Callable
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
    assert store.meta(KEY) == {"key": KEY, "files": {"file.txt": 1}}
    assert store.fault(KEY) is None
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


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lambda folder: shutil.rmtree(folder), "is missing: "),
        (lambda folder: (folder / META).unlink(), "has no record: "),
        (lambda folder: (folder / META).write_text("{"), "is not JSON"),
        (lambda folder: (folder / "file.txt").unlink(), "file.txt is missing"),
        (lambda folder: (folder / "file.txt").write_text("who"), "file.txt has 3 of 5 bytes"),
        (lambda folder: (folder / META).write_text('{"files": {"a": 0}}'), "a is missing"),
        (lambda folder: (folder / META).write_text("{}"), None),  # made before sizes were kept
    ],
)
def test_a_fault_is_found_and_told_on_one_line(
    harm: Callable[[Path], object], told: str | None, tmp_path: Path
) -> None:
    store = ArtifactStore(tmp_path)
    publish(store, "whole")
    assert store.fault(KEY) is None
    harm(store.path(KEY))
    found = store.fault(KEY)
    assert (found is None) == (told is None)
    assert told is None or (told in found and KEY[:12] in found and "\n" not in found)
