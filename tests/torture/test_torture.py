"""The kill campaign in its short form; `make torture` is the long one."""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")


def test_a_sweep_under_kills_ends_as_an_undisturbed_one(tmp_path):
    ended = run("campaign.py", "--short", "--kills", "12", "--root", tmp_path)

    assert ended.returncode == 0, ended.stdout + ended.stderr

    calm, killed = tmp_path / "calm", tmp_path / "killed"
    curve = next(killed.glob("artifacts/??/*/history.json"))
    curve.write_text(curve.read_text().replace("0", "1", 1))
    again = run("checks.py", calm, killed)
    assert again.returncode == 1  # a check that could not fail would check nothing
    assert f"differs: {curve.relative_to(killed / 'artifacts')}" in again.stdout


def run(*words):
    return subprocess.run(
        [sys.executable, HERE / words[0], *words[1:]], capture_output=True, text=True, timeout=600
    )
