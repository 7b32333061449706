"""Distillation on the CPU beside its peers: `python benchmarks/distill.py [--save]`.

ResNet50 → ResNet18 (3x3 stem), 32 pixels, Eq. 3, eager float32: images per CPU second and per
second of a plain loop, of torchdistill and of timm, and of wnkd with its teacher asked in every
step (online) and with the teacher's logits in a table (cached). All begin with the same weights and
see the same batches, every teacher is in eval mode. They take turns step by step, so that a busy
moment falls on all of them, and must agree on the first step's loss. `make bench-distill` installs
the peers in a place of their own; those that are not there are left out.
"""

import argparse
import json
import os
import platform
import random
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import torch
from distill_ways import WAYS, Setting

RESULTS = Path(__file__).parent / "results" / "distill.json"
BARS = {"wnkd, cached": 2.3, "wnkd, online": 1.3}  # times the best peer, in CPU seconds
AGREED = 2e-3  # relative: logits in a table are halves


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    setting = Setting.drawn(options.batch)
    found = compare(setting, options.rounds)
    show(found)
    best = max(one["per_cpu_s"] for one in found if one["way"] not in BARS)
    passed = True
    for one in found:
        if bar := BARS.get(one["way"]):
            times = one["per_cpu_s"] / best
            passed &= times >= bar
            print(f"{one['way']}: {times:.2f} x the best peer (bar {bar})")
    if options.save:
        record = {
            "date": datetime.now(UTC).date().isoformat(),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "python": platform.python_version(),
            "torch": torch.__version__,
            "precision": "float32",
            "threads": options.threads,
            "batch": options.batch,
            "rounds": options.rounds,
            "ways": found,
        }
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(record, indent=1) + "\n")
    return int(not passed)


def compare(setting: Setting, rounds: int) -> list[dict]:
    """One record a way; the first round warms up and gives the losses that must agree."""
    steps, losses = {}, {}
    for name, way in WAYS.items():
        try:
            version, steps[name] = way(setting)
        except ImportError:
            print(f"{name}: not installed, left out", file=sys.stderr)
            continue
        losses[name] = float(steps[name]()), version
    first = next(iter(losses.values()))[0]
    for name, (loss, _) in losses.items():
        if abs(loss - first) > AGREED * abs(first):
            raise RuntimeError(
                f"{name}: the first loss is {loss:.5f}, the plain loop's {first:.5f}"
            )
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in steps}
    orders = random.Random(0)
    for _ in range(rounds):
        # In another order each turn: a step finds the memory and the caches that the last one left.
        for name in orders.sample(list(steps), len(steps)):
            cpu, wall = time.process_time(), time.perf_counter()
            steps[name]()
            taken[name].append((time.process_time() - cpu, time.perf_counter() - wall))
    size = len(setting.labels)
    return [
        {
            "way": name,
            "version": losses[name][1],
            "first_loss": round(losses[name][0], 5),
            "per_cpu_s": round(size / median(cpu for cpu, _ in times), 1),
            "per_s": round(size / median(wall for _, wall in times), 1),
        }
        for name, times in taken.items()
    ]


def show(found: list[dict]) -> None:
    print(f"{'':14} {'version':>9} {'first loss':>11} {'images/CPU s':>13} {'images/s':>9}")
    for one in found:
        print(
            f"{one['way']:14} {one['version']:>9} {one['first_loss']:11.4f}"
            f" {one['per_cpu_s']:13.1f} {one['per_s']:9.1f}"
        )


if __name__ == "__main__":
    sys.exit(main())
