"""Augmentation: `python benchmarks/augmentation.py [--device cuda] [--turns N] [--save]`.

Images a CPU second at 32 pixels, side by side: wnkd in batches, each image with its own draw;
torchvision's transforms on Pillow images, one after another; torchvision's v2 on batches of
tensors, where all images of a batch share one draw. All have the same parts, but for Cutout: where
torchvision has none, its RandomErasing of a square of that side stands for it. On a GPU seconds
are those of CUDA events, and Pillow is left out.
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

import PIL
import torch
import torchvision
from PIL import Image
from torch import Tensor
from torchvision import transforms
from torchvision.transforms import v2

from engine.augment import Augment
from engine.recipe import load_recipe

RESULTS = Path(__file__).parent / "results" / "augmentation.json"
SIZE = 32
BATCHES = (64, 128, 512)
IMAGES = 512  # a turn; Pillow, which is as quick with few, takes a quarter
BAR = 5.0  # times Pillow's images a CPU second, the recipes' strong policies in the largest batch
RAND = {"ops": 2, "magnitude": 9.0, "std": 0.5}
POLICIES = {
    "fast, strong": load_recipe("fast", "cifar100").augment["strong"],
    "paper on ImageNet, strong": load_recipe("paper", "imagenet").augment["strong"],
    "AutoAugment CIFAR10": {"auto": "cifar10"},
    "AutoAugment ImageNet": {"auto": "imagenet"},
    "RandAugment": {"rand": RAND},
}
BARRED = tuple(name for name in POLICIES if name.endswith("strong"))
Turn = Callable[[int], None]  # augments IMAGES images; the number is the turn's


def pictures() -> Tensor:
    """Soft blobs with noise, as photographs compress: uint8 [IMAGES, 3, SIZE, SIZE]."""
    draw = torch.Generator().manual_seed(0)
    blobs = torch.rand(IMAGES, 3, 5, 5, generator=draw)
    soft = torch.nn.functional.interpolate(blobs, size=SIZE, mode="bicubic") * 255
    noise = 8 * torch.randn(soft.shape, generator=draw)
    return (soft + noise).clamp(0, 255).to(torch.uint8)


def ours(policy: dict, batch: int, images: Tensor) -> Turn:
    augment = Augment(policy, size=SIZE)
    ids = torch.arange(len(images), device=images.device)

    def turn(epoch: int) -> None:
        for part, numbers in zip(images.split(batch), ids.split(batch), strict=True):
            augment(part, numbers, seed=0, epoch=epoch)

    return turn


def theirs(policy: dict, kit, to_float: list) -> Callable:
    """The same parts from torchvision's `kit`, transforms or v2."""
    parts = []
    if policy.get("crop") == "resized":
        parts.append(kit.RandomResizedCrop(SIZE, tuple(policy["scale"])))
    if policy.get("flip"):
        parts.append(kit.RandomHorizontalFlip())
    if auto := policy.get("auto"):
        parts.append(kit.AutoAugment(transforms.AutoAugmentPolicy(auto), fill=[128] * 3))
    if rand := policy.get("rand"):
        # Each operation is applied to half of the images, as in ours.
        one = kit.RandAugment(1, round(rand["magnitude"]), 11, fill=[128] * 3)
        parts += [kit.RandomApply([one], p=0.5) for _ in range(rand["ops"])]
    parts += to_float
    if side := policy.get("cutout"):
        share = (side / SIZE) ** 2
        parts.append(kit.RandomErasing(p=1, scale=(share, share), ratio=(1, 1)))
    return kit.Compose(parts)


def pillow(policy: dict, images: Tensor) -> Turn:
    whole = [Image.fromarray(image.permute(1, 2, 0).numpy()) for image in images]
    transform = theirs(policy, transforms, [transforms.ToTensor()])

    def turn(_: int) -> None:
        torch.stack([transform(image) for image in whole])

    return turn


def tensors(policy: dict, batch: int, images: Tensor) -> Turn:
    transform = theirs(policy, v2, [v2.ToDtype(torch.float32, scale=True)])

    def turn(_: int) -> None:
        for part in images.split(batch):
            transform(part)

    return turn


def cpu_seconds(turn: Turn, number: int) -> float:
    started = time.process_time()
    turn(number)
    return time.process_time() - started


def gpu_seconds(turn: Turn, number: int) -> float:
    before, after = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    before.record()
    turn(number)
    after.record()
    after.synchronize()
    return before.elapsed_time(after) / 1000


def measure(policy: dict, images: Tensor, turns: int) -> dict[str, float]:
    """Images a second, medians; all take turns, so that a noisy moment falls on all of them."""
    contestants: dict[str, tuple[Turn, int]] = {}
    if images.is_cpu:
        few = images[: IMAGES // 4]
        contestants["Pillow"] = pillow(policy, few), len(few)
    for batch in BATCHES:
        contestants[f"wnkd {batch}"] = ours(policy, batch, images), len(images)
        contestants[f"v2 {batch}"] = tensors(policy, batch, images), len(images)
    seconds = cpu_seconds if images.is_cpu else gpu_seconds
    rates: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(-1, turns):
        for name, (turn, count) in contestants.items():
            rate = count / seconds(turn, number)
            if number >= 0:  # the first is to warm up
                rates[name].append(rate)
    return {name: round(median(found)) for name, found in rates.items()}


def show(threads: int, found: dict[str, dict[str, float]], device: str) -> None:
    second = "CPU second" if device == "cpu" else "second"
    print(f"\nimages a {second}, threads: {threads}")
    columns = list(next(iter(found.values())))
    print(f"{'policy':26}" + "".join(f"{name:>11}" for name in columns))
    for policy, rates in found.items():
        print(f"{policy:26}" + "".join(f"{rates[name]:11,}" for name in columns))
        if "Pillow" in rates:
            times = (f"{rates[name] / rates['Pillow']:10.1f}×" for name in columns)
        else:  # bytes in, floats out: what must be moved whatever the work
            moved = 3 * SIZE * SIZE * (1 + 4) / 1e9
            times = (f"{rates[name] * moved:6.1f} GB/s" for name in columns)
        print(f"{'':26}" + "".join(times))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}; CPU only")
    options = parser.parse_args()
    if options.device == "cuda" and (options.save or not torch.cuda.is_available()):
        parser.error("--device cuda needs a CUDA device and takes no --save")
    machine = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "pillow": PIL.__version__,
    }
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    images = pictures().to(options.device)
    found = {}
    for threads in (1, 2) if options.device == "cpu" else (1,):
        torch.set_num_threads(threads)
        found[threads] = {
            name: measure(policy, images, options.turns) for name, policy in POLICIES.items()
        }
        show(threads, found[threads], options.device)
    if options.device == "cuda":
        return 0
    if options.save:
        record = {**machine, "size": SIZE, "turns": options.turns, "images_per_cpu_s": found}
        RESULTS.write_text(json.dumps(record, indent=1) + "\n")
    strong = [found[1][name] for name in BARRED]
    return int(any(rates[f"wnkd {BATCHES[-1]}"] < BAR * rates["Pillow"] for rates in strong))


if __name__ == "__main__":
    sys.exit(main())
