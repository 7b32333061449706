"""A person's own prompts: a CSV of class and prompt."""

from pathlib import Path

import pytest

from engine.data import prompts, registry
from engine.data.registry import Source
from engine.errors import DataError

CLASSES = ("cat", "dog", "éléphant")


def read(tmp_path: Path, text: str | bytes) -> prompts.Prompts:
    path = tmp_path / "prompts.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return prompts.read(path, CLASSES)


def test_several_prompts_a_class_in_the_files_order(tmp_path: Path) -> None:
    text = '\ufeffprompt, class,note\r\n"a cat, asleep",cat,x\r\n'
    text += "un éléphant, éléphant ,\r\na cat,cat,\r\n"
    found = read(tmp_path, text)
    assert found == {"cat": ("a cat, asleep", "a cat"), "éléphant": ("un éléphant",)}
    assert list(found) == ["cat", "éléphant"]
    assert read(tmp_path, "class,prompt\n\ne\u0301le\u0301phant,big\n") == {"éléphant": ("big",)}


def test_a_device_is_not_read_to_its_end() -> None:
    with pytest.raises(DataError, match="a folder or a device, no file"):
        prompts.read(Path("/dev/zero"), CLASSES)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "line 1: no column class"),
        ("class,text\ncat,a cat\n", "line 1: no column prompt; needed: class,prompt"),
        ("class,prompt\n", "no prompts in it"),
        ("class,prompt\ncat,a cat\ncow,a cow\n", "line 3: 'cow' is none of the 3 classes"),
        ("class,prompt\n../cat,a cat\n", "line 2: '../cat' is none of the 3 classes"),
        ("class,prompt\ncat,\n", "line 2: no prompt for cat"),
        ("class,prompt\ncat,   \n", "line 2: no prompt for cat"),
        ("class,prompt\ncat\n", "line 2: fewer columns than the header"),
        ('class,prompt\ncat,"a cat\n', "line 2: not CSV"),
        ("class,prompt\ncat,a\0b\n", "line 2: characters of no plain text"),
        ('class,prompt\ncat,"a\nb"\n', "line 3: characters of no plain text"),
        (b"class,prompt\ncat,\xff\n", "not UTF-8"),
        ("class,prompt\ncat," + "a" * 200_000 + "\n", "line 2: not CSV"),
    ],
)
def test_a_table_with_a_fault_is_refused_with_its_line(
    tmp_path: Path, text: str | bytes, fault: str
) -> None:
    with pytest.raises(DataError, match=fault) as caught:
        read(tmp_path, text)
    assert str(caught.value).isprintable()


def test_prompts_belong_to_any_dataset_and_to_its_key(tmp_path: Path) -> None:
    path = tmp_path / "prompts.csv"
    path.write_text("class,prompt\none,a stroke\none,a line\n")
    source = Source("digits", "digits", prompts=path)
    assert registry.load(source, 8).prompts == {"one": ("a stroke", "a line")}
    keys = {registry.check(Source("digits", "digits")).key, registry.check(source).key}
    path.write_text("class,prompt\none,a line\none,a stroke\n")
    keys.add(registry.check(source).key)
    assert len(keys) == 3
    assert registry.builtin()[0].key in keys
    path.unlink()
    with pytest.raises(DataError, match=r"prompts\.csv: not readable"):
        registry.load(source, 8)
