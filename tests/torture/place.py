"""A home and `wnkd` as processes in it; the sweeps that are tortured."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from wnkd_tui.home import Home

# Back-offs as short as the campaign is; a job may be lost as often as it takes.
CONFIG = """[queue]
retries = 1000
backoff = 0.1
backoff_limit = 1.0
free_disk = 16
"""

_DIGITS = ("--dataset", "digits", "--recipe", "demo")
_LESS = (
    *("--limit-train", "300", "--set", "attribution.steps=8"),
    *("--set", "teacher.optimiser.epochs=10", "--set", "student.optimiser.epochs=10"),
    *("--set", "T_x.optimiser.epochs=20"),
)
# 14 trials, 38 jobs of every kind: five mixes of text; views that are embedded epoch by epoch; an
# ensemble of image teachers; Z-score.
FULL = (
    (*_DIGITS, *_LESS, "--wn", "0,50,100", "--noise", "50,100"),
    (*_DIGITS, *_LESS, "--wn", "20", "--teachers", "T_m+T_x", "--set", "embed.mode=augmented"),
    (*_DIGITS, *_LESS, "--teachers", "T_1s+T_2w+T_3s"),
    (*_DIGITS, *_LESS, "--teachers", "T_m", "--method", "zscore"),
)
# 4 trials, 8 jobs, no WordNet.
_FEW = (*_DIGITS, "--limit-train", "150", "--set", "student.optimiser.epochs=12")
SHORT = (
    (*_FEW, "--teachers", "T_m", "--set", "teacher.optimiser.epochs=12"),
    (*_FEW, "--teachers", "none", "--seeds", "3"),
)


class Place:
    """`root` is the home, which is made; `logs` gets what each process says."""

    def __init__(self, root: Path, logs: Path) -> None:
        self.home = Home(root)
        self._logs = logs
        self._started = 0
        root.mkdir(parents=True)
        logs.mkdir(parents=True, exist_ok=True)
        (root / "config.toml").write_text(CONFIG, encoding="utf-8")

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """`wnkd WORDS...` as a process of its own session."""
        self._started += 1
        with self.log(self._started).open("wb") as log:
            process = subprocess.Popen(
                self._command(words),
                env=self._env(),
                cwd=self._logs,  # not a checkout: PYTHONPATH decides which code runs
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return process

    def log(self, number: int) -> Path:
        """What the `number`th process said, from 1."""
        return self._logs / f"{self.home.root.name}-{number:03}.log"

    @property
    def last_log(self) -> Path:
        return self.log(self._started)

    def read(self, *words: str) -> Any:
        """What `wnkd WORDS... --json` prints; a process that fails is a CalledProcessError."""
        self._started += 1
        with self.last_log.open("wb") as log:
            done = subprocess.run(
                self._command((*words, "--json")),
                env=self._env(),
                cwd=self._logs,
                stdout=subprocess.PIPE,
                stderr=log,
                check=True,
            )
        return json.loads(done.stdout)

    def _command(self, words: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "wnkd_tui.cli", *words]

    def _env(self) -> dict[str, str]:
        return {**os.environ, "WNKD_HOME": str(self.home.root)}
