"""`wnkd doctor`: each fault is planted, found without a change, mended, and gone."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress

import psutil
import pytest
from filelock import FileLock

from engine.artifacts import ArtifactStore
from engine.process import ProcessId, uptime
from wnkd_tui.queue.housekeeping import gc
from wnkd_tui.store import queries
from wnkd_tui.store.database import connect

# A leader and a child; neither takes notice of SIGTERM.
STUBBORN = (
    "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); os.fork();"
    " print('ready', flush=True); time.sleep(600)"
)


@pytest.fixture
def conn(home):
    with closing(connect(home)) as connection:
        yield connection


@pytest.fixture
def queued(wnkd, conn):
    """Queues a trial whose student needs a teacher's logits; job by kind."""
    assert wnkd("queue", "add", "--teachers", "T_m").exit_code == 0
    return {row.kind: row for row in queries.jobs(conn)}


@pytest.fixture
def stubborn():
    """Starts such processes; pid of the leader."""
    started = []

    def start():
        process = subprocess.Popen(
            [sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, start_new_session=True
        )
        started.append(process)
        for _ in range(2):
            process.stdout.readline()
        return process

    yield start
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


def wrong(result):
    """Name → what is said, of what is wrong."""
    checks = json.loads(result.stdout)["checks"]
    found = {one["name"]: one["says"] for one in checks if not one["ok"]}
    assert bool(found) == (result.exit_code == 1)
    return found


def mended(result):
    checks = json.loads(result.stdout)["checks"]
    return [one["says"] for one in checks if one["says"].startswith("mended: ")]


def everything(home):
    """All files and all rows."""
    files = {
        str(path): path.read_bytes() if path.is_file() else None
        for path in home.root.rglob("*")
        if not path.name.startswith("wnkd.db")
    }
    with closing(sqlite3.connect(home.db)) as conn:
        return files, list(conn.iterdump())


@pytest.fixture
def finds_and_mends(home, wnkd):
    """Doctor finds just these, changes nothing, mends them so, and is content then."""

    def check(names, *says, heals=True):
        before = everything(home)
        found = wrong(wnkd("doctor", "--json"))
        assert set(found) == set(names), found
        assert everything(home) == before
        result = wnkd("doctor", "--mend", "--json")
        assert mended(result) == [f"mended: {line}" for line in says]
        if heals:
            assert wrong(result) == {}
            assert wrong(wnkd("doctor", "--json")) == {}
        return found

    return check


def done(home, conn, job, size=100):
    """Makes the artifact of a job and says that it is done."""
    store = ArtifactStore(home.artifacts)
    with store.lock(job.key), store.publish(job.key, {"result": {}}) as out:
        (out / "model.safetensors").write_bytes(b"x" * size)
    conn.execute("UPDATE job SET state = 'done', result = '{}' WHERE id = ?", [job.id])
    return store.path(job.key)


def set_running(conn, job, handle):
    conn.execute(
        "UPDATE job SET state = 'running', supervisor = 's', slot = 'CPU 0', attempt = 1,"
        " handle = ? WHERE id = ?",
        [handle, job.id],
    )
    conn.execute(
        "INSERT INTO attempt (job_id, number, supervisor, host, slot, done_before, started_at)"
        " VALUES (?, 1, 's', 'h', 'CPU 0', 0, 1.0)",
        [job.id],
    )


def supervise(conn, process, ahead=0.0):
    conn.execute(
        "INSERT OR REPLACE INTO supervisor (id, host, pid, started_at, heartbeat, process, beat)"
        " VALUES ('s', 'here', 1, 0, ?, ?, ?)",
        [time.time() + ahead, str(process), uptime()],
    )


def gone_process():
    process = subprocess.Popen(["true"])
    identity = ProcessId.of(process.pid)
    process.wait()
    return identity


def alive_in_group(number):
    """Zombies left out: who started it may take a while to reap."""
    found = []
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, psutil.NoSuchProcess):
            if os.getpgid(process.pid) == number and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def keep_process(home, job, pid):
    folder = home.job(job.key)
    folder.mkdir(exist_ok=True)
    record = {"process": str(ProcessId.of(pid))}
    (folder / "process.json").write_text(json.dumps(record))
    return folder


# ---- what jobs leave


