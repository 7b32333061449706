"""Notices by real programs and a real web server; the queue's side is never held up."""

import json
import math
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psutil
import pytest

from engine.spec import MultimodalSpec, Teachers, TrialSpec
from wnkd_tui.config import NotifyConfig
from wnkd_tui.queue import channels, notices
from wnkd_tui.queue.channels import Message
from wnkd_tui.queue.notices import Notice, Notices, together, trial_finished
from wnkd_tui.store.rows import JobRow, TrialRow

PATIENCE = 20.0
ALL = ("failed", "finished", "empty")


def until(true):
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def gone(pid):
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.fixture
def script(tmp_path):
    """Writes a program; what it is told it may keep in `told`, a line a notice."""

    def make(lines):
        path = tmp_path / "tell.py"
        head = f"#!{sys.executable} -IS\nimport os, sys, time\n"
        head += f"told = open({str(tmp_path / 'told')!r}, 'a', encoding='utf-8')\n"
        path.write_text(head + lines, encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    return make


KEEP = "print(os.environ['WNKD_EVENT'], *sys.argv[1:], sep='|', file=told, flush=True)\n"


@pytest.fixture
def told(tmp_path):
    def read():
        path = tmp_path / "told"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    return read


@pytest.fixture
def start(home):
    """Notices to a command or a webhook, as fast as they come unless said otherwise."""
    started = []

    def make(**config):
        known = {"on": ALL, "command": (), "webhook": "", "every": 0.0, "timeout": 5.0}
        started.append(Notices(NotifyConfig(**(known | config)), home))
        return started[-1]

    yield make
    for one in started:
        one.close()


@pytest.fixture
def written(home):
    def read():
        path = home.root / notices.LOG
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    return read


@pytest.fixture
def web(monkeypatch):
    """A server whose answers a test makes; `posts` are what it was sent."""
    monkeypatch.setenv("no_proxy", "*")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            server.posts.append((self.command, self.path, self.headers, body))
            server.answer(self)

        do_GET = do_POST

        def log_message(self, *_):
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.posts = []
    server.url = f"http://127.0.0.1:{server.server_port}/hook?token=secret"
    server.answer = lambda handler: reply(handler, 204)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def reply(handler, code, **headers):
    handler.send_response(code)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def test_nothing_configured_is_nothing_done(start, written):
    before = threading.active_count()
    nobody = start()
    nobody.tell("failed", "job 1 failed")
    assert threading.active_count() == before
    nobody.close()
    assert written() == []


def test_a_command_gets_text_and_event(start, script, told, written):
    to = start(command=(script(KEEP), "--title", "wnkd"), on=("failed", "empty"))
    to.tell("finished", "nobody wants to know")
    assert to._thread is None
    to.tell("failed", "job 7\n(T_x)\0 failed: Größe\ud800 τ 雪 $(touch x) 'a'")
    to.close()
    assert told() == ["failed|--title|wnkd|job 7 (T_x) failed: Größe? τ 雪 $(touch x) 'a'"]
    assert written() == []
    to.tell("failed", "too late")
    to.close()
    assert len(told()) == 1


def test_a_webhook_gets_json(start, web, written):
    to = start(webhook=web.url)
    to.tell("finished", "trial 3 τ", trial=3, top1=97.5, loss=math.nan)
    to.close()
    ((method, path, headers, body),) = web.posts
    assert (method, path) == ("POST", "/hook?token=secret")
    assert headers["Content-Type"] == "application/json"
    found = json.loads(body)
    assert isinstance(found.pop("host"), str)
    assert found == {
        "text": "trial 3 τ",
        "event": "finished",
        "counts": {"finished": 1},
        "dropped": 0,
        "notices": [
            {"event": "finished", "text": "trial 3 τ", "trial": 3, "top1": 97.5, "loss": None}
        ],
    }
    assert written() == []


def test_a_burst_is_told_together(start, script, told):
    to = start(command=(script(KEEP),), every=3600.0)
    to.tell("failed", "the first one")
    until(told)  # it goes at once, the others wait
    began = time.monotonic()
    for number in range(1200):
        to.tell("finished" if number % 3 else "failed", f"text {number}")
    assert time.monotonic() - began < 1.0
    assert told() == ["failed|the first one"]
    to.close()
    _, second = told()
    assert second.startswith(
        "several|667 trials finished, 333 jobs failed, 200 older ones left out: text 200; text 201;"
    )
    assert len(second) == len("several|") + notices.TEXT


def test_at_least_so_long_between_two(start, script, told):
    to = start(command=(script("print(time.monotonic(), file=told, flush=True)\n"),), every=0.5)
    for number in range(2):
        to.tell("empty", "nothing left")
        until(lambda number=number: len(told()) == number + 1)
    first, second = map(float, told())
    assert second - first > 0.4  # its own start takes a while


def test_what_is_told_together():
    some = [Notice("finished", f"trial {n}", {"trial": n}) for n in range(30)]
    some += [Notice("failed", "job 1", {}), Notice("empty", "queue empty", {})]
    message = together(some)
    assert message.event == "several"
    assert message.text.startswith("30 trials finished, 1 job failed, queue empty: trial 0; trial")
    assert message.text.endswith("job 1; queue empty")
    assert len(message.more["notices"]) == notices.LISTED
    assert message.more["counts"] == {"finished": 30, "failed": 1, "empty": 1}
    assert together(some[:2]).event == "finished"
    assert together([Notice("failed", "x" * 9999, {})]).text == "x" * 1999 + "…"


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("print('no\\x07 route'); sys.exit(3)", "exit code 3"),
        ("os.kill(os.getpid(), 9)", "ended by SIGKILL"),
        ("os.kill(os.getpid(), 15)", "ended by SIGTERM"),
    ],
)
def test_a_failure_is_tried_twice_and_written_down(
    start, script, told, written, monkeypatch, lines, says
):
    monkeypatch.setattr(notices, "AGAIN_AFTER", 0.01)
    to = start(command=(script(KEEP + lines),))
    to.tell("failed", "job 1")
    until(lambda: len([one for one in written() if "NOT sent" in one]) == 2)
    to.close()
    assert told() == ["failed|job 1"] * 2
    assert all(says in one for one in written() if "NOT sent" in one)


