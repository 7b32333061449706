"""`wnkd-tui --web`: who may come in. Without a browser; scripts/browser_check.py has one."""

import asyncio
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

pytest.importorskip("textual_serve")
from aiohttp import WSMsgType, WSServerHandshakeError
from aiohttp.test_utils import TestClient, TestServer

from wnkd_tui.app import web

TOKEN = "a-token-of-a-test"
# Stands for the app: says that it is one, draws four signs, and repeats what is typed.
APP = """
import sys
out = sys.stdout.buffer
out.write(b"__GANGLION__\\n" + b"D" + (4).to_bytes(4, "big") + b"wnkd")
out.flush()
while (head := sys.stdin.buffer.read(5)) and head[:1] == b"D":
    typed = sys.stdin.buffer.read(int.from_bytes(head[1:], "big"))
    out.write(b"D" + len(typed).to_bytes(4, "big") + typed)
    out.flush()
"""


def make(tmp_path: Path, host: str = "127.0.0.1", *, open_to_all: bool = False) -> web.WebServer:
    script = tmp_path / "app.py"
    script.write_text(APP)
    command = f"{sys.executable} {script}"
    return web.WebServer(host, TOKEN, open_to_all=open_to_all, command=command)


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[TestClient]:
    async with TestClient(TestServer(await make(tmp_path).app())) as client:
        yield client


async def enter(client: TestClient) -> None:
    """The first visit, by the address that is told."""
    answer = await client.get(f"/?token={TOKEN}")
    assert answer.status == 200


@pytest.mark.parametrize(
    "path", ["/", "/ws", "/static/js/textual.js", "/static/", "/download/x", "/nothing"]
)
async def test_nothing_is_given_without_the_token(client: TestClient, path: str) -> None:
    for query in ("", "?token=", "?token=wrong", "?token=%C3%A9%00", f"?token={TOKEN}x"):
        answer = await client.get(path + query)
        assert answer.status == 403
        assert "textual" not in (await answer.text()).replace("wnkd-tui", "")


async def test_the_token_is_taken_at_the_door_alone(client: TestClient) -> None:
    assert (await client.get(f"/static/js/textual.js?token={TOKEN}")).status == 403
    answer = await client.get(f"/?token={TOKEN}", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert (await client.get("/")).status == 200
    assert (await client.get("/static/js/textual.js")).status == 200
    assert (await client.get("/static/")).status == 403  # nobody lists the folder


async def test_a_websocket_needs_the_token_and_the_own_page(client: TestClient) -> None:
    with pytest.raises(WSServerHandshakeError, match="403"):
        await client.ws_connect("/ws")
    await enter(client)
    own = f"http://{client.host}:{client.port}"
    for origin in ("http://evil.example", "null", own + "0", own.replace("http", "https")):
        with pytest.raises(WSServerHandshakeError, match="403"):
            await client.ws_connect("/ws", headers={"Origin": origin})
    async with client.ws_connect("/ws", headers={"Origin": own}) as page:
        assert (await page.receive()).data == b"wnkd"
        await page.send_json(["stdin", "q"])
        answer = await page.receive()
        assert (answer.type, answer.data) == (WSMsgType.BINARY, b"q")
        (app,) = psutil.Process().children()
    while app.is_running():  # the app ends with its page
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)  # its pipes are closed a moment later


@pytest.mark.parametrize(
    ("host", "fine"),
    [
        ("localhost:9000", True),  # another port: through ssh -L
        ("[::1]:8765", True),
        ("127.0.0.1", True),
        ("evil.example:8765", False),
        ("192.168.1.2:8765", False),
        ("localhost.evil.example", False),
        ("[::1", False),
        ("", False),
    ],
)
async def test_a_name_that_others_own_does_not_lead_here(
    client: TestClient, host: str, fine: bool
) -> None:
    await enter(client)
    cookies = {"Cookie": f"{make_cookie()}={TOKEN}", "Host": host}
    assert (await client.get("/", headers=cookies)).status == (200 if fine else 403)


def make_cookie() -> str:
    import hashlib

    return f"wnkd-{hashlib.sha256(TOKEN.encode()).hexdigest()[:12]}"


async def test_where_others_may_come_numbers_and_own_names_are_fine(tmp_path: Path) -> None:
    server = make(tmp_path, "gpu-box.lab", open_to_all=True)
    async with TestClient(TestServer(await server.app())) as client:
        for host, status in (
            ("192.168.1.2:8765", 200),
            ("gpu-box.lab", 200),
            (socket.gethostname(), 200),
            ("evil.example", 403),
        ):
            headers = {"Cookie": f"{server.cookie}={TOKEN}", "Host": host}
            assert (await client.get("/", headers=headers)).status == status


async def test_the_page_loads_nothing_from_elsewhere(client: TestClient) -> None:
    await enter(client)
    answer = await client.get("/")
    page = await answer.text()
    assert f"ws://{client.host}:{client.port}/ws" in page
    assert not re.findall(r"https?://", page)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self';")
    assert "http" not in policy
    found = set(re.findall(r'(?:src|href)="(/[^"]+)"', page))
    assert len(found) == 4
    for path in found:
        assert (await client.get(path)).status == 200
    css = await (await client.get("/static/css/xterm.css")).text()
    assert "url(" not in css
    assert "@import" not in css


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "wnkd_tui.app", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_cannot_be_served_is_told_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = run("--web", "--port", port)
        assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
        assert f"port {port} of 127.0.0.1 is taken: --port chooses another" in ended.stderr
    ended = run("--port", "1")
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    for host, port in (("no.such.name.invalid", 0), ("127.0.0.1", 99999)):
        with pytest.raises(web.WebError, match="cannot listen at"):
            web.bind(host, port)


def test_a_missing_package_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from wnkd_tui import app

    monkeypatch.setattr(sys, "argv", ["wnkd-tui", "--web"])
    monkeypatch.setattr(app, "find_spec", lambda name: None)
    with pytest.raises(SystemExit) as ended:
        app.main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        "wnkd-tui: --web needs the package textual-serve: pip install 'wnkd-tui[web]'\n"
    )


@pytest.mark.parametrize(("host", "warns"), [("127.0.0.1", False), ("0.0.0.0", True)])
def test_the_address_is_told_once(
    host: str, warns: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run_app(coroutine: object, *, sock: socket.socket, **_: object) -> None:
        coroutine.close()  # type: ignore[attr-defined]
        sock.close()

    monkeypatch.setattr(web.web, "run_app", run_app)
    web.serve(host, 0)
    told = capsys.readouterr()
    assert re.fullmatch(
        r"wnkd-tui is at http://\S+:\d+/\?token=[\w-]{43} \(ctrl\+c ends it\)\n", told.out
    )
    assert ("not encrypted" in told.err, told.err.count("\n")) == (warns, int(warns))
