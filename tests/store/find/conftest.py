"""A small database that searches are tried on, and the same as plain records."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from engine.spec import MultimodalSpec, Teachers, TrialSpec
from wnkd_tui.home import Home
from wnkd_tui.store.database import connect

NOW = 1_795_000_000.0
STATES = ("waiting", "running", "paused", "done", "failed", "cancelled", "lost")
TELLING = ("failed", "lost", "cancelled", "running")
NOTES = ("", "", "for the paper", "50% off_by_one", 'a "quoted" word', "ÄÖ \\ back")
TAGS = ((), ("paper",), ("paper", "x.y"), ("Draft_1",), ())


Records = dict[int, dict[str, Any]]


class Small(NamedTuple):
    """The database, and its trials and jobs as records by number and field."""

    conn: sqlite3.Connection
    trials: Records
    jobs: Records


@pytest.fixture(scope="session")
def small(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    home = Home(tmp_path_factory.mktemp("small"))
    shutil.copy(prepared, home.db)
    with closing(connect(home)) as conn:
        yield Small(conn, *fill(conn))


def fill(conn: sqlite3.Connection) -> tuple[Records, Records]:
    """Twelve trials that share their first job."""
    trials: Records = {}
    jobs: Records = {}
    shared = _job(conn, jobs, 1, "teacher", "T_1s", "done", None)
    number = 1
    for place, (dataset, wn) in enumerate(product(("digits", "cifar100-lt"), (None, 0, 50) * 2)):
        id = place + 1
        tx = None if wn is None else MultimodalSpec("wordnet-graph", wn=wn)
        changes = {"T_x.stem": "linear"} if tx and place % 2 else {}
        teachers = Teachers.TM_TX if tx else Teachers.NONE
        limit = (None, 100)[place % 2]
        spec = TrialSpec(
            *(dataset, "demo", teachers, tx, place % 3, limit), changes=tuple(changes.items())
        )
        added = NOW - place * 40_000.0
        conn.execute(
            "INSERT INTO trial (id, key, name, spec, dataset, limit_train, recipe, seed, teachers,"
            " encoder, modality, wn, noise, added_at, method, changes, note)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'kd', ?, ?)",
            [
                *(id, f"trial {id}", spec.name, json.dumps(spec.to_dict()), dataset),
                *(spec.limit_train, "demo", spec.seed, spec.teachers),
                *((tx.encoder, tx.modality, tx.wn, tx.noise) if tx else (None,) * 4),
                *(added, json.dumps(dict(spec.changes)), NOTES[place % len(NOTES)]),
            ],
        )
        tags = TAGS[place % len(TAGS)]
        conn.executemany("INSERT INTO trial_tag VALUES (?, ?)", [(id, tag) for tag in tags])
        mine = [shared]
        found: dict[str, float | None] = {"acc": None, "last": None, "tx": None, "image": None}
        for kind in ("T_x", "attribution", "student") if tx else ("student",):
            number += 1
            state = STATES[number % 7] if place % 4 else "done"
            value = 40.0 + number
            result = {
                "T_x": {"best": {"val_top1": value}, "last": {"val_top1": value - 1}},
                "student": {"best": {"val_top1": value}, "last": {"val_top1": value - 1}},
                "attribution": {"image_share": value / 100},
            }[kind]
            mine.append(_job(conn, jobs, number, kind, f"{kind} of {id}", state, result))
            if state == "done" and kind == "student":
                found |= {"acc": value, "last": value - 1}
            elif state == "done":
                found |= {"tx": value} if kind == "T_x" else {"image": value / 100}
        conn.executemany(
            "INSERT INTO trial_job VALUES (?, ?, ?)",
            [(id, job, n) for n, job in enumerate(mine)],
        )
        states = {jobs[job]["state"] for job in mine}
        whole = "done" if states == {"done"} else "waiting"
        trials[id] = {
            **{"id": id, "name": spec.name, "dataset": dataset, "recipe": "demo"},
            **{"seed": spec.seed, "teachers": str(spec.teachers), "method": "kd"},
            "encoder": tx.encoder if tx else None,
            "modality": str(tx.modality) if tx else None,
            **{"wn": tx and tx.wn, "noise": tx and tx.noise, "gt": tx and tx.gt},
            "change": "T_x.stem=linear" if spec.changes else None,
            "limit": spec.limit_train,
            "state": next((state for state in TELLING if state in states), whole),
            "tag": tags,
            "note": NOTES[place % len(NOTES)] or None,
            "added": added,
            **found,
        }
        for job in mine:
            jobs[job]["trial"] += (id,)
            jobs[job]["dataset"] += (dataset,)
            jobs[job]["recipe"] += ("demo",)
            jobs[job]["tag"] += tags
    return trials, jobs


def _job(
    conn: sqlite3.Connection,
    jobs: Records,
    id: int,
    kind: str,
    name: str,
    state: str,
    result: dict[str, Any] | None,
) -> int:
    ended = state in ("done", "failed", "cancelled", "lost")
    record = {
        **{"id": id, "kind": kind, "name": name, "state": state, "priority": id % 3},
        "reason": "CUDA out of memory" if state == "failed" else None,
        "slot": "GPU 0" if state == "running" else None,
        "device": None if state == "waiting" else "NVIDIA H100",
        "queued": NOW - 500_000.0,
        "started": None if state == "waiting" else NOW - 400_000.0,
        "finished": NOW - 400_000.0 + 60 * id if ended else None,
        "took": 60.0 * id if ended else None,
        "host": None if state == "waiting" else "node1",
        **{"trial": (), "dataset": (), "recipe": (), "tag": ()},
    }
    conn.execute(
        "INSERT INTO job (id, key, kind, name, spec, state, reason, position, done, total, unit,"
        " attempt, slot, device, result, events_offset, queued_at, started_at, finished_at,"
        " priority) VALUES (?, ?, ?, ?, '{}', ?, ?, ?, 0, 0, '', 1, ?, ?, ?, 0, ?, ?, ?, ?)",
        [
            *(id, f"job {id}", kind, name, state, record["reason"], 100 - id, record["slot"]),
            *(record["device"], json.dumps(result) if result else None, record["queued"]),
            *(record["started"], record["finished"], record["priority"]),
        ],
    )
    if record["host"]:
        for number, host in ((1, "node0"), (2, "node1")):
            conn.execute(
                "INSERT INTO attempt (job_id, number, supervisor, host, slot, done_before,"
                " started_at) VALUES (?, ?, 'me', ?, 'GPU 0', 0, 0)",
                [id, number, host],
            )
    jobs[id] = record
    return id
