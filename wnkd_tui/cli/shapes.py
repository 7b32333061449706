"""JSON shapes that several commands share. Fields may be added, never renamed."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from engine.changes import text_of
from wnkd_tui.store.datasets import DatasetRow
from wnkd_tui.store.rows import CaptureRow, JobRow, TrialLine, TrialRow

if TYPE_CHECKING:  # plans need pydantic, and a list of jobs does not
    from wnkd_tui.queue.differing import Differences
    from wnkd_tui.queue.estimate import Estimate
    from wnkd_tui.queue.preview import Preview
    from wnkd_tui.queue.provenance import Provenance
    from wnkd_tui.queue.usage import Usage


def trial(row: TrialRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "key": row.key,
        "name": row.name,
        "spec": row.spec.to_dict(),
        "state": row.state,
        "jobs_done": row.jobs_done,
        "jobs_total": row.jobs_total,
        "added_at": row.added_at,
        "capture": row.capture,
        "dataset_key": row.dataset_key,
    }


def trial_line(line: TrialLine, row: TrialRow) -> dict[str, Any]:
    return trial(row) | {
        "acc": line.acc,
        "last": line.last,
        "tx": line.tx,
        "tags": list(line.tags),
        "note": line.note,
    }


TRIAL_COLUMNS = (
    *("id", "name", "state", "dataset", "limit", "recipe", "changes", "seed", "method", "teachers"),
    *("encoder", "modality", "gt", "wn", "noise", "acc", "last", "tx", "tags", "note"),
    *("jobs_done", "jobs_total", "added_at"),
)


def trial_cells(line: TrialLine) -> dict[str, Any]:
    """A trial as a line of CSV; columns are called as the fields of filters are."""
    spec = line.spec
    of_tx: dict[str, Any] = {}
    if spec.tx:
        tx = spec.tx
        of_tx = {"gt": tx.gt, "wn": tx.wn, "noise": tx.noise}
        of_tx |= {"encoder": tx.encoder, "modality": str(tx.modality)}
    return (
        asdict(line)
        | of_tx
        | {
            "dataset": spec.dataset,
            "limit": spec.limit_train,
            "recipe": spec.recipe,
            "changes": text_of(spec.changes),
            "seed": spec.seed,
            "method": str(spec.method),
            "teachers": str(spec.teachers),
            "tags": " ".join(line.tags),
        }
    )


JOB_COLUMNS = (
    *("id", "kind", "name", "state", "reason", "trials", "priority", "progress", "done", "total"),
    *("unit", "rate", "attempt", "slot", "device", "queued_at", "started_at", "finished_at"),
    *("host", "place", "together"),
)


def job_cells(row: JobRow) -> dict[str, Any]:
    """A job as a line of CSV."""
    return job(row) | {"trials": " ".join(map(str, row.trials))}


def capture(row: CaptureRow | None) -> dict[str, Any] | None:
    return asdict(row) if row else None


def engines(of: "Provenance") -> list[dict[str, Any]]:
    """The jobs that other code worked on than the trial was queued with."""
    return [
        {"job": job.row.id, "role": job.role, "engines": list(job.engines)}
        for jobs in of.drift.values()
        for job in jobs
    ]


def differences(found: "Differences") -> dict[str, Any]:
    return {
        **{
            side: trial(one.trial)
            | {"queued_with": capture(one.capture), "other_engines": engines(one)}
            for side, one in (("a", found.a), ("b", found.b))
        },
        "equal": found.equal,
        "differences": {
            group: [asdict(line) | {"jobs": list(line.jobs)} for line in lines]
            for group, lines in found.groups.items()
        },
        "results": [{"name": line.name, "a": line.a, "b": line.b} for line in found.results],
    }


def job(row: JobRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "key": row.key,
        "kind": row.kind,
        "name": row.name,
        "state": row.state,
        "trials": list(row.trials),
        "progress": row.progress,
        "reason": row.reason,
        "position": row.position,
        "priority": row.priority,
        "wanted": row.wanted,
        "losses": row.losses,
        "retry_at": row.retry_at,
        "done": row.done,
        "total": row.total,
        "unit": row.unit,
        "rate": row.rate,
        "attempt": row.attempt,
        "where": row.where,
        "host": row.host,
        "slot": row.slot,
        "place": row.place,
        "together": row.together,
        "device": row.device,
        "inputs": list(row.inputs),
        "queued_at": row.queued_at,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
    }


def estimate(cost: "Estimate") -> dict[str, Any]:
    largest = {"memory": cost.memory, "host_memory": cost.host_memory}
    return {
        "hours": cost.hours,
        "device": cost.device,
        "unknown_jobs": cost.unknown_jobs,
        "together": cost.together,
        **{name: one.bytes if one else None for name, one in largest.items()},
        "unmeasured_jobs": cost.unmeasured_jobs,
        "disk": cost.disk,
        "unsized_jobs": cost.unsized_jobs,
        "free": cost.free,
    }


def usage(one: "Usage") -> dict[str, Any]:
    dataset, limit = one.data
    return {
        "kind": one.kind,
        "dataset": dataset,
        "limit_train": limit,
        "device": one.device,
        "settings": one.settings,
        "together": one.together,
        "jobs": len(one.runs),
        "median": one.median,
        "p95": one.p95,
        "unit": one.unit,
        "rate": one.rate if one.unit else None,
        "memory": one.memory,
        "host_memory": one.host_memory,
    }


def preview(found: "Preview") -> dict[str, Any]:
    return {
        "trials": found.trials,
        "new_trials": found.new_trials,
        "new_jobs": found.new_jobs,
        "shared_jobs": found.shared_jobs,
        "estimate": estimate(found.estimate),
    }


def dataset(row: DatasetRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "kind": row.kind,
        "path": str(row.path) if row.path else None,
        "builtin": row.builtin,
        "key": row.key,
        "classes": list(row.classes),
        "train": {"count": sum(row.train_per_class), "per_class": list(row.train_per_class)},
        "val": {"count": sum(row.val_per_class), "per_class": list(row.val_per_class)},
        "skipped": [{"file": one.file, "why": one.why} for one in row.skipped],
        "size": list(row.size) if row.size else None,
        "prompts": str(row.prompts) if row.prompts else None,
        "splits": str(row.splits) if row.splits else None,
    }