@pytest.mark.parametrize("known", [True, False])
def test_a_process_that_nobody_attends_is_ended_with_its_children(
    home, conn, queued, stubborn, finds_and_mends, known
):
    (home.root / "config.toml").write_text("[queue]\ngrace = 0.2\n")
    process = stubborn()
    folder = keep_process(home, queued["teacher"], process.pid)
    whose = f"job {queued['teacher'].id} (waiting)"
    if not known:
        folder.rename(home.jobs / ("a" * 16))
        whose = "a job that was removed"
    finds_and_mends({"processes"}, f"ended process {process.pid} of {whose}")
    assert process.wait() == -signal.SIGKILL
    assert not alive_in_group(process.pid)


def test_a_process_that_a_run_queue_may_be_ending_is_left_to_it(home, conn, wnkd, queued, stubborn):
    process = stubborn()
    keep_process(home, queued["teacher"], process.pid)
    supervise(conn, ProcessId.of(os.getpid()))
    assert wrong(wnkd("doctor", "--mend", "--json")) == {}
    assert process.poll() is None


def test_a_process_whose_job_runs_waits_for_the_next_run_queue(home, conn, wnkd, queued, stubborn):
    process = stubborn()
    keep_process(home, queued["teacher"], process.pid)
    set_running(conn, queued["teacher"], str(ProcessId.of(process.pid)))
    assert wrong(wnkd("doctor", "--mend", "--json")) == {}
    assert process.poll() is None
    assert "running without one: 1 (wnkd run-queue takes them up)" in wnkd("doctor").stdout


def test_a_stranger_with_the_pid_is_none_of_ours(home, conn, wnkd, queued, stubborn):
    process = stubborn()
    folder = keep_process(home, queued["teacher"], process.pid)
    other = ProcessId(process.pid, 1.0, ProcessId.of(process.pid).boot)
    (folder / "process.json").write_text(json.dumps({"process": str(other)}))
    assert wrong(wnkd("doctor", "--mend", "--json")) == {}
    assert process.poll() is None


@pytest.mark.parametrize(
    ("wanted", "state"), [(None, "waiting"), ("cancelled", "cancelled"), ("paused", "paused")]
)
def test_a_running_job_without_a_process_waits_again(
    home, conn, queued, finds_and_mends, wanted, state
):
    job = queued["teacher"]
    set_running(conn, job, str(gone_process()))
    conn.execute("UPDATE job SET wanted = ? WHERE id = ?", [wanted, job.id])
    found = finds_and_mends({"running jobs"}, f"job {job.id} is {state} again")
    assert "the next run-queue takes it up" in found["running jobs"]
    row = queries.job(conn, job.id)
    assert (row.state, row.slot, row.supervisor, row.handle) == (state, None, None, None)
    (attempt,) = queries.attempts(conn, job.id)
    assert attempt.ending == "lost"


def test_a_run_queue_at_work_takes_up_such_a_job_itself(conn, wnkd, queued):
    set_running(conn, queued["teacher"], str(gone_process()))
    supervise(conn, ProcessId.of(os.getpid()))
    conn.execute("UPDATE job SET supervisor = 'another'")
    assert wrong(wnkd("doctor", "--mend", "--json")) == {}
    assert conn.execute("SELECT count(*) FROM job WHERE state = 'running'").fetchone()[0] == 1


def test_events_are_read_on_to_the_last_whole_line(home, conn, queued, finds_and_mends):
    job = queued["teacher"]
    done(home, conn, job)
    lines = [
        json.dumps({"t": 1, "type": "metric", "step": step, "values": {"loss": 1 / step}}) + "\n"
        for step in range(1, 6)
    ]
    lines.insert(3, "no event\n")
    lines.append(
        json.dumps({"t": 1, "type": "progress", "done": 5, "total": 5, "unit": "e"}) + "\n"
    )
    path = home.job(job.key) / "events.jsonl"
    path.parent.mkdir()
    path.write_text("".join(lines) + '{"t": 2, "type": "metr')
    conn.execute("UPDATE job SET events_offset = ? WHERE id = ?", [len(lines[0]), job.id])
    conn.execute("INSERT INTO metric VALUES (?, 'loss', 1, 1.0)", [job.id])
    finds_and_mends({"events"}, f"job {job.id}: read its events on, 4 numbers")
    assert queries.metrics(conn, job.id) == {"loss": [(step, 1 / step) for step in range(1, 6)]}
    assert (queries.job(conn, job.id).done, queries.job(conn, job.id).unit) == (5, "e")


