"""Measures on a GPU what training steps and embedding reach: python scripts/gpu_speed.py OUT.json.

Each row is the product's own task, criterion and step on images in device memory, in bf16, with
networks compiled as jobs compile them; "eager" is the same with nothing compiled. An image's floor
is the larger of two times: its operations at the rate of a large matrix product, and its bytes at
that of a large copy (`gpu_steps`), both measured first. Checks that compiled teachers answer as
eager ones in float32, that nothing is compiled anew after the first step and that no step waits for
the device; exit code 1 where one fails. Bars that are missed are marked. Needs the engine's
packages; without open_clip CLIP's row is left out. `--device cpu --tiny` tries the script itself.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import torch
import torch.nn.functional as F
from gpu_steps import ROWS, TINY, Row, Steps, operations
from torch import Tensor

from engine.train.image import precision_context

WINDOWS, WARM_UP = 3, 10
SIDE, COPIED = 8192, 2**30  # of the matrix product; numbers of the copy
CLIP, IMAGES, CLIP_BAR = "ViT-B-32-quickgelu", 256, 20_000
AGREES = 0.05  # relative: fifty layers in bf16


class Bench:
    def __init__(self, device: torch.device, seconds: float) -> None:
        self.device, self.cuda, self._seconds = device, device.type == "cuda", seconds
        self.faults: list[str] = []

    def check(self, good: bool, what: str) -> None:
        if not good:
            self.faults.append(what)
            print(f"WRONG  {what}", flush=True)

    def rate(self, call: Callable[[], object], windows: int = WINDOWS) -> float:
        """Calls a second: the median of windows, after a warm-up."""
        for _ in range(WARM_UP):
            call()
        calls = max(1, round(self._seconds / self._time(call, 3) * 3))
        return median(calls / self._time(call, calls) for _ in range(windows))

    def _time(self, call: Callable[[], object], calls: int) -> float:
        """Seconds of so many calls, on the device."""
        if not self.cuda:
            begun = time.perf_counter()
            for _ in range(calls):
                call()
            return time.perf_counter() - begun
        first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        first.record()
        for _ in range(calls):
            call()
        last.record()
        last.synchronize()
        return first.elapsed_time(last) / 1e3

    def ceilings(self) -> tuple[float, float]:
        """Operations a second of a large bf16 matrix product, bytes a second of a large copy."""
        side, count = (SIDE, COPIED) if self.cuda else (256, 2**20)
        left, right = torch.randn(2, side, side, device=self.device).bfloat16()
        flops = 2 * side**3 * self.rate(lambda: left @ right)
        source = torch.randn(count, device=self.device)
        target = torch.empty_like(source)
        return flops, 2 * source.nbytes * self.rate(lambda: target.copy_(source))

    def row(self, row: Row, ceilings: tuple[float, float]) -> dict[str, Any]:
        """A row's step, eager and compiled."""
        from torch._dynamo.utils import counters

        steps = Steps(row, self.device)
        eager = row.batch * self.rate(steps.take, windows=1)
        for off in steps.compile():
            self.check(off < AGREES, f"{row.name}: a teacher's answers are off by {off:.3f}")
        for line in steps.told:
            print(f"       {row.name}: {line}", flush=True)
        steps.take()
        graphs = counters["stats"]["unique_graphs"]
        reached = row.batch * self.rate(steps.take)
        anew = counters["stats"]["unique_graphs"] - graphs
        self.check(anew == 0, f"{row.name}: {anew} graphs compiled anew")
        if self.cuda:
            self._waits(steps)
        flops, moved = steps.floor()
        del steps
        torch._dynamo.reset()
        torch.cuda.empty_cache()
        return record(row.name, row.batch, reached, eager, row.bar, flops, moved, ceilings)

    def _waits(self, steps: Steps) -> None:
        torch.cuda.set_sync_debug_mode("error")
        try:
            steps.take()
        except RuntimeError as error:
            self.check(False, f"{steps.row.name}: a step waits: {str(error).splitlines()[0]}")
        finally:
            torch.cuda.set_sync_debug_mode("default")

    def clip(self, ceilings: tuple[float, float]) -> list[dict[str, Any]]:
        """From uint8 images on the device to embeddings, as the encoder does it; drawn weights."""
        try:
            import open_clip
        except ImportError:
            print("       CLIP: left out, there is no open_clip", flush=True)
            return []
        from engine.encoders.preprocess import prepare

        model = open_clip.create_model(CLIP, device=self.device).eval()
        ready = open_clip.get_model_preprocess_cfg(model)
        count = IMAGES if self.cuda else 2
        images = torch.randint(0, 256, (count, 3, 224, 224), dtype=torch.uint8).to(self.device)
        precision = precision_context(self.device, "bf16")

        def embed() -> Tensor:
            with torch.inference_mode(), precision():
                features = model.encode_image(prepare(images, ready))
            return F.normalize(features.float())

        torch.backends.mha.set_fastpath_enabled(False)  # its operations would not be counted
        flops = operations(model.encode_image, prepare(images[:1], ready))
        torch.backends.mha.set_fastpath_enabled(True)
        reached = count * self.rate(embed)
        name, size = "CLIP ViT-B/32", images[0].nbytes
        return [record(name, count, reached, reached, CLIP_BAR, flops, size, ceilings)]


