"""A folder of one's own: added, shown, checked and drawn."""

import io
from contextlib import closing

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from wnkd_tui.cli import reading, samples
from wnkd_tui.cli.dataset_views import skipped_text
from wnkd_tui.queue import datasets
from wnkd_tui.store.database import connect


@pytest.fixture
def birds(tmp_path):
    """Two classes, eight red and four blue images of 24×16, and two files that are none."""
    root = tmp_path / "birds"
    for name, count, colour in (("crow", 8, (255, 0, 0)), ("Häher", 4, (0, 0, 255))):
        (root / name).mkdir(parents=True)
        for n in range(count):
            Image.new("RGB", (24, 16), colour).save(root / name / f"{n}.png")
    (root / "crow" / "broken.png").write_bytes(b"no image")
    (root / "crow" / "notes.txt").write_text("a crow")
    return root


def test_a_folder_of_class_folders_is_added(wnkd, data, birds):
    result = wnkd("dataset", "add", "my-birds", str(birds))
    assert result.exit_code == 0, result.stderr
    assert "added my-birds: 10 training images, 2 for validation, 2 classes" in result.stderr
    assert "skipped 2 files: crow/broken.png (not an image), crow/notes.txt" in result.stderr
    shown = data("dataset", "show", "my-birds")
    assert (shown["kind"], shown["path"], shown["builtin"]) == ("folder", str(birds), False)
    assert shown["classes"] == ["Häher", "crow"]
    assert sum(shown["train"]["per_class"] + shown["val"]["per_class"]) == 12
    assert shown["size"] == [16, 24, 3]
    assert [one["file"] for one in shown["skipped"]] == ["crow/broken.png", "crow/notes.txt"]
    assert all(one["why"] for one in shown["skipped"])
    listed = wnkd("dataset", "list").stdout.splitlines()[-1].split()
    assert listed[:4] == ["my-birds", "folder", "2", "classes"]
    assert listed[-2:] == ["2", "skipped"]


def test_show_has_a_bar_for_each_class(wnkd, birds):
    wnkd("dataset", "add", "my-birds", str(birds))
    text = wnkd("dataset", "show", "my-birds").stdout
    assert "24×16 pixels, colour" in text
    crow, jay = (next(line for line in text.splitlines() if name in line and "train " in line)
                 for name in ("crow  ", "Häher "))  # fmt: skip
    assert crow.count("█") == 24
    assert jay.count("█") == 24 * 3 // 7
    assert "skipped" in text


def test_strict_refuses_the_first_unreadable_file(wnkd, count, birds):
    result = wnkd("dataset", "add", "my-birds", str(birds), "--strict")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert str(birds) in result.stderr
    assert count("dataset") == 0


def test_prompts_are_read_and_belong_to_the_dataset(wnkd, data, birds, tmp_path):
    prompts = tmp_path / "prompts.csv"
    prompts.write_text("class,prompt\ncrow,a photo of a black bird\n", encoding="utf-8")
    assert wnkd("dataset", "add", "b", str(birds), "--prompts", str(prompts)).exit_code == 0
    assert data("dataset", "show", "b")["prompts"] == str(prompts)
    assert wnkd("dataset", "check", "b").exit_code == 0
    prompts.write_text("class,prompt\ncrow,a photo of a crow\n", encoding="utf-8")
    assert "is not what was added" in wnkd("dataset", "check", "b").stderr
    prompts.write_text("class,prompt\neagle,a photo\n", encoding="utf-8")
    result = wnkd("dataset", "check", "b")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "'eagle' is none of the 2 classes" in result.stderr


def test_check_tells_a_change_and_reads_a_folder_that_is_not_added(wnkd, data, home, birds):
    assert data("dataset", "check", "my-birds", str(birds))["kind"] == "folder"
    wnkd("dataset", "add", "my-birds", str(birds))
    assert "as it should be" in wnkd("dataset", "check", "my-birds").stderr
    Image.new("RGB", (24, 16), (9, 9, 9)).save(birds / "crow" / "0.png")
    assert "its content is not what was added" in wnkd("dataset", "check", "my-birds").stderr
    (birds / "crow" / "0.png").write_bytes(b"no image")
    told = wnkd("dataset", "check", "my-birds", "--strict")
    assert (told.exit_code, told.stderr.count("\n")) == (2, 1)
    assert "notes.txt: not an image" in told.stderr
    birds.rename(birds.with_name("elsewhere"))
    assert "no such folder" in wnkd("dataset", "check", "my-birds").stderr
    with closing(connect(home)) as conn:  # the app tells it too
        assert "no such folder" in str(datasets.checked(conn)["my-birds"].wrong)


