"""Files that come with datasets: read, or refused with a DataError."""

import os
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import nouns
from engine.data import cifar, folder, imagenet_lt, prompts, scene, utkface
from engine.errors import WnkdError

MANY = settings(
    max_examples=int(os.environ.get("WNKD_FUZZ", "15")),
    deadline=None,
    database=None,
    derandomize="WNKD_FUZZ" not in os.environ,
)
WNIDS = ("n01440764", "n01443537", "n99999999")
cells = st.text(max_size=8) | st.sampled_from(
    (
        "class",
        "prompt",
        "crow",
        "rook",
        "a crow",
        '"',
        '""',
        "\r",
        "\0",
        "ä",
        "\u2028",
        "x" * 200_000,
    )
)
sheet = st.lists(st.lists(cells, max_size=3).map(",".join), max_size=6).map("\n".join)
split_line = st.builds(
    "{}/{}/{}_{}.JPEG {}".format,
    st.sampled_from(("train", "val", "..", "")),
    st.sampled_from(WNIDS),
    st.sampled_from(WNIDS),
    st.integers(0, 9),
    st.integers(-1, 3) | st.integers(),
)
file_name = st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=12).filter(
    lambda name: name not in (".", "..") and len(name.encode("utf-8", "surrogatepass")) < 200
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("data")


def told(read):
    """Calls what may raise a WnkdError, which is one line."""
    try:
        return read()
    except WnkdError as error:
        says = str(error)
    assert "\n" not in says
    return None


@MANY
@given(content=st.binary(max_size=80) | sheet.map(lambda text: text.encode("utf-8", "replace")))
def test_prompts(place, content):
    path = place / "prompts.csv"
    path.write_bytes(content)
    found = told(lambda: prompts.read(path, ("crow", "rook")))
    assert found is None or set(found) <= {"crow", "rook"}


@MANY
@given(rows=st.lists(st.tuples(cells, cells), max_size=4))
def test_prompts_under_their_header(place, rows):
    path = place / "prompts.csv"
    text = "\n".join(["class,prompt", *map(",".join, rows)])
    path.write_bytes(text.encode("utf-8", "replace"))
    told(lambda: prompts.read(path, ("crow", "rook")))


@MANY
@given(
    train=st.lists(split_line | st.text(max_size=9), max_size=5).map("\n".join),
    val=st.lists(split_line, max_size=3).map("\n".join) | st.binary(max_size=30),
)
def test_split_files(place, train, val):
    for name, text in ((imagenet_lt.TRAIN, train), (imagenet_lt.VAL, val)):
        content = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
        (place / name).write_bytes(content)
    found = told(lambda: imagenet_lt.read_splits(place, place, [place]))
    if found:
        assert not any(".." in name for name in found.train.names)


@MANY
@given(
    content=st.binary(max_size=80)
    | st.lists(cells, max_size=6).map(lambda c: "\n".join(c).encode("utf-8", "replace"))
)
def test_nouns(place, content):
    path = place / "nouns.txt"
    path.write_bytes(content)
    told(lambda: nouns.read_nouns(path))


@MANY
@given(
    value=st.recursive(
        st.none() | st.binary(max_size=9) | st.text(max_size=9) | st.integers(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from((b"data", b"fine_labels", b"fine_label_names", "data")), inner
            )
        ),
        max_leaves=6,
    ),
    cut=st.integers(0, 400),
    flip=st.none() | st.integers(0, 2**16),
)
def test_cifar(place, value, cut, flip):
    root = place / "cifar-100-python"
    root.mkdir(exist_ok=True)
    content = bytearray(pickle.dumps(value, protocol=2))
    if flip is not None:
        content[flip % len(content)] ^= 1 << flip % 8
    for name in ("train", "test", "meta"):
        (root / name).write_bytes(content[: cut or None])
    assert told(lambda: cifar.load(place)) is None


@MANY
@given(names=st.lists(st.tuples(file_name, file_name), max_size=5))
def test_folders_of_any_name(tmp_path_factory, names):
    root = tmp_path_factory.mktemp("set")
    for above, name in names:
        try:
            (root / above).mkdir(exist_ok=True)
            (root / above / f"{name}.png").write_bytes(b"no picture")
        except (OSError, UnicodeEncodeError):
            continue  # no name that this filesystem can have
    for read in (folder.listing, scene.listing, utkface.listing):
        told(lambda read=read: read(root))
