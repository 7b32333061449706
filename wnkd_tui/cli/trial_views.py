"""Trials for people."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from engine.changes import text_of
from wnkd_tui.cli.job_views import STYLES, progress
from wnkd_tui.cli.output import console, has_unicode
from wnkd_tui.queue.provenance import SHOWN, Provenance
from wnkd_tui.report.captions import encoder_label
from wnkd_tui.report.grid import grid
from wnkd_tui.report.nouns import Retrieved
from wnkd_tui.store.rows import CaptureRow, JobRow, TrialLine, TrialRow

NAMED = ("torch", "numpy")  # packages that decide the bits of a result
LEARNED_NOUNS = 3
SHOWN_WEIGHT = 0.005  # a noun below half a percent says nothing to a reader


def show_list(rows: Sequence[TrialLine]) -> None:
    """Prints a line per trial; what only some have has a column where one of them has it."""
    out = console()
    changed = any(row.spec.changes for row in rows)
    tagged, noted = any(row.tags for row in rows), any(row.note for row in rows)
    measured = any(row.acc is not None for row in rows)
    table = grid(
        [
            *("trial", "name", *(["changes"] if changed else []), "state", "dataset", "recipe"),
            *(["tags"] if tagged else []),
            *(["note"] if noted else []),
        ],
        ["seed", "jobs", *(["acc"] if measured else [])],
        unicode=has_unicode(out),
        compact=False,
    )
    for row in rows:
        spec = row.spec
        limit = f" ({spec.limit_train})" if spec.limit_train else ""
        table.add_row(
            str(row.id),
            Text(row.name),
            *([text_of(spec.changes) or "-"] if changed else []),
            Text(row.state, style=STYLES[row.state]),
            f"{spec.dataset}{limit}",
            spec.recipe,
            *([" ".join(row.tags)] if tagged else []),
            *([Text(row.note)] if noted else []),
            str(spec.seed),
            f"{row.jobs_done}/{row.jobs_total}",
            *(["" if row.acc is None else f"{row.acc:.2f}"] if measured else []),
        )
    out.print(table)


def show_one(row: TrialRow, line: TrialLine, jobs: Sequence[JobRow], of: Provenance) -> None:
    """Prints a trial's settings, what it was queued with, and its jobs with their figures."""
    out = console()
    spec, tx = row.spec, row.spec.tx
    facts = {
        "trial": f"{row.id}  {row.name}",
        "state": f"{row.state}, {row.jobs_done} of {row.jobs_total} jobs done",
        "dataset": spec.dataset + (f", limit-train {spec.limit_train}" if spec.limit_train else ""),
        "recipe": spec.recipe,
        "seed": str(spec.seed),
        "method": str(spec.method),
        "changes": text_of(spec.changes) or None,
        "teachers": str(spec.teachers),
        "encoder": encoder_label(tx.encoder) if tx else None,
        "text": f"{tx.gt} % gt, {tx.wn} % wn, {tx.noise} % noise" if tx else None,
        "val text": str(tx.val_text) if tx else None,
        "queued": f"with {queued_with(of.capture)}" if of.capture else None,
        "tags": " ".join(line.tags) or None,
        "note": line.note or None,
    }
    for name, value in facts.items():
        if value is not None:
            out.print(Text(f"{name:<9}{value}"), soft_wrap=True)
    for told in drift(of):
        out.print(Text(f"{'engine':<9}{told}", style="yellow"), soft_wrap=True)
    table = Table.grid(padding=(0, 2, 0, 0))
    for job in jobs:
        table.add_row(str(job.id), Text(job.state, STYLES[job.state]), job.name, _figures(job))
    out.print(table)


def queued_with(capture: CaptureRow) -> str:
    """`wnkd 0.1.0, commit 739a09735ce9 with changes, engine 1f…, CPython 3.11.7, torch 2.11.0`."""
    changed = " with changes" if capture.diff else ""
    parts = [
        f"wnkd {capture.wnkd}",
        *([f"commit {capture.revision[:SHOWN]}{changed}"] if capture.revision else []),
        f"engine {capture.engine[:SHOWN]}",
        capture.python,
        *(f"{name} {capture.packages[name]}" for name in NAMED if name in capture.packages),
    ]
    return ", ".join(parts)


def drift(of: Provenance) -> list[str]:
    """A line for the jobs that other code worked on than the trial was queued with."""
    queued = of.capture.engine[:SHOWN] if of.capture else ""
    return [
        f"queued with {queued}, done with {' and '.join(one[:SHOWN] for one in engines)}:"
        f" {', '.join(f'{job.role} (job {job.row.id})' for job in jobs)}"
        for engines, jobs in of.drift.items()
    ]


def show_nouns(row: TrialRow, found: Retrieved) -> None:
    """Prints a line per class: its nouns, heaviest first, with their weights in percent."""
    out = console()
    encoder = encoder_label(row.spec.tx.encoder) if row.spec.tx else ""
    out.print(Text(f"{row.name}, seed {row.seed}: nouns that each class's images retrieve"))
    out.print(Text(f"{row.dataset} · {encoder} · weights in percent, mean over a class's images"))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("class", no_wrap=True)
    table.add_column("bank as Algorithm 1 makes it")
    if found.learned:
        table.add_column("as T_x learned it")
    for name, pairs in found.relaxed.items():
        learned = [_weighted(found.learned[name], LEARNED_NOUNS)] if name in found.learned else []
        table.add_row(Text(name, style="bold"), _weighted(pairs), *learned)
    out.print(table)


def _weighted(pairs: Sequence[tuple[str, float]], most: int | None = None) -> str:
    shown = [(noun, weight) for noun, weight in pairs[:most] if weight >= SHOWN_WEIGHT]
    return ", ".join(f"{noun} {100 * weight:.1f}" for noun, weight in shown or pairs[:1])


def _figures(job: JobRow) -> str:
    result = job.result or {}
    if "best" in result:
        return f"val {result['best']['val_top1']:.2f} (epoch {result['best']['epoch']})"
    if "image_share" in result:
        return f"image share {result['image_share']:.3f}"
    return ", ".join(filter(None, [progress(job) if job.state == "running" else "", job.told]))
