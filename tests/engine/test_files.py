"""Files that a person gave: where they are, and why they cannot be read."""

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import ArtifactError
from engine.files import FILE, reason, resolve


def test_a_name_is_a_place_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "nouns-0123456789abcdef.txt").write_text("dog")
    (tmp_path / "clip-0123456789abcdef").mkdir()
    for name in ("nouns-0123456789abcdef.txt", "clip-0123456789abcdef"):
        assert resolve(tmp_path, FILE + name) == tmp_path / name


@pytest.mark.parametrize(
    "name", ["gone.pt", "", ".", "..", "../x", "a/x", "/etc/passwd", "..\\x", "x\0y", "file:x"]
)
def test_what_is_not_there_or_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "files" / "a").mkdir(parents=True)
    for path in ("x", "files/a/x"):
        (tmp_path / path).write_text("")
    with pytest.raises(ArtifactError, match=r"is not in .*files: give it again with") as caught:
        resolve(tmp_path / "files", FILE + name)
    assert "\n" not in str(caught.value)


def test_without_a_folder_nothing_is_there() -> None:
    with pytest.raises(ArtifactError, match="'x' is not in the folder of given files: give it"):
        resolve(None, "file:x")


def test_reasons_are_one_short_line() -> None:
    assert reason(OSError("no\nnetwork")) == "no"
    assert reason(ValueError()) == "ValueError"
    assert reason(pickle.UnpicklingError("trust me")) == "damaged, or something else than weights"
    assert reason(KeyError("x")) == reason(pickle.UnpicklingError(""))
    long = "Error(s) in loading state_dict for CLIP:\n\tMissing key(s): " + "a.weight, " * 99
    assert reason(RuntimeError(long)).startswith("Missing key(s): a.weight")
    assert len(reason(RuntimeError(long))) <= 120


def test_the_command_line_may_import_it() -> None:
    code = "import sys, engine.files; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
