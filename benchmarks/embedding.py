"""Embedding of large sets: `python benchmarks/embedding.py [--device cuda] [--save]`.

wnkd's encoders as jobs use them: CLIP's ViT-B/32 through open_clip, its weights drawn at random
(what they are changes no time), and the stand-in. Images a second from memory and from JPEG files
of ImageNet's usual size at 224 pixels, prompts a second with and without their tokens, and what
share that is of the rate of a large matrix product. From these follows what 1,281,167 images and
117,798 nouns in seven templates take. A CPU sees a few batches, in CPU seconds of one core; a GPU
20,000 images, which it is given by all cores, and all nouns.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import photographs
import torch
from rates import IMAGES, PROMPTS, Clock, hours, machine, product_rate, save
from safetensors.torch import save_file
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from engine.data.files import FileImages
from engine.encoders.base import Encoder
from engine.encoders.choice import load_encoder
from engine.encoders.open_clip import OpenClipEncoder
from engine.encoders.prompts import TEMPLATES, prompts
from engine.nouns import noun_list
from engine.wordnet.graph import WordNetGraph

ARCH, SIZE, FILES = "ViT-B-32-quickgelu", 224, 256
STAND_IN_SIZE, STAND_IN_IMAGES, CLASSES = 32, 2000, 10  # the images are shrunk to 32 at most
COUNTS = {"cpu": (64, 64, 18), "cuda": (20_000, 1024, 117_798)}  # images, batch, nouns
TOKENISED = 4000  # nouns


def silent(done: int, total: int) -> None:
    pass


def drawn_clip(folder: Path, device: str, batch: int) -> OpenClipEncoder:
    """The encoder that a job has, with a checkpoint of random weights."""
    torch.manual_seed(0)
    save_file(open_clip.create_model(ARCH).state_dict(), folder / "drawn.safetensors")
    name = f"{ARCH}/{folder / 'drawn.safetensors'}"
    found = load_encoder(name, graph=None, device=device, batch=batch)
    assert isinstance(found, OpenClipEncoder)
    return found


def operations(call: Callable[[], object]) -> int:
    """Of matrix products and convolutions, a product and a sum each."""
    torch.backends.mha.set_fastpath_enabled(False)  # its operations would not be counted
    with FlopCounterMode(display=False) as counted, torch.inference_mode():
        call()
    torch.backends.mha.set_fastpath_enabled(True)
    return int(counted.get_total_flops())


def clip(folder: Path, nouns: list[str], clock: Clock, device: str) -> dict[str, Any]:
    """Rates a second of the two towers and of their tokens."""
    count, batch, said = COUNTS[device]
    encoder = drawn_clip(folder, device, batch)
    some, many = (nouns[:: len(nouns) // n][:n] for n in (said, TOKENISED))
    names = (photographs.write(folder, min(FILES, count)) * (1 + count // FILES))[:count]
    files = FileImages(folder, names, SIZE, dataset="photographs")
    memory = np.concatenate([files[:FILES]] * (1 + count // FILES))[:count]
    texts = [text for name in many for text in prompts(name, TEMPLATES)]
    taken = {
        "images_from_memory": (count, lambda: encoder.images(memory, silent)),
        "images_from_files": (count, lambda: encoder.images(files, silent)),
        "prompts": (len(some) * len(TEMPLATES), lambda: encoder.embed_nouns(some, silent)),
        "tokens_of_prompts": (len(texts), lambda: encoder.tokenize(texts)),
    }
    encoder.images(memory[: batch // 4], silent)
    encoder.embed_nouns(some[: batch // 7], silent)
    rates = {name: round(units / clock(call), 2) for name, (units, call) in taken.items()}
    image = torch.zeros(1, 3, SIZE, SIZE, device=device)
    tokens = encoder.tokenize(texts[:1]).to(device)
    ceiling = product_rate(device, torch.bfloat16 if clock.cuda else torch.float32)
    shares = {
        "images_from_memory": operations(lambda: encoder.model.encode_image(image)),
        "prompts": operations(lambda: encoder.model.encode_text(tokens)),
    }
    return {
        "per_s": rates,
        "gflop": {name: round(flops / 1e9, 2) for name, flops in shares.items()},
        "product_share": {
            name: round(rates[name] * flops / ceiling, 3) for name, flops in shares.items()
        },
        "product_flop_per_s": round(ceiling),
    }


def stand_in(graph: WordNetGraph, nouns: list[str], clock: Clock) -> dict[str, Any]:
    """Rates of wordnet-graph, whose towers are on the CPU: fitting and embedding of images."""
    encoder: Encoder = load_encoder("wordnet-graph", graph=graph)
    draw = torch.Generator().manual_seed(0)
    shape = (STAND_IN_IMAGES, 3, STAND_IN_SIZE, STAND_IN_SIZE)
    images = torch.randint(256, shape, generator=draw, dtype=torch.uint8).numpy()
    labels = torch.arange(STAND_IN_IMAGES) % CLASSES
    texts: Tensor = encoder.embed_classes(nouns[:CLASSES], {}).embeddings

    def embed() -> None:
        encoder.fit(images, labels, texts, silent).training(silent)

    rates = {
        "images_from_memory": round(STAND_IN_IMAGES / clock(embed), 1),
        "nouns": round(len(nouns) / clock(lambda: encoder.embed_nouns(nouns, silent)), 1),
    }
    return {"per_s": rates}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--save", action="store_true", help="write results/embedding.json")
    options = parser.parse_args()
    device, clock = options.device, Clock(options.device)
    torch.set_num_threads(1)  # on a CPU: a core's seconds
    with tempfile.TemporaryDirectory() as place:
        graph = WordNetGraph.build(Path(place))
        nouns = noun_list(graph, "distinct")
        towers = {
            ARCH: clip(Path(place), nouns, clock, device),
            "wordnet-graph": stand_in(graph, nouns, Clock("cpu")),
        }
    for name, found in towers.items():
        print(f"\n{name}, a {clock.unit if name == ARCH else 'CPU s'}")
        for what, rate in found["per_s"].items():
            whole = IMAGES if what.startswith("images") else PROMPTS
            whole = len(nouns) if what == "nouns" else whole
            share = found.get("product_share", {}).get(what)
            of = f"; {share:.0%} of a matrix product" if share else ""
            print(f"{what:20} {rate:10,.1f}; {whole:,} take {hours(whole / rate)}{of}")
    if options.save:
        save("embedding.json", {**machine(device), "image_size": SIZE, "encoders": towers})
    return 0


if __name__ == "__main__":
    sys.exit(main())