def test_a_command_that_is_not_there(start, written, monkeypatch):
    monkeypatch.setattr(notices, "AGAIN_AFTER", 0.01)
    to = start(command=("/no/such/program",))
    to.tell("failed", "job 1")
    to.close()
    assert written()
    assert all(
        one.endswith("NOT sent (failed): command program: cannot be started:"
                     " No such file or directory")
        for one in written()
    )  # fmt: skip


HANG = "import subprocess\nchild = subprocess.Popen(['sleep', '60'])\n"
HANG += "print(os.getpid(), child.pid, file=told, flush=True)\ntime.sleep(60)\n"


def test_a_command_that_hangs_is_ended_with_all_its_processes(start, script, told, written):
    to = start(command=(script(HANG),), timeout=0.7)
    to.tell("failed", "job 1")
    until(told)
    began = time.monotonic()
    to.close()
    assert time.monotonic() - began < 0.7 + notices.SLACK + 0.5
    pids = [int(pid) for one in told() for pid in one.split()]
    assert pids
    until(lambda: all(gone(pid) for pid in pids))
    assert "took longer than" in written()[0]


def test_close_sends_what_waits_and_no_longer_than_the_timeout(start, script, told, web):
    slow = script(KEEP + "time.sleep(60)")
    to = start(command=(slow,), webhook=web.url, every=3600.0, timeout=3.0)
    to.tell("failed", "one")
    until(told)  # the slow one has begun and takes all of its time
    began = time.monotonic()
    to.close()
    assert time.monotonic() - began < 2 * 3.0 + notices.SLACK + 0.5
    assert told() == ["failed|one"]
    assert [json.loads(post[3])["text"] for post in web.posts] == ["one"]  # had its share of time


def test_output_is_bounded_and_kept(start, script, told, home, monkeypatch):
    monkeypatch.setattr(notices, "LOG_LIMIT", 3000)
    to = start(command=(script(KEEP + "for _ in range(20000): print('y' * 98, end='\\n\\a')\n"),))
    for number in range(3):
        to.tell("empty", "nothing left")
        until(lambda number=number: len(told()) == number + 1)
    to.close()
    logs = sorted(home.root.glob("notices.log*"))
    assert [path.name for path in logs] == ["notices.log", "notices.log.1"]
    for path in logs:
        lines = path.read_text().splitlines()
        assert "sent (empty): command tell.py: exit code 0" in lines[0]
        assert lines[1] == f"    {'y' * 98}"
        assert path.stat().st_size < 2 * channels.OUTPUT


def test_a_log_that_cannot_be_written_is_no_fault(start, script, told, home):
    (home.root / notices.LOG).mkdir()
    to = start(command=(script(KEEP + "print('hello')"),))
    to.tell("empty", "nothing left")
    to.close()
    assert told() == ["empty|nothing left"]


def outcome(web, home, seconds=5.0, url=None):
    config = NotifyConfig(on=(), command=(), webhook=url or web.url, every=0.0, timeout=seconds)
    (channel,) = channels.channels(config, home)
    return channel.send(Message("test", "hello"), seconds)