# ---- artifacts


def test_what_makers_left_half_made_goes(home, queued, finds_and_mends):
    key = queued["teacher"].key
    half = home.artifacts / "tmp" / f"{key}.1"
    half.mkdir(parents=True)
    (half / "model.safetensors").write_text("half")
    finds_and_mends({"half-made"}, f"moved {key[:12]}… away")
    assert not half.exists()


def test_what_is_being_made_is_no_fault(home, wnkd, queued):
    key = queued["teacher"].key
    (home.artifacts / "tmp" / f"{key}.1").mkdir(parents=True)
    with ArtifactStore(home.artifacts).lock(key):
        assert wrong(wnkd("doctor", "--mend", "--json")) == {}
    assert (home.artifacts / "tmp" / f"{key}.1").exists()


@pytest.mark.parametrize("harm", ["cut", "no file", "no record", "bad record", "gone"])
def test_a_done_job_whose_artifact_is_not_whole_waits_again(
    home, conn, queued, finds_and_mends, harm
):
    job = queued["teacher"]
    path = done(home, conn, job)
    match harm:
        case "cut":
            (path / "model.safetensors").write_bytes(b"x" * 99)
        case "no file":
            (path / "model.safetensors").unlink()
        case "no record":
            (path / "meta.json").unlink()
        case "bad record":
            (path / "meta.json").write_text("{")
        case "gone":
            path.rename(home.root / "elsewhere")
    away = [] if harm == "gone" else [f"moved artifact {job.key[:12]} away"]
    found = finds_and_mends(
        {"artifacts"}, ", ".join([*away, f"job {job.id} waits to make it again"])
    )
    assert "an unfinished job needs it" in found["artifacts"]
    row = queries.job(conn, job.id)
    assert (row.state, row.result) == ("waiting", None)
    assert job.key[:12] in row.reason
    assert not path.exists()


def test_an_artifact_that_nobody_waits_for_is_told_as_such(home, conn, queued, wnkd):
    conn.execute("UPDATE job SET state = 'done'")
    for job in queued.values():
        path = done(home, conn, job)
    (path / "model.safetensors").unlink()
    found = wrong(wnkd("doctor", "--json"))
    assert "; no unfinished job needs it" in found["artifacts"]


def test_a_given_file_that_is_gone_is_told(home, conn, queued, finds_and_mends):
    name = f"nouns-{'a' * 16}.txt"
    spec = json.dumps({"settings": {"nouns": f"file:{name}"}, "encoder": f"ViT/file:{name}"})
    conn.execute("UPDATE job SET spec = ? WHERE id = ?", [spec, queued["teacher"].id])
    found = finds_and_mends({"given files"}, heals=False)
    assert found["given files"].startswith(f"{name}, which job {queued['teacher'].id} needs, is")


# ---- the home


def test_a_heartbeat_of_the_future_is_told_and_a_dead_one_forgotten(conn, queued, finds_and_mends):
    supervise(conn, gone_process(), ahead=3600)
    found = finds_and_mends({"clock"}, "forgot a run-queue that is gone")
    assert "60 minutes from now" in found["clock"]


def test_a_config_that_cannot_be_is_told_and_the_rest_is_looked_at(home, wnkd):
    (home.root / "config.toml").write_text("[queue]\nretries = -1\n")
    result = wnkd("doctor", "--json")
    assert set(wrong(result)) == {"config"}
    assert "queue.retries" in wrong(result)["config"]
    assert "artifacts" in {one["name"] for one in json.loads(result.stdout)["checks"]}


def test_a_disk_without_room_for_jobs_is_told(home, wnkd):
    (home.root / "config.toml").write_text(f"[queue]\nfree_disk = {2**40}\n")
    assert "no job starts below" in wrong(wnkd("doctor", "--json"))["disk"]


def test_a_database_that_cannot_be_written_is_told(home, wnkd, monkeypatch):
    may = os.access
    monkeypatch.setattr(os, "access", lambda path, how: path != home.db and may(path, how))
    assert f"{home.db} cannot be written" in wrong(wnkd("doctor", "--json"))["home"]


