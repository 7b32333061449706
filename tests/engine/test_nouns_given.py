"""A person's own nouns: what a file may say, and what is said of one that may not."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import engine.nouns as nouns
from engine.errors import SpecError
from engine.nouns import read_nouns


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mine.txt"


def test_a_noun_a_line_in_the_file_s_order(file: Path) -> None:
    file.write_bytes(
        b"# my list\nzebra\n\n  hot_dog \r\nZebra\nApple pie\n#no noun\n\t\nhot  dog\n"
    )
    found = read_nouns(file)
    assert found.names == ["zebra", "hot dog", "Apple pie"]
    assert found.classes == []
    assert found.lines == [2, 4, 6]
    assert found.repeated == 2


def test_phrases_by_class(file: Path) -> None:
    file.write_text("# class, phrase\nmaple_tree\ta red leaf\nsea\tsalt  water\nsea\tA red leaf\n")
    found = read_nouns(file)
    assert found.names == ["a red leaf", "salt water"]
    assert found.classes == ["maple tree", "sea"]
    assert found.lines == [2, 3]
    assert found.repeated == 1


def test_a_byte_order_mark_and_other_scripts(file: Path) -> None:
    file.write_bytes("\N{BYTE ORDER MARK}naïve café\nдерево\n木\n".encode())
    assert read_nouns(file).names == ["naïve café", "дерево", "木"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no noun in it"),
        (b"# nothing\n\n   \n", "no noun in it"),
        (b"sea\tsalt\nwave\n", "line 2: either every line"),
        (b"wave\nsea\tsalt\n", "line 2: either every line"),
        (b"sea\tsalt\twater\n", "line 1: either every line"),
        (b"sea\tsalt\nsea\t\n", "line 2: either every line"),
        (b"\tsalt\n", "line 1: either every line"),
        (b"___\n", "line 1: either every line"),
        (b"dog\n\xff\xfe\x00\n", "line 2: not UTF-8"),
        ("dog\n".encode("utf-16"), "line 1: not UTF-8"),
        (b"\x7fELF\x02\x01\x01\x00\x00\n", "line 1: a character that cannot be shown"),
        (b"dog\x1b[31m\n", "line 1: a character that cannot be shown"),
        (b"dog\n" + b"x" * 301 + b"\n", "line 2: 301 characters, more than 300"),
        (b"x" * 2_000_000, "line 1: 2,000,000 characters"),
    ],
)
def test_what_is_no_list_is_told_in_one_line(file: Path, content: bytes, message: str) -> None:
    file.write_bytes(content)
    with pytest.raises(SpecError, match=r"^mine\.txt") as error:
        read_nouns(file)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert str(error.value).isprintable()


def test_large_files_are_refused_unread(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with file.open("wb") as sparse:
        sparse.truncate(100 << 20)
    monkeypatch.setattr(Path, "read_bytes", lambda self: pytest.fail("was read"))
    with pytest.raises(SpecError, match="larger than 64 MB"):
        read_nouns(file)


def test_very_many_lines_are_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nouns, "MOST_LINES", 10)
    file.write_bytes(b"\n" * 11)
    with pytest.raises(SpecError, match="more than 10 lines"):
        read_nouns(file)


def test_a_folder_is_no_list(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="not a file"):
        read_nouns(tmp_path)


word = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=12).filter(
    lambda text: text.replace("_", "").strip() and not text.startswith("#")
)


@given(st.lists(word, min_size=1, max_size=20))
def test_every_list_is_read_in_its_order_without_repeats(
    tmp_path_factory: pytest.TempPathFactory, words: list[str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "listed.txt"
    path.write_bytes("\n".join(words).encode())
    found = read_nouns(path)
    assert len(found.names) + found.repeated == len(words)
    assert [nouns.key(words[line - 1]) for line in found.lines] == [
        nouns.key(name) for name in found.names
    ]
    assert len({nouns.key(name) for name in found.names}) == len(found.names)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_list_or_one_line(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_bytes(content)
    found, fault = None, ""
    try:
        found = read_nouns(path)
    except SpecError as error:
        fault = str(error)
    assert "\n" not in fault
    assert (found is None) == bool(fault)
    for name in found.names if found else ():
        assert name
        assert name.isprintable()
