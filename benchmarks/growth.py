"""How time and memory grow: `python benchmarks/growth.py [AXIS …] [--save]`.

CPU seconds and memory of the engine's own jobs, each in a process of its own: against training
images, classes and candidate nouns, one at a time, on pictures of 32 pixels that this makes; and
of recipe demo's sweep of Table 2 on digits against its students. Prints exponents (slopes of log
seconds against log size) over all sizes and of the last step; exit code 1 where one ends worse than
linear. About ten minutes of one core. AXIS: images, classes, nouns, students; all where none is
named.
"""

import argparse
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from forked import Forked
from growth_shown import BAR, exponents, sheets
from pages import about, load, save

from engine.changes import Changes
from engine.data import digits
from engine.encoders.names import STAND_IN
from engine.files import FILE
from engine.plan import DatasetRef, JobSpec, plan
from engine.spec import MultimodalSpec, Teachers, TrialSpec
from engine.wordnet.graph import WordNetGraph
from wnkd_tui.queue.sweeps import NINE
from wnkd_tui.report.files import as_markdown

IMAGES = (1_000, 3_000, 10_000, 50_000)
CLASSES = (10, 100, 300, 1_000)
NOUNS = (1_000, 10_000, 50_000, 117_798)
SOME_CLASSES, SOME_IMAGES, FEW_IMAGES, VAL = 100, 4_000, 3_000, 1_000  # where others grow
# One epoch and one start of K-means: more of them only multiply.
SMALL: Changes = (
    ("teacher.arch", "resnet8"),
    *((f"{who}.optimiser.epochs", 1) for who in ("teacher", "T_x", "student")),
    ("relax.restarts", 1),
)
TRAINING = ("embed", "relax", "teacher", "logits", "T_x", "student")
Point = dict[str, Any]


@dataclass(frozen=True)
class Pictures:
    """`train` pictures of the classes `names` and VAL others, in class folders below `root`."""

    root: Path
    names: Sequence[str]
    train: int

    def write(self) -> None:
        """Soft blobs of their class, with noise."""
        draws, count = np.random.default_rng(0), len(self.names)
        blobs = np.kron(draws.uniform(40, 215, (count, 4, 4, 3)), np.ones((1, 8, 8, 1)))
        for split, pictures in (("train", self.train), ("val", max(VAL, count))):
            for name in self.names:
                (self.root / split / name).mkdir(parents=True)
            for i in range(pictures):
                levels = blobs[i % count] + draws.normal(0, 40, (32, 32, 3))
                content = b"P6 32 32 255\n" + levels.clip(0, 255).astype(np.uint8).tobytes()
                (self.root / split / self.names[i % count] / f"{i:06}.ppm").write_bytes(content)

    @property
    def data(self) -> dict[str, Any]:
        """As job.json says where a dataset is."""
        return {"name": self.root.name, "kind": "folder", "path": str(self.root), "skipped": []}

    def jobs(self, kinds: Sequence[str], changes: Changes = SMALL) -> list[JobSpec]:
        """The jobs of `kinds` of one trial, and what they need."""
        count = len(self.names)
        sizes = tuple(len(range(label, self.train, count)) for label in range(count))
        name = self.root.name
        tx = MultimodalSpec(STAND_IN, wn=50)
        spec = TrialSpec(name, "demo", Teachers.TM_TX, tx, changes=changes)
        needed: list[JobSpec] = []
        for job in plan(spec, DatasetRef(name, name, sizes)).jobs[::-1]:
            if job.kind in kinds or any(job.key in other.inputs.values() for other in needed):
                needed.insert(0, job)
        return needed


