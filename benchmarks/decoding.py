"""JPEG files into batches: `python benchmarks/decoding.py [--save]`.

Files of ImageNet's usual size are made and read from the system's cache at 224 pixels: by wnkd's
threads (one, as many as cores, and eight times that, as where eight jobs share a machine) and by
the processes of a DataLoader that do the same. CPU time is what can be compared on a busy machine.
What a file of 8 pixels takes bounds what one interpreter can do, whatever the cores: it is the part
of the work that is not in the codec. Then a device that is busy while the CPU is idle (here: a
sleep as long as a batch is decoded) with the next batch read ahead and without. Needs no GPU.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import photographs
import PIL
import psutil
import torch
from PIL import Image
from rates import IMAGES, machine, save
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from engine.data import files
from engine.data.files import CORES, FileImages, decode, read
from engine.streamed import Streamed, in_parts

SIZE, BATCH, COUNT = 224, 64, 256
SMALL, SMALL_TURNS = 8, 1000  # pixels a side


class One(Dataset[Tensor]):
    """The same files one by one, as a DataLoader's processes read them."""

    def __init__(self, images: FileImages) -> None:
        self._images = images

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, i: int) -> Tensor:
        content = read(self._images.root / self._images.names[i])
        return torch.from_numpy(decode(content, SIZE).pixels.copy())


def threads(images: FileImages, count: int) -> Callable[[], object]:
    def turn() -> None:
        files.WORKERS = count
        for part in in_parts(len(images), BATCH):
            images[part]

    return turn


def processes(images: FileImages, count: int) -> Callable[[], object]:
    loader = DataLoader(One(images), BATCH, num_workers=count, persistent_workers=True)
    return lambda: sum(len(batch) for batch in loader)


def compare(images: FileImages, rounds: int) -> list[dict[str, Any]]:
    """All take turns; the first is to warm up."""
    ways = {
        "1 thread": threads(images, 1),
        f"{CORES} threads": threads(images, CORES),
        f"{8 * CORES} threads": threads(images, 8 * CORES),
        f"{CORES} processes": processes(images, CORES),
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, turn in ways.items():
            cpu, wall = cpu_time(), time.perf_counter()
            turn()
            if number:
                taken[name].append((cpu_time() - cpu, time.perf_counter() - wall))
    files.WORKERS = CORES
    return [
        {
            "way": name,
            "cpu_ms": round(median(cpu for cpu, _ in times) / len(images) * 1e3, 2),
            "images_per_s": round(len(images) / median(wall for _, wall in times)),
        }
        for name, times in taken.items()
    ]


def cpu_time() -> float:
    """Of this process and its children."""
    me = psutil.Process()
    times = [one.cpu_times() for one in (me, *me.children())]
    return sum(one.user + one.system for one in times)


def small(folder: Path) -> float:
    """CPU seconds of a file that is next to nothing."""
    path = folder / "small.jpg"
    Image.new("RGB", (SMALL, SMALL)).save(path)
    begun = time.process_time()
    for _ in range(SMALL_TURNS):
        decode(read(path), SMALL)
    return (time.process_time() - begun) / SMALL_TURNS


def overlapped(images: FileImages, rounds: int) -> dict[str, float]:
    """Images a second of a device that sleeps over each batch as long as its files take."""
    parts = in_parts(len(images), BATCH)
    begun = time.perf_counter()
    images[parts[0]]
    step = time.perf_counter() - begun

    def alone() -> Iterator[Tensor]:
        stream = Streamed(images, torch.device("cpu"))
        return (stream.fetch(part) for part in parts)

    ways = {
        "in turn": alone,
        "ahead": lambda: Streamed(images, torch.device("cpu")).batches(parts),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            begun = time.perf_counter()
            for _batch in way():
                time.sleep(step)
            taken[name].append(time.perf_counter() - begun)
    return {name: round(len(images) / median(times), 1) for name, times in taken.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--save", action="store_true", help="write results/decoding.json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        names = photographs.write(folder, COUNT)
        images = FileImages(folder, names, SIZE, dataset="photographs")
        size = float(np.mean([(folder / name).stat().st_size for name in names]))
        ways = compare(images, options.rounds)
        interpreter = small(folder)
        ahead = overlapped(images, options.rounds)
    print(f"files of {size / 1e3:.0f} kB, {SIZE} pixels")
    for one in ways:
        print(f"{one['way']:14} {one['cpu_ms']:6.2f} CPU ms an image {one['images_per_s']:6}/s")
    cpu = ways[1]["cpu_ms"] / 1e3
    print(
        f"a file of {SMALL} pixels: {interpreter * 1e3:.2f} ms, so one process reads at most"
        f" {1 / interpreter:,.0f} images/s, {cpu / interpreter:.0f} cores' worth"
    )
    print(f"ImageNet's {IMAGES:,} files: {IMAGES * cpu / 3600:.2f} core hours an epoch")
    print(f"beside a device as quick as the files: {ahead} images/s")
    if options.save:
        found = {
            **machine("cpu"),
            "pillow": PIL.__version__,
            "file_bytes": round(size),
            "size": SIZE,
            "batch": BATCH,
            "ways": ways,
            "small_file_ms": round(interpreter * 1e3, 3),
            "beside_a_device_images_per_s": ahead,
        }
        save("decoding.json", found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
