"""Image files: how one becomes pixels, and which do not."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.data import files
from engine.data.files import FileImages, Unreadable, decode, read
from engine.errors import DataError


def noise(width: int, height: int, channels: int = 3) -> np.ndarray:
    rng = np.random.default_rng(width * height)
    return rng.integers(0, 256, (height, width, channels), np.uint8)


def test_the_central_square_is_taken(tmp_path: Path) -> None:
    wide = noise(13, 8)
    Image.fromarray(wide).save(tmp_path / "wide.png")
    decoded = decode(read(tmp_path / "wide.png"), 8)
    assert (decoded.height, decoded.width) == (8, 13)
    assert (decoded.pixels == wide[:, 2:10].transpose(2, 0, 1)).all()


def test_a_square_is_resized_with_antialiasing(tmp_path: Path) -> None:
    # Stripes of one pixel become grey, where picking pixels would give black or white.
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    Image.fromarray(stripes).save(tmp_path / "stripes.png")
    small = decode(read(tmp_path / "stripes.png"), 8).pixels
    assert abs(small.astype(int) - 127).max() < 12


def test_a_large_jpeg_is_first_halved_and_looks_the_same(tmp_path: Path) -> None:
    x = np.linspace(0, 255, 640)
    smooth = np.stack([np.broadcast_to(x, (480, 640)), np.broadcast_to(255 - x, (480, 640))] * 2, 2)
    image = Image.fromarray(smooth[:, :, :3].astype(np.uint8))
    image.save(tmp_path / "a.jpg", quality=95)
    image.save(tmp_path / "a.png")
    jpeg, png = (decode(read(tmp_path / name), 32).pixels for name in ("a.jpg", "a.png"))
    assert abs(jpeg.astype(int) - png).max() <= 3


def saved(path: Path, image: Image.Image, **options: object) -> bytes:
    image.save(path, **options)
    return path.read_bytes()


def grey_16(path: Path) -> bytes:
    return saved(path, Image.fromarray(np.full((8, 8), 200 * 256, np.uint16)))


@pytest.mark.parametrize(
    ("name", "make", "colour"),
    [
        ("grey.png", lambda p: saved(p, Image.new("L", (8, 8), 90)), (90, 90, 90)),
        ("1-bit.png", lambda p: saved(p, Image.new("1", (8, 8), 1)), (255, 255, 255)),
        ("16-bit.png", grey_16, (200, 200, 200)),
        ("16-bit.tif", grey_16, (200, 200, 200)),
        ("rgba.png", lambda p: saved(p, Image.new("RGBA", (8, 8), (9, 8, 7, 0))), (9, 8, 7)),
        (
            "palette.png",
            lambda p: saved(p, Image.new("RGB", (8, 8), (9, 8, 7)).quantize(4)),
            (9, 8, 7),
        ),
        (
            "palette with transparency.png",
            lambda p: saved(p, Image.new("RGB", (8, 8), (9, 8, 7)).quantize(4), transparency=b"\0"),
            (9, 8, 7),
        ),
        ("animated.gif", lambda p: saved(p, Image.new("RGB", (8, 8), (0, 255, 0))), (0, 255, 0)),
        (
            "lossless.webp",
            lambda p: saved(p, Image.new("RGB", (8, 8), (9, 8, 7)), lossless=True),
            (9, 8, 7),
        ),
        ("white.jpg", lambda p: saved(p, Image.new("CMYK", (8, 8))), (255, 255, 255)),
        (
            "on its side.jpg",
            lambda p: saved(p, Image.new("RGB", (8, 8), (200, 200, 200)), exif=b"Exif\0\0broken"),
            (200, 200, 200),
        ),
    ],
)
def test_every_mode_becomes_rgb(
    tmp_path: Path, name: str, make: Callable[[Path], bytes], colour: tuple[int, int, int]
) -> None:
    pixels = decode(make(tmp_path / name), 4).pixels
    assert (pixels.dtype, pixels.shape) == (np.uint8, (3, 4, 4))
    assert (pixels == np.array(colour)[:, None, None]).all()


def jpeg(tmp_path: Path) -> bytes:
    return saved(tmp_path / "whole.jpg", Image.fromarray(noise(64, 64)))


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda p: b"what a nice day\n", "not an image"),
        (lambda p: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n", "not an image"),
        (lambda p: jpeg(p)[:1000], "damaged"),
        (lambda p: jpeg(p)[:-20], "damaged"),
        (lambda p: saved(p / "a.png", Image.fromarray(noise(8, 8)))[:60], "damaged|not an image"),
        (lambda p: saved(p / "a.tif", Image.fromarray(np.ones((8, 8), np.float32))), "floating"),
    ],
)
def test_what_is_not_read_says_why(tmp_path: Path, make: Callable[[Path], bytes], why: str) -> None:
    with pytest.raises(Unreadable, match=why) as caught:
        decode(make(tmp_path), 8)
    assert "\n" not in str(caught.value)
    assert "BytesIO" not in str(caught.value)


def test_a_cut_jpeg_is_found_at_any_size(tmp_path: Path) -> None:
    Image.fromarray(noise(600, 500)).save(tmp_path / "a.jpg")
    cut = (tmp_path / "a.jpg").read_bytes()[:-200]
    for size in (8, 32, 224):
        with pytest.raises(Unreadable, match="truncated"):
            decode(cut, size)


def test_a_decompression_bomb_is_refused_by_its_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = saved(tmp_path / "bomb.png", Image.new("1", (20_000, 20_000)))
    assert len(bomb) < 100_000
    with pytest.raises(Unreadable, match="more than 89478485 pixels"):
        decode(bomb, 8)
    monkeypatch.setattr(files, "MAX_PIXELS", 63)
    with pytest.raises(Unreadable, match="8×8 pixels, more than 63"):
        decode(saved(tmp_path / "small.png", Image.new("L", (8, 8))), 8)


def test_a_very_long_image_costs_no_more_than_its_square(tmp_path: Path) -> None:
    line = saved(tmp_path / "line.png", Image.new("L", (60_000, 1), 7))
    assert (decode(line, 64).pixels == 7).all()


def test_reading_never_waits_and_says_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    (tmp_path / "zero.jpg").symlink_to("/dev/zero")
    (tmp_path / "long.jpg").write_bytes(b"123456789")
    monkeypatch.setattr(files, "MAX_BYTES", 8)
    for name, why in {
        "pipe.jpg": "not a file",
        "empty.jpg": "an empty file",
        "loop.jpg": "not readable",
        "zero.jpg": "not a file",
        "long.jpg": "larger than",
        "none.jpg": "missing",
        ".": "not a file",
        "\0": "not readable",
    }.items():
        with pytest.raises(Unreadable, match=why):
            read(tmp_path / name)


@pytest.fixture
def ten(tmp_path: Path) -> FileImages:
    for i in range(10):
        Image.new("RGB", (6, 6), (i, 2 * i, 3 * i)).save(tmp_path / f"{i}.png")
    return FileImages(tmp_path, [f"{i}.png" for i in range(10)], 4, dataset="pets")


def test_files_are_indexed_as_an_array_is(ten: FileImages) -> None:
    whole = np.empty((10, 3, 4, 4), np.uint8)
    whole[:] = np.outer(np.arange(10), [1, 2, 3])[:, :, None, None]
    assert (len(ten), ten.shape) == (10, whole.shape)
    index = np.array([7, 0, 7, 3])
    for which in (slice(None), slice(2, 5), slice(8, 20), slice(0, 0), index):
        assert (ten[which] == whole[which]).all()
    assert (ten.take(index)[1:3] == whole[[0, 7]]).all()
    assert ten[index[:0]].shape == (0, 3, 4, 4)


def test_the_number_of_workers_does_not_matter(
    ten: FileImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ten[:]
    monkeypatch.setattr(files, "WORKERS", 7)
    assert (ten[:] == whole).all()


def test_a_file_that_is_gone_since_it_was_added(ten: FileImages) -> None:
    (ten.root / "4.png").unlink()
    with pytest.raises(DataError, match=r"4\.png: missing.*wnkd dataset check pets"):
        ten[3:6]
    assert len(ten[5:]) == 5


ENDING = """
import os, signal, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from engine.data.files import FileImages

images = FileImages(Path(sys.argv[1]), ["0.png"] * 5000, 64, dataset="pets")
before = images[:10]
if (child := os.fork()) == 0:
    os._exit(int((images[:10] != before).any()))
assert os.waitpid(child, 0)[1] == 0
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
ahead = ThreadPoolExecutor(1).submit(images.__getitem__, slice(10, None))
os.kill(os.getpid(), signal.SIGTERM)
ahead.result()
"""


def test_threads_neither_hold_up_a_sigterm_nor_a_fork(ten: FileImages) -> None:
    command = [sys.executable, "-c", ENDING, str(ten.root)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 143, done.stderr


def test_parts_cover_everything_once() -> None:
    for count in (0, 1, 31, 1000):
        assert [i for part in files.parts(count) for i in part] == list(range(count))
