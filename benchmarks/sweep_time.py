"""What Table 2's sweep of CIFAR-100 takes: `python benchmarks/sweep_time.py [--gpu JSON] [--save]`.

Arithmetic, no measurement: the jobs are the real plan's (recipe `fast`, one seed), their work is
what estimates count, and the rates of one H100 are the assumptions of `sweep_rates.toml`. `--gpu`
is what scripts/gpu_speed.py wrote: its rates take their place. Beside it stands the same from this
CPU's measured rates, for the jobs that train on pixels. The GPU does one thing at a time; what the
host does for it (starts, compiling, the small operations of T_x and the attribution) is shared by
the slots.
"""

import argparse
import json
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pages import about, load, save
from sweep_time_shown import sheets

from engine.data import cifar
from engine.plan import DatasetRef, JobSpec, Plan, plan
from wnkd_tui.queue.adding import TrialRequest, trial_specs
from wnkd_tui.queue.signature import amount
from wnkd_tui.queue.sweeps import requests
from wnkd_tui.report.files import as_markdown
from wnkd_tui.store.datasets import DatasetRow

ASSUMED = Path(__file__).with_name("sweep_rates.toml")
RECIPE, SWEEP, PROMPTS = "fast", "table2", 7  # a noun's
BATCH = 128  # the recipe's, of the row in gpu_speed's table
NOUNS = 117_798
BACKWARD = 2  # times a forward pass
DATASET = DatasetRow(
    name=cifar.NAME,
    kind=cifar.NAME,
    path=Path(cifar.NAME),
    key=cifar.NAME,
    classes=tuple(map(str, range(cifar.CLASS_COUNT))),
    train_per_class=(500,) * cifar.CLASS_COUNT,
    val_per_class=(100,) * cifar.CLASS_COUNT,
    added_at=0.0,
    size=(32, 32, 3),
)


@dataclass(frozen=True)
class Pixels:
    """Seconds an image: a student's step from tables, a teacher's step and its forward pass, and
    augmentation."""

    student: float
    teacher: float
    forward: float
    augmentation: float

    @classmethod
    def of(
        cls, tables: float, online: float, teachers: int, augmentation: float, small: float
    ) -> "Pixels":
        """From rates, in images a second, of large batches: a student's step from tables and with
        so many `teachers` asked; `small` is the share of a rate that is left at the recipe's
        batch. A teacher's step is a forward pass and BACKWARD more."""
        forward = (1 / online - 1 / tables) / teachers
        return cls(1 / tables / small, (1 + BACKWARD) * forward / small, forward, 1 / augmentation)

    def seconds(self, job: JobSpec, images: float) -> float:
        """Of all training images in all epochs, and of the validation images after each."""
        step = {"teacher": self.teacher, "student": self.student, "logits": self.forward}[job.kind]
        answered = 0.0
        if job.kind != "logits":
            share = sum(DATASET.val_per_class) / sum(DATASET.train_per_class)
            answered = share * step / (1 + BACKWARD)
        return images * (step + self.augmentation + answered)


def assumed() -> dict[str, dict[str, Any]]:
    return tomllib.loads(ASSUMED.read_text(encoding="utf-8"))


def of_gpu(given: Mapping[str, Mapping[str, Any]], path: Path) -> dict[str, dict[str, Any]]:
    """The rates with those that gpu_speed measured. KeyError where a row is missing."""
    told = json.loads(path.read_text(encoding="utf-8"))
    rows = {(row["row"], row["batch"]): row["images_per_s"] for row in told["rows"]}
    large = rows["32 px cached", 1024]
    found = {
        "step_from_tables": large,
        "step_online": rows["32 px online, two teachers", 1024],
        "small_batch": rows["32 px cached", BATCH] / large,
        "augmentation": 1 / (1 / rows["32 px cached, augmented", 1024] - 1 / large),
        "embed": rows["CLIP ViT-B/32", 256],
    }
    where = f"measured {told['date']} on {told['machine']}"
    return {**given, **{name: {"rate": rate, "from": where} for name, rate in found.items()}}


def of_cpu() -> Pixels:
    """From what other benchmarks kept of this CPU, both of its cores on one job."""
    ways = {one["way"]: one["per_s"] for one in load("distill")["ways"]}
    rates = load("augmentation")["images_per_cpu_s"]["1"]["fast, strong"]
    return Pixels.of(ways["wnkd, cached"], ways["wnkd, online"], 1, rates[f"wnkd {BATCH}"], 1.0)


def planned() -> list[tuple[Plan, JobSpec]]:
    """The sweep's jobs, each once, with the plan of a trial that needs it."""
    reference = DatasetRef(DATASET.name, DATASET.key, DATASET.train_per_class)
    found: dict[str, tuple[Plan, JobSpec]] = {}
    for request in requests(SWEEP, TrialRequest((), recipe=RECIPE), DATASET):
        for spec in trial_specs(request, DATASET.name, RECIPE):
            one = plan(spec, reference)
            found |= {job.key: (one, job) for job in one.jobs}
    return list(found.values())


def reckoned(rates: Mapping[str, Mapping[str, Any]], cpu: Pixels) -> list[dict[str, Any]]:
    """A record a kind of job: how many, their work, and seconds of the GPU, of its host and of a
    CPU (None where that was not measured)."""
    rate = {name: one["rate"] for name, one in rates.items() if "rate" in one}
    gpu = Pixels.of(
        rate["step_from_tables"], rate["step_online"], 2, rate["augmentation"], rate["small_batch"]
    )
    found: dict[str, dict[str, Any]] = {}
    for one, job in planned():
        row = {"kind": job.kind, "jobs": 0, "work": 0.0, "gpu_s": 0.0, "host_s": 0.0, "cpu_s": None}
        row = found.setdefault(job.kind, row)
        work = NOUNS * PROMPTS if job.kind == "nouns" else amount(job, one.spec, DATASET)
        row["jobs"] += 1
        row["work"] += work
        row["host_s"] += rates["start"]["seconds"]
        if job.kind in ("teacher", "student", "logits"):
            row["gpu_s"] += gpu.seconds(job, work)
            row["host_s"] += rates["compile"]["seconds"]
            row["cpu_s"] = (row["cpu_s"] or 0.0) + cpu.seconds(job, work)
        elif job.kind in ("T_x", "attribution"):
            row["host_s"] += work / rate[job.kind]
        elif job.kind in rate:
            row["gpu_s"] += work / rate[job.kind]
    return list(found.values())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gpu", type=Path, help="what scripts/gpu_speed.py wrote")
    parser.add_argument("--save", action="store_true", help="keep and show it")
    options = parser.parse_args()
    rates = assumed() if options.gpu is None else of_gpu(assumed(), options.gpu)
    record = {
        "date": about()["date"],
        "rates": rates,
        "cpu": load("distill")["machine"],
        "kinds": reckoned(rates, of_cpu()),
    }
    for sheet in sheets(record).values():
        print(as_markdown([sheet]))
    if options.save:
        save("sweep_time", record)
    return 0


if __name__ == "__main__":
    sys.exit(main())