def test_a_home_that_anybody_may_write_to_is_closed(home, finds_and_mends):
    home.root.chmod(0o777)
    finds_and_mends({"home"}, f"{home.root} can no longer be written by others")
    assert home.root.stat().st_mode & 0o777 == 0o775


# ---- the database


def test_a_damaged_database_is_saved_and_the_rest_is_looked_at(home, conn, queued, wnkd):
    conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    conn.close()
    content = bytearray(home.db.read_bytes())
    content[8192 : 8192 + 4096] = b"\xff" * 4096
    home.db.write_bytes(content)
    before = home.db.read_bytes()
    assert "is damaged" in wrong(wnkd("doctor", "--json"))["database"]
    assert home.db.read_bytes() == before
    result = wnkd("doctor", "--mend", "--json")
    assert wrong(result) == {}
    (line,) = mended(result)
    kept = line.rpartition(" is ")[2]
    assert home.root.joinpath(kept).exists()
    assert wrong(wnkd("doctor", "--json")) == {}


def test_garbage_for_a_database_without_a_backup_is_told(home, wnkd):
    home.db.write_bytes(b"this is no database" * 100)
    for words in (("doctor", "--json"), ("doctor", "--mend", "--json")):
        assert set(wrong(wnkd(*words))) == {"database"}
    assert home.db.read_bytes() == b"this is no database" * 100


@pytest.mark.parametrize(("version", "ok"), [("9999", False), ("0002", True)])
def test_a_database_of_another_schema_is_not_touched(home, conn, wnkd, version, ok):
    conn.execute("UPDATE alembic_version SET version_num = ?", [version])
    conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    conn.close()
    before = home.db.read_bytes()
    for words in (("doctor", "--json"), ("doctor", "--mend", "--json")):
        result = wnkd(*words)
        assert set(wrong(result)) == (set() if ok else {"database"})
        assert mended(result) == []
    assert home.db.read_bytes() == before


def test_no_database_yet_is_no_fault_and_none_is_made(home, wnkd):
    for path in home.root.glob("wnkd.db*"):
        path.unlink()
    assert wrong(wnkd("doctor", "--json")) == {}
    assert not home.db.exists()


# ---- all together


def test_all_at_once_and_a_line_for_each(home, conn, queued, wnkd):
    teacher, logits = queued["teacher"], queued["logits"]
    (done(home, conn, teacher) / "model.safetensors").unlink()
    set_running(conn, logits, str(gone_process()))
    folder = home.job(logits.key)
    folder.mkdir()
    line = json.dumps({"t": 1, "type": "metric", "step": 1, "values": {"loss": 0.5}})
    (folder / "events.jsonl").write_text(f"{line}\n")
    (home.artifacts / "tmp" / f"{logits.key}.9").mkdir(parents=True)
    shown = wnkd("doctor", "--mend")
    assert shown.exit_code == 0, shown.stdout
    lines = [line.split(maxsplit=1)[1] for line in shown.stdout.splitlines() if "MENDED" in line]
    assert [" ".join(line.split()) for line in lines] == [
        f"running jobs mended: job {logits.id} is waiting again",
        f"events mended: job {logits.id}: read its events on, 1 numbers",
        f"half-made mended: moved {logits.key[:12]}… away",
        f"artifacts mended: moved artifact {teacher.key[:12]} away,"
        f" job {teacher.id} waits to make it again",
    ]
    assert wnkd("doctor").exit_code == 0
    assert wnkd("gc", "--delete").exit_code == 0
    assert list(home.artifacts.rglob("*.9")) == []


def test_what_cannot_be_mended_is_told_with_the_reason(home, queued, wnkd, monkeypatch):
    from wnkd_tui.queue.housekeeping import trash

    def put(*_):
        raise OSError(28, "No space left on device")

    (home.artifacts / "tmp" / f"{queued['teacher'].key}.9").mkdir(parents=True)
    monkeypatch.setattr(trash, "put", put)
    found = wrong(wnkd("doctor", "--mend", "--json"))
    assert "not mended: " in found["half-made"]
    assert "No space left" in found["half-made"]


def test_only_one_mends_at_a_time(home, wnkd):
    with FileLock(home.root / gc.LOCK):
        assert wnkd("doctor", "--mend").exit_code == 2
        assert wnkd("doctor").exit_code == 0