class Growth:
    """Each axis gives its points: the size `n`, and what it took."""

    def __init__(self, root: Path) -> None:
        self._root, self._forked = root, Forked(root / "home")
        wordnet = JobSpec("wordnet", "WordNet nouns", {})
        self._forked.run(wordnet, {})
        self._nouns = WordNetGraph.load(self._forked.store.path(wordnet.key)).names
        self.axes: dict[str, Callable[[], Iterator[Point]]] = {
            "images": self._images,
            "classes": self._classes,
            "nouns": self._candidates,
            "students": self._students,
        }

    def _images(self) -> Iterator[Point]:
        for count in IMAGES:
            pictures = self._pictures(SOME_CLASSES, count)
            yield {"n": count, "kinds": self._by_kind(pictures, TRAINING)}

    def _classes(self) -> Iterator[Point]:
        for count in CLASSES:
            pictures = self._pictures(count, SOME_IMAGES)
            yield {"n": count, "kinds": self._by_kind(pictures, (*TRAINING, "attribution"))}

    def _candidates(self) -> Iterator[Point]:
        pictures = self._pictures(SOME_CLASSES, FEW_IMAGES)
        for count in NOUNS:
            file = self._forked.files / f"nouns-{count}.txt"
            file.write_text("\n".join(spread(self._nouns, count)), encoding="utf-8")
            changes = (*SMALL, ("relax.nouns", f"{FILE}{file.name}"))
            yield {"n": count, "kinds": self._by_kind(pictures, ("nouns", "relax"), changes)}

    def _students(self) -> Iterator[Point]:
        """Of the first n students: jobs that each needs, those that all need together, and what
        these took."""
        data = {"name": digits.NAME, "kind": digits.NAME, "path": None}
        reference = DatasetRef(digits.NAME, digits.KEY, digits.TRAIN_PER_CLASS)
        specs = [
            TrialSpec(digits.NAME, "demo", teachers, MultimodalSpec(STAND_IN, wn=wn, noise=noise))
            for wn, noise in NINE
            for teachers in (Teachers.TM_TX, Teachers.TX)
        ]
        alone, together = 0, {}
        for count, spec in enumerate(specs, start=1):
            planned = plan(spec, reference).jobs
            alone += len(planned)
            together |= {job.key: self._forked.run(job, data) for job in planned}
            yield {
                "n": count,
                "jobs_alone": alone,
                "jobs": len(together),
                "cpu_s": round(sum(taken.cpu_s for taken in together.values()), 2),
                "mb": round(max(taken.mb for taken in together.values())),
            }

    def _by_kind(
        self, pictures: Pictures, kinds: Sequence[str], changes: Changes = SMALL
    ) -> dict[str, dict[str, float]]:
        """CPU seconds of all jobs of each of `kinds`, and the most memory that one had."""
        seconds, mb = defaultdict(float), defaultdict(float)
        for job in pictures.jobs(kinds, changes):
            taken = self._forked.run(job, pictures.data)
            seconds[job.kind] += taken.cpu_s
            mb[job.kind] = max(mb[job.kind], taken.mb)
        return {kind: {"cpu_s": round(seconds[kind], 2), "mb": round(mb[kind])} for kind in kinds}

    def _pictures(self, classes: int, train: int) -> Pictures:
        names = spread([name for name in self._nouns if name.isalpha()], classes)
        pictures = Pictures(self._root / f"pictures-{classes}-{train}", names, train)
        if not pictures.root.exists():
            pictures.write()
        return pictures


def spread(names: Sequence[str], count: int) -> list[str]:
    """So many of `names`, evenly spaced."""
    return [names[i * len(names) // count] for i in range(count)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("axes", nargs="*", metavar="AXIS", help="images, classes, nouns, students")
    parser.add_argument("--save", action="store_true", help="keep and show them; others stay")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        growth = Growth(Path(root))
        if unknown := set(options.axes) - growth.axes.keys():
            parser.error(f"no axis {', '.join(unknown)}; known: {', '.join(growth.axes)}")
        axes: dict[str, list[Point]] = {}
        for name in options.axes or growth.axes:
            axes[name] = []
            for point in growth.axes[name]():
                axes[name].append(point)
                print(name, point, flush=True)
    record = {**about(), "axes": axes}
    print("\n".join(as_markdown([sheet]) for sheet in sheets(record).values()))
    if options.save:
        save("growth", {**record, "axes": {**load("growth").get("axes", {}), **axes}})
    ends = [last for points in axes.values() for _, last in exponents(points).values()]
    return int(max(ends) > BAR)


if __name__ == "__main__":
    sys.exit(main())