def record(
    name: str,
    batch: int,
    reached: float,
    eager: float,
    bar: int | None,
    flops: float,
    moved: float,
    ceilings: tuple[float, float],
) -> dict[str, Any]:
    """Of a row; `flops` and `moved` bytes are an image's."""
    floor = max(flops / ceilings[0], moved / ceilings[1])
    return {
        "row": name,
        "batch": batch,
        "images_per_s": round(reached),
        "eager_images_per_s": round(eager),
        "bar": bar,
        "gflop": round(flops / 1e9, 2),
        "mb": round(moved / 1e6, 2),
        "flop_share": round(reached * flops / ceilings[0], 3),
        "byte_share": round(reached * moved / ceilings[1], 3),
        "share_of_floor": round(reached * floor, 3),
    }


def show(rows: list[dict[str, Any]]) -> None:
    columns = ("images/s", "eager", "bar", "GFLOP", "MB", "FLOP sh.", "byte sh.")
    print(f"{'':36} {'batch':>5}" + "".join(f" {column:>9}" for column in columns))
    for one in rows:
        missed = one["bar"] is not None and one["images_per_s"] < one["bar"]
        print(
            f"{one['row']:36} {one['batch']:5} {one['images_per_s']:9,}"
            f" {one['eager_images_per_s']:9,} {one['bar'] or '':>9} {one['gflop']:9} {one['mb']:9}"
            f" {one['flop_share']:9.1%} {one['byte_share']:9.1%}{'  MISSED' if missed else ''}"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="where the JSON goes")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--seconds", type=float, default=3.0, help="of a window")
    parser.add_argument("--tiny", action="store_true", help="small networks, without CLIP")
    options = parser.parse_args()
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # these three as engine.job
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False
    bench, begun = Bench(torch.device(options.device), options.seconds), time.monotonic()
    ceilings = bench.ceilings()
    print(f"matrix product {ceilings[0] / 1e12:.1f} TFLOP/s, copy {ceilings[1] / 1e9:.0f} GB/s")
    rows = [bench.row(row, ceilings) for row in (TINY if options.tiny else ROWS)]
    if not options.tiny:
        rows += bench.clip(ceilings)
    show(rows)
    print("checks: " + ("; ".join(bench.faults) or "all good"))
    told = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": torch.cuda.get_device_name() if bench.cuda else f"CPU ({platform.machine()})",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "precision": "bf16" if bench.cuda else "float32",
        "flop_per_s": ceilings[0],
        "bytes_per_s": ceilings[1],
        "seconds": round(time.monotonic() - begun),
        "faults": bench.faults,
        "rows": rows,
    }
    options.out.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return int(bool(bench.faults))


if __name__ == "__main__":
    sys.exit(main())
