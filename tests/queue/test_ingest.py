import json
from dataclasses import replace

import pytest

from wnkd_tui.queue import ingest as module
from wnkd_tui.queue.ingest import ingest
from wnkd_tui.store import claims, queries


def line(kind, **fields):
    return json.dumps({"t": 0, "type": kind, **fields}).encode() + b"\n"


def metric(step, **values):
    return line("metric", step=step, values=values)


@pytest.fixture
def job(work, conn):
    """A running job and its empty directory."""
    work.add(work.job("only"))
    claimed = claims.claim(
        conn, "me", "host", 1.0, lambda *_: "CPU 0", lambda _: None, has=lambda _: True
    )
    directory = work.directory(claimed.id)
    directory.mkdir()
    return claimed, directory


def test_a_half_line_waits_for_its_other_half(conn, job):
    claimed, directory = job
    whole = metric(1, loss=0.5) + metric(2, loss=0.25)
    (directory / "events.jsonl").write_bytes(whole[:-5])

    claimed = ingest(conn, "me", claimed, directory)
    assert queries.metrics(conn, claimed.id) == {"loss": [(1, 0.5)]}

    (directory / "events.jsonl").write_bytes(whole)
    claimed = ingest(conn, "me", claimed, directory)
    assert queries.metrics(conn, claimed.id) == {"loss": [(1, 0.5), (2, 0.25)]}
    assert claimed.events_offset == len(whole)


def test_damaged_lines_and_strange_values_are_passed_over(conn, job):
    claimed, directory = job
    strange = [
        b'{"t": 0, "type": "metr\n',
        b"\xff\xfe\x00\n",
        b"[1, 2]\n",
        line("metric", step="one", values={"loss": 1.0}),
        metric(3, loss=None, top1=5),
        metric(2**63, loss=1.0),
        metric(-1, loss=1.0),
        metric(True, loss=1.0),
        metric(3, nan=float("nan"), inf=float("inf"), huge=10**400, yes=True),
        line("metric", step=3, values={"half \ud800": 1.0}),
        line("progress", done="many", total=7),
        line("progress", done=2**63, total=7),
        line("progress", done=3, total=7, unit=["x"], rate="fast"),
        line("start", device="half \ud800", engine=5),
        line("unheard of", x=1),
    ]
    (directory / "events.jsonl").write_bytes(b"".join([*strange, metric(4, loss=0.5)]))

    ingest(conn, "me", claimed, directory)

    assert queries.metrics(conn, claimed.id) == {"loss": [(4, 0.5)], "top1": [(3, 5.0)]}
    row = queries.job(conn, claimed.id)
    assert (row.done, row.total, row.unit, row.rate, row.device) == (3, 7, "", None, None)


def test_who_does_a_run_is_kept_with_the_run_and_its_progress_with_the_work(conn, job):
    claimed, directory = job
    lines = [line("start", device="fast", engine="abc"), line("progress", done=2, total=3)]
    (directory / "events.jsonl").write_bytes(b"".join(lines))
    assert not claimed.progressed

    claimed = ingest(conn, "me", claimed, directory)

    assert (claimed.done, claimed.progressed) == (2, True)
    (attempt,) = queries.attempts(conn, claimed.id)
    assert (attempt.device, attempt.engine, attempt.done_before) == ("fast", "abc", 0)


def test_a_step_that_is_reported_again_counts_once(conn, job):
    claimed, directory = job
    lines = [metric(1, loss=0.5), metric(2, loss=0.4), metric(2, loss=0.4), metric(3, loss=0.3)]
    (directory / "events.jsonl").write_bytes(b"".join(lines))

    ingest(conn, "me", claimed, directory)

    assert queries.metrics(conn, claimed.id) == {"loss": [(1, 0.5), (2, 0.4), (3, 0.3)]}


def test_a_file_made_anew_is_read_from_its_start(conn, job):
    claimed, directory = job
    (directory / "events.jsonl").write_bytes(metric(1, loss=0.5) + metric(2, loss=0.4))
    claimed = ingest(conn, "me", claimed, directory)
    (directory / "events.jsonl").write_bytes(metric(1, other=0.5))

    ingest(conn, "me", claimed, directory)

    assert queries.metrics(conn, claimed.id)["other"] == [(1, 0.5)]


def test_a_long_file_is_taken_in_stretches(conn, job, monkeypatch):
    monkeypatch.setattr(module, "STRETCH", 7)
    claimed, directory = job
    (directory / "events.jsonl").write_bytes(b"".join(metric(n, loss=n / 2) for n in range(50)))

    ingest(conn, "me", claimed, directory)

    assert len(queries.metrics(conn, claimed.id)["loss"]) == 50


def test_who_reads_from_an_old_offset_changes_nothing(conn, job):
    claimed, directory = job
    (directory / "events.jsonl").write_bytes(metric(1, loss=0.5))
    ingest(conn, "me", claimed, directory)

    behind = ingest(conn, "me", replace(claimed, events_offset=0), directory)

    assert behind.events_offset == 0
    assert queries.metrics(conn, claimed.id) == {"loss": [(1, 0.5)]}


def test_a_job_that_has_not_begun_has_nothing_to_tell(conn, job):
    claimed, directory = job

    assert ingest(conn, "me", claimed, directory) == claimed