def test_trials_of_it_can_be_queued(wnkd, data, birds, home):
    import json
    import sqlite3

    wnkd("dataset", "add", "my-birds", str(birds))
    added = data("queue", "add", "--wn", "100", "--dataset", "my-birds", "--teachers", "T_x")
    assert added["trials"][0]["spec"]["dataset"] == "my-birds"
    with sqlite3.connect(home.db) as conn:
        told = json.loads(conn.execute("SELECT data FROM job").fetchone()[0])
    assert told == {
        "name": "my-birds",
        "kind": "folder",
        "path": str(birds),
        "prompts": None,
        "splits": None,
        "skipped": ["crow/broken.png", "crow/notes.txt"],
    }


def test_many_skipped_files_are_counted():
    from engine.data.listing import Skipped

    some = [Skipped(f"{n}.jpg", "damaged") for n in range(5)]
    assert skipped_text(some[:1]) == "1 file: 0.jpg (damaged)"
    assert skipped_text(some) == (
        "5 files: 0.jpg (damaged), 1.jpg (damaged), 2.jpg (damaged) and 2 more"
    )


def drawn(source, **terminal):
    from wnkd_tui.pictures import samples as read

    file = io.StringIO()
    out = Console(file=file, force_terminal=True, width=50, height=40, **terminal)
    samples.show(read(source, samples.fitting(out)), out)
    return file.getvalue()


def test_pictures_are_an_image_of_each_class_in_half_blocks(wnkd, home, birds):
    from wnkd_tui.store import queries
    from wnkd_tui.store.database import connect

    wnkd("dataset", "add", "my-birds", str(birds))
    text = drawn(queries.dataset(connect(home), "my-birds").source, color_system="truecolor")
    lines = text.rstrip("\n").split("\n")
    assert len(lines) == 10 + 1
    assert "\x1b[38;2;0;0;255;48;2;0;0;255m▀" in lines[0]
    assert "\x1b[38;2;255;0;0;48;2;255;0;0m▀" in lines[0]
    assert lines[0].count("▀") == 40
    assert lines[-1].split() == ["Häher", "crow"]


def test_small_grey_images_are_drawn_too(wnkd, home):
    from wnkd_tui.store import queries
    from wnkd_tui.store.database import connect

    text = drawn(queries.dataset(connect(home), "digits").source, color_system="truecolor")
    assert text.count("▀") == 6 * 20 * 10  # of ten classes as many as a screen has room for


def test_without_colours_pictures_are_a_note(wnkd):
    result = wnkd("dataset", "show", "digits", "--pictures")
    assert result.exit_code == 0
    assert "▀" not in result.stdout
    assert "pictures need a terminal with colours" in result.stderr


def test_a_terminal_shows_how_far_reading_is():
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=100)
    with reading.reading("birds", console) as report:
        report(5, 20)
    assert "reading birds" in file.getvalue()
    assert "5/20" in file.getvalue()


def test_elsewhere_reading_is_told_now_and_then(monkeypatch):
    file = io.StringIO()
    now = iter([0.0, 1.0, 20.0, 20.0, 21.0])
    monkeypatch.setattr(reading.time, "monotonic", lambda: next(now))
    with reading.reading("birds", Console(file=file)) as report:
        for done in (5, 10, 15):
            report(done, 20)
    assert file.getvalue() == "reading birds: 10 of 20 files\n"


def test_pixels_keep_their_colours():
    from wnkd_tui.pictures import Sample, lines

    pixels = np.zeros((20, 20, 3), dtype=np.uint8)
    pixels[0] = (1, 2, 3)
    first = next(iter(lines([Sample("a", pixels)], 80)))
    style = first.spans[0].style
    assert (style.color.triplet, style.bgcolor.triplet) == ((1, 2, 3), (0, 0, 0))
