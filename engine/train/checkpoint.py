"""A run's state on disk, replaced as a whole; what it cannot read it does not trust."""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

# Saving may take at most this share of the time between two saves.
SAVE_SHARE = 0.05


@dataclass
class Checkpoint:
    """`checkpoint.pt` in a job's directory. The first save is made at once, later ones as rarely
    as keeps their cost small."""

    path: Path
    _next_save: float = field(default=0.0, init=False)

    def load(self) -> dict[str, Any] | None:
        """The state last saved, on the CPU; None where there is none or it is damaged."""
        try:
            state = torch.load(self.path, map_location="cpu", weights_only=True)
        except FileNotFoundError:
            return None
        except Exception:  # noqa: BLE001 - a damaged file can raise anything; begin anew
            return None
        return state if isinstance(state, dict) else None

    def save(self, state: dict[str, Any]) -> None:
        """Writes `state` unless the last save is too recent to pay for another."""
        started = time.monotonic()
        if started < self._next_save:
            return
        temporary = self.path.with_suffix(f".{os.getpid()}")
        with temporary.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.path)
        ended = time.monotonic()
        self._next_save = ended + (ended - started) / SAVE_SHARE
