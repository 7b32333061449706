"""What jobs and disks leave in a job's directory: what makes no sense is passed over."""

import json
import os
import sqlite3
from contextlib import closing

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine import running as engine_running
from engine.process import ProcessId
from wnkd_tui.queue import jobdir
from wnkd_tui.queue.executors.local import LocalExecutor
from wnkd_tui.queue.ingest import ingest
from wnkd_tui.store import queries, soundness
from wnkd_tui.store import work as store
from wnkd_tui.store.database import connect

MANY = settings(
    max_examples=int(os.environ.get("WNKD_FUZZ", "15")),
    deadline=None,
    database=None,
    derandomize="WNKD_FUZZ" not in os.environ,
)
DEEP = b'{"type": "metric", "step": 1, "values": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
LONG = b'{"type": "metric", "step": ' + b"1" * 5000 + b', "values": {"loss": 1}}'
numbers = (
    st.integers()
    | st.floats()
    | st.sampled_from((2**63 - 1, 2**63, -(2**63), 10**400, float("nan"), float("inf"), -0.0, True))
)
words = st.text(max_size=6) | st.sampled_from(("loss", "val_top1", "\ud800", "\0", ""))
scalars = st.none() | numbers | words
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
event = st.fixed_dictionaries(
    {},
    optional={
        "t": anything,
        "type": st.sampled_from(("metric", "progress", "start", "log", "end")) | anything,
        "step": st.integers(-1, 5) | anything,
        "values": st.dictionaries(words, numbers | anything, max_size=3) | anything,
        "done": st.integers(0, 9) | anything,
        "total": st.integers(0, 9) | anything,
        "unit": words | anything,
        "rate": numbers | anything,
        "device": words | anything,
        "engine": words | anything,
        "text": anything,
    },
)
line = event.map(lambda one: json.dumps(one).encode()) | st.binary(max_size=40)
lines = st.lists(line | st.sampled_from((DEEP, LONG, b"", b"null", b"\xff\xfe")), max_size=12)


@pytest.fixture(scope="module")
def running(home):
    """A running job as its supervisor sees it, and its directory."""
    with closing(connect(home)) as conn:
        conn.execute(
            "UPDATE job SET state = 'running', supervisor = 'me', slot = 'CPU 0', handle = 'x:1',"
            " attempt = 1 WHERE id = (SELECT min(id) FROM job WHERE state = 'waiting')"
        )
        conn.execute(
            "INSERT INTO attempt (job_id, number, supervisor, host, slot, done_before, started_at)"
            " SELECT id, 1, 'me', 'host', 'CPU 0', 0, 1.0 FROM job WHERE state = 'running'"
        )
        (work,) = store.mine(conn, "me")
    directory = home.job(work.key)
    directory.mkdir()
    return work, directory


@MANY
@given(content=lines.map(b"\n".join) | st.binary(max_size=200), cut=st.integers(0, 300))
def test_events(home, running, content, cut):
    """All that is taken in is sound, and the same in one piece or two."""
    work, directory = running
    path = directory / "events.jsonl"
    with closing(connect(home)) as conn:
        taken = []
        for pieces in ((content,), (content[:cut], content)):
            conn.execute("DELETE FROM metric")
            conn.execute("UPDATE job SET events_offset = 0, done = 0, total = 0, unit = ''")
            now = work
            for piece in pieces:
                path.write_bytes(piece)
                now = ingest(conn, "me", now, directory)
            taken.append(list(map(tuple, conn.execute("SELECT * FROM metric").fetchall())))
        assert taken[0] == taken[1]
        assert soundness.fault(conn) is None
        row = queries.job(conn, work.id)
        assert 0 <= row.progress <= 1
        json.dumps(queries.metrics(conn, work.id), allow_nan=False)


@MANY
@given(content=st.binary(max_size=60) | anything.map(lambda one: json.dumps(one).encode()))
def test_any_last_word(running, content):
    (running[1] / "exit.json").write_bytes(content)
    assert jobdir.last_word(running[1]) is None


@MANY
@given(
    record=st.fixed_dictionaries(
        {"state": st.sampled_from(("done", "failed", "paused")) | anything, "reason": anything},
        optional={
            "result": anything,
            "cause": anything,
            "memory": anything,
            "host_memory": anything,
            "x": anything,
        },
    )
)
def test_a_last_word_with_something_odd(home, running, record):
    """A word that is understood can be put into the database."""
    (running[1] / "exit.json").write_text(json.dumps(record))
    word = jobdir.last_word(running[1])
    if word is None:
        return
    with closing(sqlite3.connect(":memory:")) as conn:
        given = [
            word.state,
            word.cause,
            word.reason,
            json.dumps(word.result),
            word.memory,
            word.host_memory,
        ]
        conn.execute("SELECT ?, ?, ?, ?, ?, ?", given).fetchone()
    assert word.state in ("done", "failed", "cancelled", "paused")


@MANY
@given(
    content=st.binary(max_size=60)
    | anything.map(lambda one: json.dumps(one).encode())
    | st.fixed_dictionaries(
        {}, optional={"process": anything, "pid": anything, "started": anything}
    ).map(lambda one: json.dumps(one).encode())
)
def test_process_records(running, content):
    (running[1] / "process.json").write_bytes(content)
    handle = LocalExecutor(None).find(running[1])
    if handle is not None:
        process = ProcessId.parse(handle)
        assert process is not None
        process.runs()


@MANY
@given(text=st.text(max_size=30) | st.from_regex(r"-?\d{1,30}:[-\d.einfa]{1,9}(:.{0,5})?"))
@example(text="-1:0")
@example(text="9" * 30 + ":0")
def test_handles(text):
    process = ProcessId.parse(text)
    if process is not None:
        process.runs()
        assert ProcessId.parse(str(process)) is not None


@st.composite
def orders(draw, work_key):
    """A job.json with one or two of its fields replaced or left out."""
    run = {"data": {"name": "digits", "kind": "digits", "path": None}, "device": "cpu"}
    record = {"schema": 1, "key": work_key, "kind": "teacher", "name": "T_1s", "settings": {}}
    record |= {"inputs": {}}
    for table in (record, run):
        name = draw(st.sampled_from(sorted(table)))
        if draw(st.booleans()):
            table.pop(name)
        else:
            table[name] = draw(anything.filter(lambda one: not isinstance(one, str)))
    return record, run


@MANY
@given(order=orders("f" * 64), content=st.none() | st.binary(max_size=40))
def test_orders(home, tmp_path_factory, order, content):
    """A job that cannot be understood ends as failed, in one line."""
    directory = home.root / "jobs" / "odd"
    directory.mkdir(exist_ok=True)
    record, run = order
    places = {name: str(home.root / name) for name in ("artifacts", "cache", "files")}
    whole = json.dumps({**record, "run": {**places, **run}}).encode()
    (directory / "job.json").write_bytes(whole if content is None else content)

    assert engine_running.run(directory) == 1

    word = jobdir.last_word(directory)
    assert word is not None
    assert word.state == "failed"
    assert word.reason
    assert "\n" not in word.reason
