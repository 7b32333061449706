"""`wnkd-tui`: the terminal app, or the same app in a browser."""

import argparse
import os
import sys
import threading
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wnkd_tui.app.application import WnkdApp  # late: a refusal is told at once

PORT = 8765
_LOOK = 2.0  # seconds between two looks whether the server is there


def main() -> None:
    """Opens the app; exit code 2 where there is no terminal to draw on."""
    parser = argparse.ArgumentParser(
        prog="wnkd-tui",
        description="Run and read knowledge distillation experiments. Home: $WNKD_HOME.",
    )
    parser.add_argument("--web", action="store_true", help="serve the app to a browser")
    parser.add_argument("--host", help="where --web listens (default: 127.0.0.1, this machine)")
    parser.add_argument("--port", type=int, help=f"its port (default: {PORT}; 0: any free one)")
    given = parser.parse_args()
    if given.web:
        _serve(given.host or "127.0.0.1", PORT if given.port is None else given.port)
        return
    if given.host is not None or given.port is not None:
        _refuse("--host and --port say where --web listens: give --web too")
    # A browser's app has no terminal: the library that serves it names its driver.
    served = "TEXTUAL_DRIVER" in os.environ
    if not (served or (sys.stdin.isatty() and sys.stdout.isatty())):
        _refuse("needs a terminal; `wnkd queue list` works without one, and --web serves a browser")
    if not served and os.environ.get("TERM") == "dumb":
        _refuse("TERM=dumb says that nothing can be drawn here; `wnkd queue list` needs no more")
    from wnkd_tui.app.application import WnkdApp  # late: a refusal is told at once

    app = WnkdApp()
    if served:
        threading.Thread(target=_end_with_server, args=[app], daemon=True).start()
    app.run()
    raise SystemExit(app.return_code or 0)


def _serve(host: str, port: int) -> None:
    if find_spec("textual_serve") is None:
        _refuse("--web needs the package textual-serve: pip install 'wnkd-tui[web]'")
    from wnkd_tui.app.web import WebError, serve  # late: an extra

    try:
        serve(host, port)
    except WebError as error:
        _refuse(str(error))


def _end_with_server(app: "WnkdApp") -> None:
    """A server that was killed told its apps nothing."""
    server = os.getppid()
    while os.getppid() == server:
        time.sleep(_LOOK)
    app.call_from_thread(app.exit)


def _refuse(why: str) -> None:
    print(f"wnkd-tui: {why}", file=sys.stderr)
    raise SystemExit(2)
