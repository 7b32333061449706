"""The processes of a job: which they are, how they end, and that no stranger is ever touched."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine import process as processes
from engine.process import ProcessId
from wnkd_tui.queue.executors.base import Alive, Gone, NotNowError
from wnkd_tui.queue.executors.launchers import WARM, PlainLauncher, WarmLauncher
from wnkd_tui.queue.executors.local import LocalExecutor
from wnkd_tui.queue.executors.processes import family, send

HERE = Path(__file__).parent
SLEEPER = [sys.executable, "-c", "import time; time.sleep(120)"]


@pytest.fixture
def start():
    """Starts a process that leads a session; all of them are ended."""
    started = []

    def start(*command, **options):
        process = subprocess.Popen(command or SLEEPER, start_new_session=True, **options)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def plain(*command):
    return LocalExecutor(PlainLauncher([sys.executable, "-c", *command]))


@pytest.fixture
def warm(tmp_path, monkeypatch):
    """Makes an executor with a warm server, whose jobs are `fake_loader`."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE.parents[1]), str(HERE)]))
    command = [*WARM, "--target", "fake_loader:run", "--preload", "engine.events"]
    return lambda: LocalExecutor(WarmLauncher(tmp_path / "warm.log", command))


@pytest.fixture(params=["boot", "no boot"])
def boot(request, monkeypatch):
    """As on this system, and as on one that names no boot and has no /proc."""
    if request.param == "no boot":
        monkeypatch.setattr(processes, "boot", lambda: "")


def end_of(executor, handle):
    deadline = time.monotonic() + 20
    while isinstance(status := executor.poll(handle), Alive):
        assert time.monotonic() < deadline
        executor.wait(0.05)
    return status


@pytest.mark.parametrize(
    ("program", "gone", "reason"),
    [
        ("", Gone(code=0), "its process ended with code 0 and said nothing"),
        ("raise SystemExit(3)", Gone(code=3), "its process ended with code 3 and said nothing"),
        ("import os; os.kill(os.getpid(), 9)", Gone(signal=9), "killed by signal 9 (SIGKILL)"),
        ("import os; os.kill(os.getpid(), 40)", Gone(signal=40), "killed by signal 40"),
    ],
)
def test_the_end_of_a_job_is_told_as_it_was(tmp_path, program, gone, reason):
    executor = plain(program)

    status = end_of(executor, executor.submit(tmp_path, {}))

    assert status == gone
    assert status.reason == reason


def test_how_an_adopted_job_ended_is_not_known(tmp_path):
    executor = plain("")
    handle = executor.submit(tmp_path, {})
    end_of(executor, handle)

    status = plain("").poll(handle)

    assert status == Gone()
    assert status.reason is None


def test_a_job_of_another_boot_is_gone_with_the_host(tmp_path, start, monkeypatch):
    handle = str(ProcessId.of(start().pid))
    executor = plain("")
    assert executor.poll(handle) == Alive()

    monkeypatch.setattr(processes, "boot", lambda: "another/1")

    assert executor.poll(handle) == Gone(restarted=True)
    assert executor.poll(handle).reason == "the host was restarted"


@pytest.mark.skipif(not processes.boot(), reason="this system names no boot")
def test_a_job_of_another_container_is_gone_but_the_host_was_not_restarted(start, monkeypatch):
    """It is polled only where its supervisor is silent, and nothing here can see it."""
    process = start()
    handle = str(ProcessId.of(process.pid))
    run = processes.boot().partition("/")[0]
    monkeypatch.setattr(processes, "boot", lambda: f"{run}/1")
    executor = plain("")

    executor.cancel(handle, 0.0)

    assert executor.poll(handle) == Gone()
    assert process.poll() is None


def test_handles_and_records_of_an_older_wnkd_are_still_read(tmp_path, start):
    import psutil

    process = start()
    started = psutil.Process(process.pid).create_time()
    executor = plain("")
    record = tmp_path / "process.json"
    record.write_text(json.dumps({"pid": process.pid, "started": started}))

    handle = executor.find(tmp_path)

    assert handle == f"{process.pid}:{started!r}"
    assert executor.poll(handle) == Alive()
    executor.cancel(handle, 20.0)
    assert process.wait(20) == -signal.SIGTERM
    assert end_of(executor, handle) == Gone()


def test_a_record_names_the_process_that_does_the_job(tmp_path):
    executor = plain("")
    record = tmp_path / "process.json"
    me = str(ProcessId.of(os.getpid()))

    assert executor.find(tmp_path) is None
    for text, found in (
        (json.dumps({"process": me}), me),
        ("", None),
        ("[1]", None),
        ('{"process": 7}', None),
        ('{"process": "rubbish"}', None),
        ('{"pid": 7}', None),
    ):
        record.write_text(text)
        assert executor.find(tmp_path) == found


