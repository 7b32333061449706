"""The tables of docs/speed.md that reckon what a sweep of CIFAR-100 takes."""

from collections.abc import Mapping
from typing import Any

from pages import text_sheet

from wnkd_tui.report.sheet import Sheet

SLOTS = (1, 2, 4)
DAY = 24 * 3600
PARTS = ("gpu_s", "host_s")


def sheets(record: Mapping[str, Any]) -> dict[str, Sheet]:
    return {"sweep_time": _by_kind(record), "sweep_time rates": _rates(record)}


def minutes(record: Mapping[str, Any], slots: int) -> float:
    """Of the whole sweep: what the GPU does one by one, and the host's part shared by the slots."""
    return sum(row["gpu_s"] + row["host_s"] / slots for row in record["kinds"]) / 60


def _by_kind(record: Mapping[str, Any]) -> Sheet:
    rows = [
        [
            row["kind"],
            str(row["jobs"]),
            f"{row['work']:,.0f}",
            f"{row['gpu_s'] / 60:.1f}",
            f"{row['host_s'] / 60:.1f}",
            "" if row["cpu_s"] is None else f"{row['cpu_s'] / DAY:.1f}",
        ]
        for row in record["kinds"]
    ]
    rows.append(
        [
            "all",
            str(sum(row["jobs"] for row in record["kinds"])),
            "",
            *(f"{sum(row[part] for row in record['kinds']) / 60:.1f}" for part in PARTS),
            f"{sum(row['cpu_s'] or 0 for row in record['kinds']) / DAY:.1f}",
        ]
    )
    told = ", ".join(f"{minutes(record, slots):.0f} with {slots}" for slots in SLOTS)
    heads = ["jobs of kind", "jobs", "work", "GPU minutes", "host minutes", "CPU days"]
    notes = [
        f"Minutes of the whole sweep by slots on the GPU: {told}.",
        f"Reckoned {record['date']}, not measured. CPU: {record['cpu']}, both on one job.",
    ]
    return text_sheet("Table 2, recipe fast", "one seed, one H100", heads, rows, notes)


def _rates(record: Mapping[str, Any]) -> Sheet:
    rows = [
        [
            name,
            one["from"],
            f"{one['rate']:,.7g}" if "rate" in one else f"{one['seconds']} s",
        ]
        for name, one in record["rates"].items()
    ]
    return text_sheet("Rates", "units a second", ["of", "from", "rate"], rows, [], words=2)
