"""`wnkd-tui --web`: the app in a browser, by the library textual-serve.

Each page that is opened is an app of its own, in a process of its own. Who opens one may do all
that the app does, so every request needs the token that is told at the start: a browser gets it as
a cookie by its first visit. Host and Origin are looked at too, so that no other site's page can
reach the app by a name that leads here (DNS rebinding). All that the page loads comes from here.
"""

import asyncio
import errno
import hashlib
import ipaddress
import os
import secrets
import shlex
import socket
import sys
from importlib import resources
from string import Template
from urllib.parse import urlsplit

import psutil
from aiohttp import web
from aiohttp.typedefs import Handler
from textual_serve.server import Server

from engine.errors import WnkdError

COMMAND = (sys.executable, "-m", "wnkd_tui.app")
_PATIENCE = 2.0  # seconds that open pages have to close when the server ends
_REFUSED = "403: open the address that `wnkd-tui --web` told when it started\n"


class WebError(WnkdError):
    """The app cannot be served there."""


class WebServer(Server):
    """`host` is the address that people name; `open_to_all` that it is no loopback one."""

    def __init__(self, host: str, token: str, *, open_to_all: bool, command: str) -> None:
        super().__init__(command, host=host, title="wnkd")
        self._token = token
        self._open_to_all = open_to_all
        # Cookies do not know ports: each server's has a name of its own.
        self.cookie = f"wnkd-{hashlib.sha256(token.encode()).hexdigest()[:12]}"
        files = resources.files("wnkd_tui.app")
        self._page = Template(files.joinpath("web.html").read_text("utf-8"))
        self._script = files.joinpath("web.js").read_text("utf-8")

    async def app(self) -> web.Application:
        """What aiohttp runs."""
        made = web.Application(middlewares=[self._guarded])
        made.router.add_get("/", self._index)
        made.router.add_get("/web.js", self._javascript)
        made.router.add_get("/ws", self.handle_websocket)
        made.router.add_get("/download/{key}", self.handle_download)
        made.router.add_static("/static", self.statics_path)
        made.on_response_prepare.append(_shut_in)
        made.on_cleanup.append(_wait_for_apps)
        return made

    async def _index(self, request: web.Request) -> web.Response:
        scheme = "wss" if request.secure else "ws"
        page = self._page.substitute(websocket=f"{scheme}://{request.host}/ws")
        return web.Response(text=page, content_type="text/html")

    async def _javascript(self, _: web.Request) -> web.Response:
        return web.Response(text=self._script, content_type="text/javascript")

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Lets nothing pass that lacks the token or comes from another site's page."""
        if not self._is_named(request) or not _is_own(request):
            raise web.HTTPForbidden(text=_REFUSED)
        given = request.query.get("token")
        if given is not None and request.path == "/" and self._is_token(given):
            # On to an address without it, which may stand in a history.
            answer = web.HTTPSeeOther("/")
            answer.set_cookie(self.cookie, self._token, httponly=True, samesite="Lax", path="/")
            raise answer
        if not self._is_token(request.cookies.get(self.cookie, "")):
            raise web.HTTPForbidden(text=_REFUSED)
        return await handler(request)

    def _is_token(self, given: str) -> bool:
        return secrets.compare_digest(given.encode(), self._token.encode())

    def _is_named(self, request: web.Request) -> bool:
        """Whether the Host is one that only leads here: a number, or a name of this machine.

        Behind `ssh -L` the port is another one; it says nothing about who asks.
        """
        try:
            name = urlsplit(f"//{request.host}").hostname or ""
        except ValueError:
            return False
        try:
            return ipaddress.ip_address(name).is_loopback or self._open_to_all
        except ValueError:
            own = {"localhost", self.host.lower()}
            if self._open_to_all:
                own |= {socket.gethostname().lower(), socket.getfqdn().lower()}
            return name in own


def _is_own(request: web.Request) -> bool:
    """Whether no other site's page asks: browsers name the Origin of all that could do harm."""
    origin = request.headers.get("Origin")
    return origin is None or origin == f"{request.scheme}://{request.host}"


async def _shut_in(request: web.Request, response: web.StreamResponse) -> None:
    """Headers that keep the page to this server, whatever it holds."""
    here = f"{'wss' if request.secure else 'ws'}://{request.host}"
    response.headers.update(
        {
            "Content-Security-Policy": (
                f"default-src 'self'; connect-src 'self' {here}; img-src 'self' data:;"
                " style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none';"
                " form-action 'none'"
            ),
            "Cross-Origin-Resource-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }
    )


async def _wait_for_apps(_app: web.Application) -> None:
    """Those of pages that were open have been told to end; the loop sees their ends."""
    for _ in range(100):
        await asyncio.sleep(0.02)
        if not psutil.Process().children():
            break


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 takes any that is free. Raises WebError."""
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server((address[0], port), family=family)
    except (OSError, OverflowError, UnicodeError) as error:
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            raise WebError(f"port {port} of {host} is taken: --port chooses another") from None
        said = getattr(error, "strerror", None) or str(error)
        raise WebError(f"cannot listen at {host} port {port} ({said})") from None


def serve(host: str, port: int) -> None:
    """Serves the app until ctrl+c or SIGTERM, and tells its address once. Raises WebError."""
    listening = bind(host, port)
    number, port = listening.getsockname()[:2]
    is_open = not ipaddress.ip_address(number.partition("%")[0]).is_loopback
    if is_open:
        print(
            f"wnkd-tui: {host} can be reached from elsewhere, and what goes over the wire is not"
            " encrypted, the token included: docs/web.md shows the way by ssh -L",
            file=sys.stderr,
        )
    os.environ.setdefault("WNKD_ASCII", "0")  # browsers show every sign
    token = secrets.token_urlsafe(32)
    command = f"exec {shlex.join(COMMAND)}"  # no shell between: an app looks for its server
    server = WebServer(host, token, open_to_all=is_open, command=command)
    named = socket.gethostname() if number in ("0.0.0.0", "::") else host
    where = f"[{named}]" if ":" in named else named
    print(f"wnkd-tui is at http://{where}:{port}/?token={token} (ctrl+c ends it)", flush=True)
    web.run_app(
        server.app(), sock=listening, print=None, access_log=None, shutdown_timeout=_PATIENCE
    )
