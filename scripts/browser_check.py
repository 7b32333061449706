"""The app in a real browser: a trial is queued with the form, the worker is started, the result
comes, all by keys; and nothing leaves the machine. `make browser`; needs Debian's chromium.

Prints what it saw, writes docs/images/browser.png, and ends with 1 where something is not right.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import psutil
from playwright.sync_api import Page, Request, Route, sync_playwright

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "browser.png"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SIZE = {"width": 1200, "height": 760}
PATIENCE = 300.0  # seconds for a trial of the demo's recipe on a busy machine
# One student without a teacher: past noise, alone and T_m the ticks of T_x and T_m+T_x go.
FORM = ["n", "Tab", "Tab", "Tab", "Tab", "Space", "Tab", "Space"]


class Failure(Exception):
    """Something is not as it should be."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--picture", type=Path, default=PICTURE)
    parser.add_argument("--browser", help="Chromium's program; found by its usual names")
    given = parser.parse_args()
    browser = given.browser or next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.exit("browser_check: there is no chromium here: apt install chromium")
    with TemporaryDirectory(prefix="wnkd-browser-") as home:
        try:
            check(Path(home), browser, given.picture)
        except Failure as failure:
            sys.exit(f"✗ {failure}")


def check(home: Path, browser: str, picture: Path) -> None:
    with served(home) as (url, server), sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=FLAGS)
        stranger = chromium.new_page()
        answer = stranger.goto(url.partition("?")[0])
        expect(answer is not None and answer.status == 403, "without the token: 403")
        expect(socket_refused(stranger), "a WebSocket without the token is refused")
        stranger.close()

        page = chromium.new_context(viewport=SIZE).new_page()  # type: ignore[arg-type]
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.route("**/*", local_alone)
        page.goto(url)
        expect("token" not in page.url, "the address bar does not keep the token")
        page.wait_for_selector("body.-first-byte", state="attached", timeout=60_000)
        wait("the app is drawn", lambda: (home / "wnkd.db").exists())
        page.wait_for_timeout(2000)

        press(page, *FORM)
        page.wait_for_timeout(2000)  # it is checked while one types
        press(page, "Control+s")
        wait("the form queued a trial", lambda: len(trials(home)) == 1)
        press(page, "w")
        wait("a job runs", lambda: any(job["state"] == "running" for job in jobs(home)))
        wait("all jobs are done", lambda: {job["state"] for job in jobs(home)} == {"done"})
        page.wait_for_timeout(4000)
        press(page, "Enter")  # on its line among the last results: the run in full
        page.wait_for_timeout(4000)
        page.screenshot(path=str(picture))
        print(f"✓ {picture}")

        outside = {url for url in asked if not is_local(url)} | strangers(server.pid)
        expect(not outside, f"{len(asked)} requests, none leaves the machine {outside or ''}")
        press(page, "Control+q")
        page.wait_for_timeout(500)
        press(page, "n")  # leave, and stop the worker
        page.wait_for_selector("body.-closed", state="attached", timeout=30_000)
        print("✓ ctrl+q ends the app and stops the worker")
        chromium.close()


@contextmanager
def served(home: Path) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """`wnkd-tui --web` on a home of its own: the address that it tells, and the process."""
    server = subprocess.Popen(
        [sys.executable, "-m", "wnkd_tui.app", "--web", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "WNKD_HOME": str(home)},
    )
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        expect("token=" in line, "the address is told")
        yield next(word for word in line.split() if word.startswith("http")), server
    finally:
        server.terminate()
        left = psutil.Process(server.pid).children(recursive=True)
        server.wait(timeout=30)
        for process in psutil.wait_procs(left, timeout=10)[1]:
            process.kill()


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
        page.wait_for_timeout(250)


def local_alone(route: Route, request: Request) -> None:
    if is_local(request.url):
        route.continue_()
    else:
        route.abort()


def is_local(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("data", "blob") or parts.hostname == "127.0.0.1"


def strangers(server: int) -> set[str]:
    """Addresses elsewhere to which this program's processes have a connection."""
    mine = [psutil.Process(), *psutil.Process().children(recursive=True)]
    found = set()
    for process in mine:
        try:
            connections = process.net_connections(kind="inet")
        except psutil.Error:
            continue
        found |= {c.raddr.ip for c in connections if c.raddr}
    return {ip for ip in found if not ip.startswith("127.") and ip != "::1"}


def socket_refused(page: Page) -> bool:
    opened: bool = page.evaluate(
        """() => new Promise(tell => {
            const socket = new WebSocket(`ws://${location.host}/ws`);
            socket.onopen = () => tell(true);
            socket.onerror = () => tell(false);
        })"""
    )
    return not opened


def listed(home: Path, *command: str) -> Any:
    ended = subprocess.run(
        [sys.executable, "-m", "wnkd_tui.cli", *command, "--json"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "WNKD_HOME": str(home)},
    )
    return json.loads(ended.stdout) if ended.returncode == 0 else {}


def jobs(home: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = listed(home, "queue", "list").get("jobs", [])
    return found


def trials(home: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = listed(home, "trial", "list").get("trials", [])
    return found


def wait(what: str, happened: Callable[[], bool]) -> None:
    began = time.monotonic()
    while not happened():
        if time.monotonic() - began > PATIENCE:
            raise Failure(f"{what}: not within {PATIENCE:.0f} s")
        time.sleep(0.5)
    print(f"✓ {what} ({time.monotonic() - began:.1f} s)")


def expect(fine: bool, what: str) -> None:
    if not fine:
        raise Failure(what)
    print(f"✓ {what}")


if __name__ == "__main__":
    main()
