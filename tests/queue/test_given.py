"""Files that people give: hashed, copied whole, and refused in one line."""

import os
import threading

import pytest

from engine.errors import SpecError
from wnkd_tui.home import Home
from wnkd_tui.queue import given


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


def test_a_name_is_stem_hash_and_suffix(tmp_path):
    file = tmp_path / "my clip (1).safetensors"
    file.write_bytes(b"abc")
    # sha256 of "abc", NIST's test vector
    assert given.name_of(file) == "file:my-clip-1-ba7816bf8f01cfea.safetensors"
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_is_copied_once_and_only_whole(home, tmp_path):
    file = tmp_path / "nouns.txt"
    file.write_text("horse")
    name = given.take(home, file)
    assert name == given.name_of(file) == given.take(home, file)
    kept = home.files / name.removeprefix("file:")
    assert kept.read_text() == "horse"
    assert list(home.files.iterdir()) == [kept]
    file.write_text("zebra")
    os.utime(file, ns=(1, 1))
    assert given.take(home, file) != name
    assert kept.read_text() == "horse"


def test_a_folder_is_its_files_names_and_contents(home, tmp_path):
    def folder(name, **files):
        (tmp_path / name / "inner").mkdir(parents=True)
        for path, content in files.items():
            (tmp_path / name / path.replace("_", "/", 1)).write_text(content)
        return tmp_path / name

    one = folder("clip", a="1", inner_b="2")
    same = folder("other/clip", inner_b="2", a="1")
    assert given.name_of(one) == given.name_of(same)
    names = {given.name_of(folder(f"{n}/clip", **files)) for n, files in enumerate(
        [{"a": "2", "inner_b": "1"}, {"a": "12", "inner_b": ""}, {"a": "1", "b": "2"}, {"a": "1"}]
    )}  # fmt: skip
    assert len(names | {given.name_of(one)}) == 5
    kept = home.files / given.take(home, one).removeprefix("file:")
    assert (kept / "a").read_text() + (kept / "inner" / "b").read_text() == "12"


def test_a_link_in_a_folder_is_not_followed_out_of_it(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("key")
    folder = tmp_path / "clip"
    folder.mkdir()
    (folder / "model.pt").write_text("weights")
    (folder / "alias.pt").symlink_to("model.pt")
    given.name_of(folder)
    for target in (secret, tmp_path, folder):
        (folder / "link").symlink_to(target)
        with pytest.raises(SpecError, match="link out of its folder"):
            given.name_of(folder)
        (folder / "link").unlink()
    (folder / "link").symlink_to("link")
    with pytest.raises(SpecError, match=r"cannot read|link"):
        given.name_of(folder)


def test_what_cannot_be_taken_is_told_in_one_line(home, tmp_path, monkeypatch):
    empty, folder, pipe = (tmp_path / name for name in ("empty.pt", "folder", "pipe"))
    empty.touch()
    folder.mkdir()
    os.mkfifo(pipe)
    large = tmp_path / "large.pt"
    large.write_bytes(b"12345")
    for path, says in (
        (tmp_path / "missing.pt", "does not exist"),
        (tmp_path / ("x" * 300), "File name too long"),
        (large / "inside", "does not exist"),
        (empty, "is empty"),
        (folder, "a folder without files"),
        (pipe, "is no file"),
    ):
        with pytest.raises(SpecError, match=says) as told:
            given.take(home, path)
        assert "\n" not in str(told.value)
    monkeypatch.setattr(given, "LARGEST", 4)
    with pytest.raises(SpecError, match=r"takes 0\.0 GiB, more than"):
        given.name_of(large)
    assert not home.files.exists()


def test_a_full_disk_is_told_before_copying(home, tmp_path, monkeypatch):
    file = tmp_path / "clip.pt"
    file.write_bytes(b"weights")
    monkeypatch.setattr(given, "SPARE_DISK", 2**60)
    with pytest.raises(SpecError, match="left"):
        given.take(home, file)
    assert list(home.files.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_told(home, tmp_path):
    file = tmp_path / "clip.pt"
    file.write_bytes(b"weights")
    file.chmod(0)
    with pytest.raises(SpecError, match="cannot read"):
        given.take(home, file)


def test_many_may_take_one_file_at_once(home, tmp_path):
    folder = tmp_path / "clip"
    folder.mkdir()
    (folder / "model.pt").write_bytes(b"x" * 100_000)
    names = []
    threads = [
        threading.Thread(target=lambda: names.append(given.take(home, folder))) for _ in "ab" * 4
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names) == 8
    assert [path.name for path in home.files.iterdir()] == [names[0].removeprefix("file:")]


@pytest.mark.parametrize(
    ("encoder", "path"),
    [
        ("wordnet-graph", None),
        ("ViT-B-32-quickgelu/openai", None),
        ("ViT-B-32/laion2b_s34b_b79k", None),
        ("ViT-B-32/file:clip-0123.pt", None),
        ("ViT-B-32//models/clip.pt", "/models/clip.pt"),
        ("ViT-B-32/models/clip", "models/clip"),
        ("ViT-B-32/clip.safetensors", "clip.safetensors"),
        ("ViT-B-32/./clip", "clip"),
        ("ViT-B-32/~/clip.pt", "~/clip.pt"),
        ("ViT-B-32/~nobody-at-all/clip.pt", "~nobody-at-all/clip.pt"),
    ],
)
def test_an_encoders_path_is_told_from_a_tag(encoder, path):
    assert given.encoder_path(encoder) == (given.path_of(path) if path else None)
