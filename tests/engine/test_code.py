"""The engine's digest: its source decides, and nothing else."""

import shutil
from pathlib import Path

import engine.code
from engine.code import DIGEST, digest

PACKAGE = Path(engine.code.__file__).parent


def test_the_same_source_elsewhere_has_the_same_digest(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "*.tar.xz"))
    assert digest(copy) == digest(PACKAGE) == DIGEST
    assert len(DIGEST) == 16


def test_code_numbers_and_names_change_it_and_other_files_do_not(tmp_path: Path) -> None:
    (tmp_path / "recipes").mkdir()
    code, numbers = tmp_path / "a.py", tmp_path / "recipes" / "b.toml"
    code.write_text("x = 1\n")
    numbers.write_text("y = 2\n")
    seen = [digest(tmp_path)]
    (tmp_path / "notes.txt").write_text("no source")
    assert digest(tmp_path) == seen[0]
    code.write_text("x = 2\n")
    seen.append(digest(tmp_path))
    numbers.write_text("y = 3\n")
    seen.append(digest(tmp_path))
    code.rename(tmp_path / "c.py")
    seen.append(digest(tmp_path))
    assert len(set(seen)) == 4
