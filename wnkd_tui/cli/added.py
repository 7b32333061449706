"""What `wnkd queue add` queued, told so that a person sees what it will take and with what."""

from collections import Counter

import typer

from engine.changes import text_of
from engine.spec import TrialSpec
from wnkd_tui.queue.estimate import Estimate
from wnkd_tui.report.captions import encoder_label
from wnkd_tui.store.commands import Added
from wnkd_tui.store.datasets import DatasetRow


def show(added: Added, dataset: DatasetRow, cost: Estimate) -> None:
    """Prints setting, trials, jobs and cost of what was asked for, new or not, on stdout."""
    first = added.trials[0].spec
    seeds = sorted({row.seed for row in added.trials})
    for line in (
        f"dataset  {dataset.name}: {_size(first, dataset)}",
        f"recipe   {first.recipe}",
        f"encoder  {_encoders([row.spec for row in added.trials])}",
        f"seeds    {', '.join(map(str, seeds))}",
        "trials",
    ):
        typer.echo(line)
    width = max(len(row.name) for row in added.trials)
    for row in added.trials:
        known = "new" if row.id in added.new_trials else f"known, {row.state}"
        changed = f"  {text_of(row.changes)}" if row.changes else ""
        typer.echo(f"{row.id:>5}  {row.name:<{width}}  seed {row.seed}  {known}{changed}")
    states = Counter(row.state for row in added.jobs if row.id not in added.new_jobs)
    there = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    shared = sum(row.jobs_total for row in added.trials) - len(added.jobs)
    typer.echo(
        f"jobs     {len(added.jobs)}: {len(added.new_jobs)} new"
        f"{f', {sum(states.values())} known ({there})' if states else ''}"
        f"{f'; sharing saved {shared}' if shared else ''}"
    )
    typer.echo("\n".join(cost.lines))
    if any(row.state != "done" for row in added.jobs):
        typer.echo("next     wnkd run-queue --drain")


def _size(spec: TrialSpec, dataset: DatasetRow) -> str:
    whole, val = sum(dataset.train_per_class), sum(dataset.val_per_class)
    if spec.limit_train is None:
        train = f"{whole} training images"
    else:
        train = f"{spec.limit_train} of {whole} training images (--limit-train)"
    return f"{train}, {val} for validation, {len(dataset.classes)} classes"


def _encoders(specs: list[TrialSpec]) -> str:
    names = dict.fromkeys(spec.tx.encoder for spec in specs if spec.tx)
    return ", ".join(encoder_label(name) for name in names) or "none (no T_x)"
