"""Plans of a lab's year become rows: trials, and jobs with states, results, attempts and curves.

Written in bulk, by columns' names, as `wnkd_tui.store.intake` and a supervisor would write them.
"""

import json
import random
import sqlite3
from collections.abc import Iterable
from itertools import repeat
from typing import Any

import figures
import lab
import numpy as np

from engine.canonical import content_key
from engine.plan import JobSpec

END = 1_793_500_000.0  # when the year ends, in UTC seconds
YEAR = 365 * 86_400.0
WAITS = 0.07  # of the jobs, the newest, have not been begun
FAILS, LOSES = 0.002, 0.001  # of the jobs that were begun
PAUSED, CANCELLED = 0.008, 0.01  # of all jobs, among the newest
LONG_RUNS = (100_000, 1_000_000)  # points
HOSTS = ("gpu1", "gpu2", "gpu3")
TAGS = {"paper": 0.08, "ablation": 0.15, "check-again": 0.01}  # and the share of trials with it
WHY = (
    "diverged in epoch 3: the loss is nan; try a lower learning rate (--set …optimiser.lr)",
    "CUDA out of memory: tried to allocate 512 MiB",
    "/data/cifar100: no such folder",
)


class Writer:
    """Plans become rows. `job` and `trial` keep what `wnkd_tui.store.intake` would keep."""

    def __init__(self, conn: sqlite3.Connection, seed: int, expected: int) -> None:
        self.conn, self.expected = conn, expected
        self.draw, self.pick = np.random.default_rng(seed), random.Random(seed)
        self.jobs: dict[str, int] = {}  # key → id
        self.states: dict[int, str] = {}
        self.trials = self.rows = 0
        self.captures = _captures(conn)

    def campaign(self, campaign: lab.Campaign) -> None:
        # A campaign is queued at once and done in the order of its jobs.
        now = END - YEAR + YEAR * 0.99 * min(1.0, len(self.jobs) / self.expected)
        for one in campaign.plans:
            for job in one.jobs:
                if job.key not in self.jobs:
                    self._job(job, campaign, now)
            self.trials += 1
            spec, tx = one.spec, one.spec.tx
            keys = (job.settings.get("dataset_key") for job in one.jobs)
            insert(
                self.conn,
                "trial",
                id=self.trials,
                key=one.key,
                name=spec.name,
                spec=as_json(spec.to_dict()),
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
                changes=as_json(dict(spec.changes)),
                added_at=now,
                capture=self._capture(now),
                dataset_key=next((key for key in keys if key), None),
                note="look at its classes again" if self.pick.random() < 0.02 else "",
            )
            self.conn.executemany(
                "INSERT INTO trial_tag (trial_id, tag) VALUES (?, ?)",
                [(self.trials, tag) for tag, share in TAGS.items() if self.pick.random() < share],
            )
            self.conn.executemany(
                "INSERT INTO trial_job (trial_id, job_id, place) VALUES (?, ?, ?)",
                [(self.trials, self.jobs[job.key], place) for place, job in enumerate(one.jobs)],
            )

    def _job(self, job: JobSpec, campaign: lab.Campaign, now: float) -> None:
        id = len(self.jobs) + 1
        inputs = {role: self.jobs[key] for role, key in job.inputs.items()}
        length = job.settings["optimiser"]["epochs"] if job.kind in lab.CURVED else 0
        state = "done" if length in LONG_RUNS else self._state(id, inputs.values())
        began = now + self.pick.uniform(60, 40_000)
        epochs = length or 30  # what does not train counts other things, few of them
        seconds = epochs * self.pick.uniform(0.5, 9)
        begun = state in ("done", "failed", "lost", "paused")
        share = 1.0 if state == "done" else self.pick.uniform(0.1, 0.9) if begun else 0.0
        done = round(epochs * share)
        shown = figures.curves(job, campaign.recipe, self.draw) if job.kind in lab.CURVED else None
        result = (
            figures.result(job, campaign.dataset, shown, self.draw) if state == "done" else None
        )
        host = self.pick.choice(HOSTS)
        insert(
            self.conn,
            "job",
            id=id,
            key=job.key,
            kind=job.kind,
            name=job.name,
            spec=as_json(
                {
                    "kind": job.kind,
                    "name": job.name,
                    "settings": dict(job.settings),
                    "inputs": dict(job.inputs),
                }
            ),
            data=as_json(campaign.dataset.location),
            state=state,
            reason=self._reason(state),
            position=id,
            done=done,
            total=epochs if begun else 0,
            unit="epochs" if begun else "",
            rate=epochs / seconds if begun else None,
            attempt=1 if begun else 0,
            device="cuda:0 (NVIDIA A100)" if begun else None,
            result=as_json(result) if result else None,
            queued_at=now,
            started_at=began if begun else None,
            finished_at=_finished(state, began + seconds * share),
            events_offset=0,
            losses=int(state == "lost"),
            capture=self._capture(now),
        )
        self.jobs[job.key], self.states[id] = id, state
        self.conn.executemany(
            "INSERT INTO job_input (job_id, role, input_id) VALUES (?, ?, ?)",
            [(id, role, given) for role, given in inputs.items()],
        )
        if begun:
            self._attempts(id, state, host, began, seconds * share)
            self._metrics(id, done, shown or {})

    def _state(self, id: int, inputs: Iterable[int]) -> str:
        of_inputs = {self.states[given] for given in inputs}
        if "cancelled" in of_inputs:
            return "cancelled"
        if of_inputs - {"done"}:
            return "waiting"
        begun = (1 - WAITS - PAUSED - CANCELLED) * self.expected
        if id > begun:
            behind = (id - begun) / self.expected
            held = behind < PAUSED
            return "paused" if held else "cancelled" if behind < PAUSED + CANCELLED else "waiting"
        chance = self.pick.random()
        return "failed" if chance < FAILS else "lost" if chance < FAILS + LOSES else "done"

    def _reason(self, state: str) -> str | None:
        told = {"failed": self.pick.choice(WHY), "lost": "killed by signal 9"}
        return (told | {"cancelled": "by hand"}).get(state)

    def _capture(self, now: float) -> str:
        """Every month brings a new version."""
        return self.captures[int((now - END + YEAR) / YEAR * len(self.captures))]

    def _attempts(self, id: int, state: str, host: str, began: float, seconds: float) -> None:
        """Of the done ones, one in thirty was lost once and went on."""
        endings = [state]
        if state == "done" and self.pick.random() < 1 / 30:
            endings = ["lost", "done"]
            self.conn.execute("UPDATE job SET attempt = 2 WHERE id = ?", [id])
        each = seconds / len(endings)
        for number, ending in enumerate(endings, 1):
            insert(
                self.conn,
                "attempt",
                job_id=id,
                number=number,
                supervisor=f"{host}:4242",
                host=host,
                slot=self.pick.choice(("gpu0.0", "gpu0.1", "gpu1.0", "gpu1.1")),
                device="cuda:0 (NVIDIA A100)",
                engine=content_key(int(began) % 12)[:16],
                done_before=0,
                started_at=began + each * (number - 1),
                ended_at=began + each * number,
                seconds=each,
                ending=ending,
                memory=self.pick.randrange(2 << 30, 12 << 30),
            )

    def _metrics(self, id: int, done: int, shown: figures.Curves) -> None:
        for name, values in shown.items():
            # The longest runs tell their loss at every step, all else every thousandth.
            stride = 1000 if done >= LONG_RUNS[0] and name != "train_loss" else 1
            steps = range(stride, done + 1, stride)
            self.conn.executemany(
                "INSERT INTO metric (job_id, name, step, value) VALUES (?, ?, ?, ?)",
                zip(repeat(id), repeat(name), steps, values[stride - 1 : done : stride].tolist()),
            )
            self.rows += len(steps)


def _finished(state: str, at: float) -> float | None:
    return None if state in ("waiting", "paused") else at


def insert(conn: sqlite3.Connection, table: str, **values: Any) -> None:
    names = ", ".join(values)
    marks = ", ".join("?" * len(values))
    conn.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(values.values()))


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _captures(conn: sqlite3.Connection) -> list[str]:
    """A version a month; every third was queued with a diff."""
    packages = {f"package-{n:02}": f"{n}.1.0" for n in range(60)}
    made = []
    for month in range(12):
        made.append(content_key(month))
        insert(
            conn,
            "capture",
            id=made[-1],
            wnkd=f"0.{month}.0",
            revision=content_key(month)[:40],
            diff="+ a line\n" * 400 if month % 3 == 0 else None,
            engine=content_key(month)[:16],
            python="CPython 3.11.9",
            platform="Linux-6.1-x86_64",
            packages=as_json(packages),
            taken_at=END - YEAR + month * YEAR / 12,
        )
    return made
