"""The tables and pictures of docs/growth.md."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pages import measured, text_sheet

from wnkd_tui.report.sheet import Figure, Line, Sheet
from wnkd_tui.report.stats import Stat

BAR = 1.1  # of an exponent: linear, and what other work on the machine adds
TOGETHER = "all jobs"
AXES = {
    "images": ("training images", "100 classes, all nouns, 300 centres, one epoch"),
    "classes": ("classes", "4,000 training images, all nouns, 3 centres a class, one epoch"),
    "nouns": ("candidate nouns", "3,000 training images of 100 classes, 300 centres"),
    "students": ("students", "Table 2's sweep of digits, recipe demo, one seed"),
}


def seconds(points: Sequence[Mapping[str, Any]]) -> dict[str, list[tuple[int, float]]]:
    """Sizes and CPU seconds of each kind of job, or of all jobs together."""
    found: dict[str, list[tuple[int, float]]] = {}
    for point in points:
        for kind, taken in point.get("kinds", {TOGETHER: point}).items():
            found.setdefault(kind, []).append((point["n"], taken["cpu_s"]))
    return found


def exponents(points: Sequence[Mapping[str, Any]]) -> dict[str, tuple[float, float]]:
    """Each kind's slope of log seconds against log size: over all sizes, by least squares, and to
    the last one from the largest that is at most half of it."""
    found = {}
    for kind, line in seconds(points).items():
        over_all = float(np.polyfit(*np.log(line).T, 1)[0])
        last = line[-1]
        before = [one for one in line if 2 * one[0] <= last[0]][-1]
        size, taken = np.log(last) - np.log(before)
        found[kind] = over_all, float(taken / size)
    return found


def sheets(record: Mapping[str, Any]) -> dict[str, Sheet]:
    return {
        f"growth {axis}": (_students if axis == "students" else _by_kind)(
            axis, points, measured(record)
        )
        for axis, points in record["axes"].items()
    }


def figures(record: Mapping[str, Any]) -> dict[str, Figure]:
    return {
        f"growth-{axis}": Figure(
            f"CPU seconds against {AXES[axis][0]}",
            AXES[axis][1],
            "lines",
            AXES[axis][0],
            "CPU seconds",
            {float(n): str(n) for n in _shown(len(points))} if axis == "students" else {},
            tuple(
                Line(kind, {float(n): Stat({0: taken}) for n, taken in line})
                for kind, line in seconds(points).items()
            ),
            (measured(record),),
        )
        for axis, points in record["axes"].items()
    }


def _by_kind(axis: str, points: Sequence[Mapping[str, Any]], when: str) -> Sheet:
    found = exponents(points)
    rows = [
        [kind, *(f"{taken:,.1f}" for _, taken in line), *(f"{one:.2f}" for one in found[kind])]
        for kind, line in seconds(points).items()
    ]
    most = [max(taken["mb"] for taken in point["kinds"].values()) for point in points]
    rows.append(["most memory, MB", *(f"{mb:,}" for mb in most), "", ""])
    unit, fixed = AXES[axis]
    heads = ["CPU seconds", *(f"{point['n']:,}" for point in points), "exponent", "last step"]
    return text_sheet(f"Against {unit}", fixed, heads, rows, [when])


def _students(axis: str, points: Sequence[Mapping[str, Any]], when: str) -> Sheet:
    rows = [
        [
            str(point["n"]),
            str(point["jobs_alone"]),
            str(point["jobs"]),
            f"{point['cpu_s']:.1f}",
            f"{point['cpu_s'] / point['n']:.1f}",
        ]
        for point in points
        if point["n"] in _shown(len(points))
    ]
    over_all, last = exponents(points)[TOGETHER]
    heads = ["students", "jobs if each alone", "jobs", "CPU seconds", "a student"]
    unit, fixed = AXES[axis]
    told = f"Exponent {over_all:.2f}, of the second half {last:.2f}."
    return text_sheet(f"Against {unit}", fixed, heads, rows, [told, when])


def _shown(count: int) -> set[int]:
    """1, 2, 4, … and the last."""
    return {*(2**power for power in range(int(math.log2(count)) + 1)), count}