@pytest.mark.parametrize("code", [200, 204, 404, 500])
def test_what_the_server_answers(web, home, code):
    web.answer = lambda handler: reply(handler, code)
    found = outcome(web, home)
    assert (found.ok, found.says[:8]) == (code < 300, f"HTTP {code}")
    assert found.channel == "webhook 127.0.0.1"


def test_a_server_that_never_answers(web, home):
    done = threading.Event()
    web.answer = lambda handler: done.wait(PATIENCE)
    began = time.monotonic()
    found = outcome(web, home, 0.8)
    done.set()
    assert not found.ok
    assert time.monotonic() - began < 2.0


def test_a_server_that_drips(web, home):
    """Each byte comes in time, the answer never: the whole is bounded, not only each wait."""
    done = threading.Event()

    def drip(handler):
        while not done.wait(0.05):
            handler.wfile.write(b"H")

    web.answer = drip
    found = outcome(web, home, 0.8)
    done.set()
    assert (found.ok, "took longer" in found.says) == (False, True)


def test_nobody_listens(web, home):
    url = web.url.replace(str(web.server_port), "1")
    found = outcome(web, home, url=url)
    assert not found.ok
    assert "refused" in found.says
    assert "secret" not in found.says


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://x/"])
def test_redirects_lead_nowhere_but_to_the_web(web, home, target):
    web.answer = lambda handler: reply(handler, 302, Location=target)
    found = outcome(web, home)
    assert not found.ok
    assert "\n" not in found.says
    assert len(web.posts) == 1


@pytest.mark.parametrize(("code", "method"), [(301, "POST"), (302, "GET"), (308, "POST")])
def test_what_has_moved_is_posted_there(web, home, code, method):
    def answer(handler):
        moved = handler.path.startswith("/new")
        reply(handler, 200) if moved else reply(handler, code, Location="/new")

    web.answer = answer
    assert outcome(web, home).ok
    assert [(post[0], post[1][:4]) for post in web.posts] == [("POST", "/hoo"), (method, "/new")]
    assert (web.posts[1][3] == web.posts[0][3]) == (method == "POST")


def test_a_circle_ends(web, home):
    web.answer = lambda handler: reply(handler, 301, Location="/hook")
    assert not outcome(web, home).ok
    assert len(web.posts) < 15


def test_proxies_are_those_of_the_environment(web, home, monkeypatch):
    monkeypatch.delenv("no_proxy")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{web.server_port}")
    assert outcome(web, home, url="http://example.invalid/hook").ok
    assert web.posts[0][1] == "http://example.invalid/hook"


def test_a_finished_trial_is_told_with_what_its_figures_depend_on():
    tx = MultimodalSpec("wordnet-graph", wn=100)
    changes = (("student.tau", 2.0),)
    spec = TrialSpec("digits", "demo", Teachers.TX, tx, 2, limit_train=300, changes=changes)
    row = TrialRow(3, "key", spec.name, spec, "done", 0.0, 2, 2)
    jobs = [_job("T_x", 97.224), _job("student", 95.0), _job("embed", None)]
    text, facts = trial_finished(row, jobs)
    assert text == (
        "trial 3 finished: T_x,(img, 0%gt 100%wn) S_s · digits (limit-train 300) · recipe demo with"
        " student.tau 2.0 · seed 2 · wordnet-graph (a stand-in, not CLIP) · validation text mixed:"
        " best epoch's top-1 T_x 97.22 %, student 95.00 %"
    )
    assert facts == {
        "trial": 3,
        "name": spec.name,
        "dataset": "digits",
        "T_x_val_top1": 97.224,
        "student_val_top1": 95.0,
    }
    assert trial_finished(row, [])[0].endswith("validation text mixed")


def _job(kind, top1):
    result = {"best": {"val_top1": top1, "epoch": 1}} if top1 else None
    fields = dict.fromkeys(JobRow.__dataclass_fields__)
    return JobRow(**fields | {"kind": kind, "result": result})


def test_no_thread_to_be_had_is_no_fault(start, script, told, monkeypatch):
    to = start(command=(script(KEEP),))

    def refuse(_):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        to.tell("failed", "one")
    to.tell("failed", "two")
    to.close()
    assert told() == ["failed|2 jobs failed: one; two"]


def test_the_environment_is_the_persons_own(start, script, told, monkeypatch):
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:x")
    keep = "print(os.environ['DBUS_SESSION_BUS_ADDRESS'], os.getpgrp() == os.getpid(), file=told)\n"
    to = start(command=(script(keep),))
    to.tell("empty", "x")
    to.close()
    assert told() == ["unix:x True"]
