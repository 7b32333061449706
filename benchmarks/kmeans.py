"""K-means of image embeddings: `python benchmarks/kmeans.py [--device cuda] [--save]`.

What an iteration of wnkd's `lloyd` costs against n, D and M, and what it is of the rate of a large
matrix product: an iteration is 2·n·M·D operations to find the nearest centres and little else. On
a CPU, which computes with scikit-learn, KMeans and a pass of MiniBatchKMeans stand beside it at a
small n; ImageNet's 1,281,167 × 512 with 300 and 4,271 centres follows by the fit. On a GPU that is
measured. Times are differences of runs of few and of more iterations, so starts do not count.
"""

import argparse
import sys
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import sklearn
import torch
import torch.nn.functional as F
from rates import CENTRES, DIMENSIONS, IMAGES, Clock, hours, machine, product_rate, save
from sklearn.cluster import KMeans, MiniBatchKMeans
from torch import Tensor

from engine.kmeans import lloyd

Shape = tuple[int, int, int]  # n, D, M
SMALL: list[Shape] = [
    *((n, 512, 300) for n in (8_000, 16_000)),
    *((8_000, 512, m) for m in (100, 1000)),
    (8_000, 256, 300),
]
FULL: list[Shape] = [(IMAGES, DIMENSIONS, m) for m in CENTRES]
FEW, MORE, TURNS = 1, 4, 3
QUALITY: Shape = (8_000, 512, 300)
ITERATIONS, RESTARTS = 300, 10  # as the recipes' relax.iterations and relax.restarts


def embeddings(n: int, width: int, device: str) -> Tensor:
    """Rows of length 1 about 1,000 directions, as a set of classes has them."""
    draw = torch.Generator().manual_seed(0)
    heaps = F.normalize(torch.randn(1000, width, generator=draw)).to(device)
    rows = torch.empty(n, width, device=device)
    for part in rows.split(50_000):
        noise = torch.randn(part.shape, generator=draw).to(device)
        own = torch.randint(1000, (len(part),), generator=draw).to(device)
        part.copy_(F.normalize(heaps[own] + noise / width**0.5))
    return rows


def ours(rows: Tensor, centres: int) -> Callable[[int], float]:
    """A run of so many iterations from one start; its inertia."""
    return lambda count: lloyd(rows, centres, seed=0, restarts=1, iterations=count).inertia


def theirs(kind: type, rows: Tensor, centres: int) -> Callable[[int], float]:
    """The same of scikit-learn, from rows drawn at random as ours."""
    array = rows.numpy()

    def run(count: int) -> float:
        made = kind(centres, init="random", n_init=1, max_iter=count, tol=0, random_state=0)
        return float(made.fit(array).inertia_)

    return run


def iteration(run: Callable[[int], float], clock: Clock, turns: int) -> float:
    """Seconds of one more iteration."""
    run(FEW)
    few, more = ([clock(lambda n=n: run(n)) for _ in range(turns)] for n in (FEW, MORE))
    return (median(more) - median(few)) / (MORE - FEW)


def for_imagenet(found: list[dict[str, Any]], way: str) -> dict[int, float]:
    """Seconds of an iteration, by a fit of a·n·M·D + b·n·D with the least relative errors."""
    terms = np.array([[one["n"] * one["M"] * one["D"], one["n"] * one["D"]] for one in found])
    times = np.array([one[way] for one in found])
    product, row = np.linalg.lstsq(terms / times[:, None], np.ones(len(times)), rcond=None)[0]
    print(f"{way}: {product:.2e} per n·M·D and {row:.2e} per n·D")
    return {m: round(float(IMAGES * DIMENSIONS * (product * m + row)), 1) for m in CENTRES}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--save", action="store_true", help="write results/kmeans.json; CPU only")
    options = parser.parse_args()
    device, clock = options.device, Clock(options.device)
    torch.set_num_threads(1)  # on a CPU: a core's seconds
    ceiling = product_rate(device, torch.float32)
    print(f"matrix product: {ceiling / 1e9:,.0f} GFLOP/s, float32")
    found = []
    for n, width, centres in FULL if clock.cuda else SMALL:
        rows = embeddings(n, width, device)
        ways = {"wnkd_s": ours(rows, centres)}
        if not clock.cuda:
            ways["scikit_s"] = theirs(KMeans, rows, centres)
            ways["minibatch_s"] = theirs(MiniBatchKMeans, rows, centres)
        times = {name: iteration(run, clock, options.turns) for name, run in ways.items()}
        share = 2 * n * width * centres / times["wnkd_s"] / ceiling
        found.append({"n": n, "D": width, "M": centres, **times, "product_share": round(share, 3)})
        shown = ", ".join(f"{name[:-2]} {time:.3f}" for name, time in times.items())
        print(f"{n:9,} × {width} into {centres:5}: {shown} {clock.unit} an iteration; {share:.0%}")
    if clock.cuda:
        print(f"memory: {torch.cuda.max_memory_allocated() / 1e9:.1f} GB at most")
        whole = {"wnkd_s": {one["M"]: one["wnkd_s"] for one in found}}
    else:
        whole = {way: for_imagenet(found, way) for way in ("wnkd_s", "scikit_s")}
    for way, times in whole.items():
        for centres, time in times.items():
            print(
                f"ImageNet into {centres}, {way[:-2]}: {hours(time)} an iteration, at most"
                f" {hours(time * ITERATIONS * RESTARTS)} for {RESTARTS} starts of {ITERATIONS}"
            )
    if not clock.cuda:
        rows = embeddings(*QUALITY[:2], device)
        inertia = {
            name: run(20)
            for name, run in (
                ("wnkd", ours(rows, QUALITY[2])),
                ("scikit", theirs(KMeans, rows, QUALITY[2])),
                ("minibatch", theirs(MiniBatchKMeans, rows, QUALITY[2])),
            )
        }
        print(f"inertia after 20 iterations: {inertia}")
        if options.save:
            record = {
                **machine(device),
                "scikit_learn": sklearn.__version__,
                "product_flop_per_s": round(ceiling),
                "an_iteration": found,
                "imagenet_iteration": whole,
                "inertia_after_20": inertia,
            }
            save("kmeans.json", record)
    return 0


if __name__ == "__main__":
    sys.exit(main())
