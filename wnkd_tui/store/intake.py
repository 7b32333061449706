"""Plans become rows; what has a known key is found, not made again."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlmodel import Session, func, select

from engine.plan import JobSpec, Plan
from wnkd_tui.store.rows import CaptureRow
from wnkd_tui.store.tables import Capture, Job, JobInput, Trial, TrialJob


class Intake:
    """Takes plans into one open session and keeps count of what they became."""

    def __init__(
        self,
        session: Session,
        data: Mapping[str, Mapping[str, Any]],
        capture: CaptureRow | None = None,
    ) -> None:
        """`data`: by a dataset's name, where it is on this host. `capture`: of what queues."""
        self._session = session
        self._capture = capture
        self._data = {name: json.dumps(where) for name, where in data.items()}
        self._now = time.time()
        self._next_position = (session.exec(select(func.max(Job.position))).one() or 0) + 1
        self._ids: dict[str, int] = {}  # job key → id
        self.trials: list[int] = []
        self.new_trials: set[int] = set()
        self.new_jobs: set[int] = set()

    @property
    def jobs(self) -> list[int]:
        return list(self._ids.values())

    def add(self, plan: Plan) -> None:
        for spec in plan.jobs:
            if spec.key not in self._ids:
                self._ids[spec.key] = self._job(spec, self._data.get(plan.spec.dataset))
        found = self._session.exec(select(Trial.id).where(Trial.key == plan.key)).first()
        self.trials.append(self._new_trial(plan) if found is None else found)

    def _job(self, spec: JobSpec, data: str | None) -> int:
        job = self._session.exec(select(Job).where(Job.key == spec.key)).first()
        if job is None:
            return self._new_job(spec, data)
        assert job.id is not None
        job.data = data
        if job.state == "cancelled":
            job.state, job.reason, job.finished_at = "waiting", None, None
            job.capture = self._queued_with()
        return job.id

    def _new_job(self, spec: JobSpec, data: str | None) -> int:
        record = {
            "kind": spec.kind,
            "name": spec.name,
            "settings": dict(spec.settings),
            "inputs": dict(spec.inputs),
        }
        job = Job(
            key=spec.key,
            kind=spec.kind,
            name=spec.name,
            spec=json.dumps(record, ensure_ascii=False),
            data=data,
            state="waiting",
            position=self._next_position,
            queued_at=self._now,
            capture=self._queued_with(),
        )
        self._next_position += 1
        made = self._identified(job)
        for role, key in spec.inputs.items():
            self._session.add(JobInput(job_id=made, role=role, input_id=self._ids[key]))
        self.new_jobs.add(made)
        return made

    def _new_trial(self, plan: Plan) -> int:
        spec, tx = plan.spec, plan.spec.tx
        datasets = (job.settings.get("dataset_key") for job in plan.jobs)
        trial = Trial(
            key=plan.key,
            name=spec.name,
            spec=json.dumps(spec.to_dict(), ensure_ascii=False),
            dataset=spec.dataset,
            limit_train=spec.limit_train,
            recipe=spec.recipe,
            seed=spec.seed,
            teachers=spec.teachers,
            encoder=tx.encoder if tx else None,
            modality=tx.modality if tx else None,
            wn=tx.wn if tx else None,
            noise=tx.noise if tx else None,
            val_text=tx.val_text if tx else None,
            method=spec.method,
            changes=json.dumps(dict(spec.changes), ensure_ascii=False),
            added_at=self._now,
            capture=self._queued_with(),
            dataset_key=next((key for key in datasets if key), None),
        )
        made = self._identified(trial)
        for place, job in enumerate(plan.jobs):
            self._session.add(TrialJob(trial_id=made, job_id=self._ids[job.key], place=place))
        self.new_trials.add(made)
        return made

    def _queued_with(self) -> str | None:
        """The capture's id; its row is made for the first that is queued with it."""
        capture = self._capture
        if capture is None:
            return None
        if self._session.get(Capture, capture.id) is None:
            packages = json.dumps(capture.packages, ensure_ascii=False)
            self._session.add(Capture(**asdict(capture) | {"packages": packages}))
            self._session.flush()
        return capture.id

    def _identified(self, row: Job | Trial) -> int:
        """The id that the database gives to a new row."""
        self._session.add(row)
        self._session.flush()
        assert row.id is not None
        return row.id
