"""What the benchmarks of large sets share: a clock, the machine and its ceiling."""

import json
import os
import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

RESULTS = Path(__file__).parent / "results"
IMAGES, PROMPTS = 1_281_167, 824_586  # ImageNet's training images; 117,798 nouns in 7 templates
DIMENSIONS, CENTRES = 512, (300, 4271)


class Clock:
    """Seconds of a CPU, whatever else the machine does, or of a GPU until it has done all."""

    def __init__(self, device: str) -> None:
        self.cuda = device == "cuda"
        self.unit = "s" if self.cuda else "CPU s"

    def __call__(self, call: Callable[[], object]) -> float:
        now = time.perf_counter if self.cuda else time.process_time
        self._wait()
        begun = now()
        call()
        self._wait()
        return now() - begun

    def _wait(self) -> None:
        if self.cuda:
            torch.cuda.synchronize()


def product_rate(device: str, kind: torch.dtype) -> float:
    """Operations a second of a large matrix product, at its best."""
    side, clock = 8192 if device == "cuda" else 1024, Clock(device)
    left, right = torch.randn(2, side, side, device=device).to(kind)
    return 2 * side**3 / min(clock(lambda: left @ right) for _ in range(6))


def machine(device: str) -> dict[str, Any]:
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": torch.cuda.get_device_name()
        if device == "cuda"
        else f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
    }


def save(name: str, record: dict[str, Any]) -> None:
    path = RESULTS / name
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"written: {path.name}")


def hours(seconds: float) -> str:
    """A time for people."""
    for unit, length in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} seconds"
