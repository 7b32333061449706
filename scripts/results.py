"""Measured tables and figures for docs/results, from what is in WNKD_HOME.

`make results DATASET=digits REPORTS="table2 fig3"` writes `docs/results/DATASET/REPORT.md` (with
what it was measured on), `.csv` and, for figures, `.svg`.
"""

import argparse
import json
import platform
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[1] / "docs" / "results"
WNKD = Path(sys.executable).parent / "wnkd"
FIGURES = ("fig2", "fig3")
PACKAGES = ("torch", "torchvision", "scikit-learn", "captum")


def wnkd(*arguments: str) -> str:
    """What a wnkd command prints on stdout."""
    done = subprocess.run([str(WNKD), *arguments], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def measured_on(jobs: list[dict[str, Any]]) -> str:
    """Date, machine, versions and what the jobs took, as a Markdown paragraph."""
    done = [job for job in jobs if job["state"] == "done" and job["finished_at"]]
    hours = sum(job["finished_at"] - job["started_at"] for job in done) / 3600
    days = {datetime.fromtimestamp(job["finished_at"], UTC).date().isoformat() for job in done}
    devices = Counter(job["device"] for job in done)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"Measured {' to '.join(sorted({min(days), max(days)}))}, written at {commit}, on"
        f" {', '.join(str(device) for device, _ in devices.most_common())}:"
        f" {len(done)} jobs, {hours:.1f} hours of work together."
        f" Python {platform.python_version()}, {packages}."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset")
    parser.add_argument("reports", nargs="+")
    wanted = parser.parse_args()
    trials = json.loads(wnkd("trial", "list", "--dataset", wanted.dataset, "--json"))["trials"]
    mine = {trial["id"] for trial in trials}
    jobs = json.loads(wnkd("queue", "list", "--json"))["jobs"]
    told = measured_on([job for job in jobs if mine.intersection(job["trials"])])
    folder = RESULTS / wanted.dataset
    folder.mkdir(parents=True, exist_ok=True)
    for report in wanted.reports:
        only = ("report", report, "--dataset", wanted.dataset)
        (folder / f"{report}.md").write_text(f"{wnkd(*only, '--md')}\n{told}\n", encoding="utf-8")
        (folder / f"{report}.csv").write_text(wnkd(*only, "--csv"), encoding="utf-8")
        if report in FIGURES:
            wnkd(*only, "--svg", str(folder / f"{report}.svg"))
        print(folder / f"{report}.md")


main()