def test_what_a_job_leaves_behind_is_ended(tmp_path):
    """A child in the job's group, and one that left the group but not the session."""
    program = (
        "import subprocess, sys, os\n"
        "from pathlib import Path\n"
        "sleep = [sys.executable, '-c', 'import time; time.sleep(120)']\n"
        "left = [subprocess.Popen(sleep), subprocess.Popen(sleep, process_group=0)]\n"
        "Path(sys.argv[1], 'left.txt').write_text(' '.join(str(p.pid) for p in left))\n"
        "os._exit(0)\n"
    )
    executor = plain(program)

    assert end_of(executor, executor.submit(tmp_path, {})) == Gone(code=0)

    pids = [int(pid) for pid in (tmp_path / "left.txt").read_text().split()]
    assert len(pids) == 2
    assert not any(ProcessId.of(pid).runs() for pid in pids)


def test_a_family_holds_those_who_left_the_group_and_the_session(boot, start):
    program = (
        "import subprocess, sys, time\n"
        "sleep = [sys.executable, '-c', 'import time; time.sleep(120)']\n"
        "own = subprocess.Popen(sleep, start_new_session=True)\n"
        "group = subprocess.Popen(sleep, process_group=0)\n"
        "print(own.pid, group.pid, flush=True)\n"
        "time.sleep(120)\n"
    )
    leader = start(sys.executable, "-c", program, stdout=subprocess.PIPE)
    own, group = (ProcessId.of(int(pid)) for pid in leader.stdout.readline().split())
    me = ProcessId.of(leader.pid)

    assert family(me) == {me, own, group}
    leader.kill()
    assert family(me) <= {me, own, group}
    leader.wait()
    leader.stdout.close()
    assert family(me) == {group}  # the other one could be anybody's now
    known = family(me, {own})
    assert known == {group, own}
    for one in known:
        send(one, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while family(me, known):
        assert time.monotonic() < deadline


def test_a_stranger_with_the_jobs_pid_is_never_signalled(boot, start):
    """It leads a group, a session and a child, as a job of that pid would."""
    program = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(120)'])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(120)\n"
    )
    stranger = start(sys.executable, "-c", program, stdout=subprocess.PIPE)
    child = ProcessId.of(int(stranger.stdout.readline()))
    stranger.stdout.close()
    now = ProcessId.of(stranger.pid)
    ours = ProcessId(now.pid, now.started - 10.0, now.boot)
    executor = plain("")

    for handle in (str(ours), f"{stranger.pid}:12345.0"):
        executor.cancel(handle, 0.0)
        assert end_of(executor, handle) == Gone()
    send(ours, signal.SIGKILL)

    assert now.runs()
    assert child.runs()
    assert family(ours) == set()
    assert family(ours, {ProcessId(child.pid, child.started - 10.0, child.boot)}) == set()


def test_a_zombie_strangers_children_are_strangers(boot, start):
    program = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(120)'])\n"
        "print(child.pid, flush=True)\n"
    )
    stranger = start(sys.executable, "-c", program, stdout=subprocess.PIPE)
    child = ProcessId.of(int(stranger.stdout.readline()))
    stranger.stdout.close()
    now = ProcessId.of(stranger.pid)

    try:
        deadline = time.monotonic() + 20
        while not processes.is_zombie(stranger.pid):
            assert time.monotonic() < deadline
        assert family(ProcessId(now.pid, now.started - 10.0, now.boot)) == set()
        assert family(now) == {child}
    finally:
        send(child, signal.SIGKILL)


def test_signals_are_sent_where_the_kernel_has_no_descriptors(start, monkeypatch):
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    process = start()
    now = ProcessId.of(process.pid)

    send(ProcessId(now.pid, now.started - 10.0, now.boot), signal.SIGKILL)
    assert process.poll() is None
    send(now, signal.SIGTERM)

    assert process.wait(20) == -signal.SIGTERM
    send(now, signal.SIGKILL)  # nobody is there


@pytest.mark.parametrize("kind", ["plain", "warm"])
def test_waiting_ends_when_a_job_does(kind, tmp_path, warm):
    (tmp_path / "job.json").write_text('{"settings": {"doing": "nothing"}}')
    executor = warm() if kind == "warm" else plain("")
    began = time.monotonic()
    while not executor.ready():
        executor.wait(100)

    handle = executor.submit(tmp_path, {})
    while isinstance(executor.poll(handle), Alive):
        executor.wait(100)

    assert time.monotonic() - began < 90
    assert executor.poll(handle) == Gone(code=0)
    executor.close()


def test_waiting_lasts_no_longer_than_told():
    began = time.monotonic()
    plain("").wait(0.05)
    assert 0.04 < time.monotonic() - began < 20


def test_a_request_that_the_server_did_not_live_to_read_is_not_now_and_no_fault(tmp_path, warm):
    executor = warm()
    while not executor.ready():
        executor.wait(20)
    server = executor._launcher._server
    server._process.kill()
    server._reader.join()
    with pytest.raises(NotNowError):
        executor.submit(tmp_path, {})
    executor.close()


def test_a_job_whose_server_is_gone_runs_on_and_ends_unknown(tmp_path, warm):
    (tmp_path / "job.json").write_text('{"settings": {"doing": "threads"}}')
    executor = warm()
    while not executor.ready():
        executor.wait(20)
    handle = executor.submit(tmp_path, {})

    executor.close()

    assert executor.poll(handle) == Alive()
    send(ProcessId.parse(handle), signal.SIGKILL)
    assert end_of(executor, handle) == Gone()
