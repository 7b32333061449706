"""What must hold in the app and in its database after any event; for the soak."""

import asyncio
import time
from collections import Counter
from contextlib import closing

from textual import actions

from wnkd_tui.app.application import WnkdApp
from wnkd_tui.app.screens.broken import Broken
from wnkd_tui.app.widgets.footer import Footer
from wnkd_tui.app.widgets.header import Tab
from wnkd_tui.home import Home
from wnkd_tui.store import queries, soundness
from wnkd_tui.store.connection import open_file
from wnkd_tui.store.database import connect

WISHES = (None, "cancelled", "paused", "waiting")
ENDED = ("done", "failed", "cancelled", "lost")
FOOTER = 2.0  # seconds within which the footer follows what is possible


class Wrong(Exception):
    """What must not be, in a line."""


def check_screens(app: WnkdApp) -> None:
    """The page in sight is the one that the tabs mark; no dialog is there twice; nothing broke."""
    page = app.page
    if page is None or app.current_mode != page.NAME:
        raise Wrong(f"the page in sight is {page}, the mode is {app.current_mode}")
    here = [tab._page for tab in page.query(Tab) if tab.has_class("here")]
    if here and here != [page.NAME]:
        raise Wrong(f"the tabs mark {here}, the page in sight is {page.NAME}")
    kinds = Counter(type(screen).__name__ for screen in app.screen_stack)
    twice = [name for name, count in kinds.items() if count > 1]
    if twice:
        raise Wrong(f"twice on the screen: {', '.join(twice)}")
    for screen in app.screen_stack:
        if isinstance(screen, Broken):
            raise Wrong(f"the database cannot be used: {screen._reason}")


def check_actions(app: WnkdApp) -> None:
    """What a key is bound to is there."""
    if not app.screen.is_mounted:  # its keys come with its widgets
        return
    for key, (node, binding, _, _) in app.screen.active_bindings.items():
        target, name, _ = actions.parse(binding.action)
        of = {"app": app, "screen": app.screen, "focused": app.focused}.get(target, node)
        if not (hasattr(of, f"action_{name}") or hasattr(of, f"_action_{name}")):
            raise Wrong(f"key {key} of {type(node).__name__}: no action {binding.action}")


async def check_footer(app: WnkdApp) -> None:
    """Every key that the footer shows can be pressed; it is drawn a moment after things change."""
    until = time.monotonic() + FOOTER
    dead: list[str] | None = None
    while dead != [] and time.monotonic() < until and app.screen.is_mounted:
        active = app.screen.active_bindings.items()
        possible = {key for key, (_, _, enabled, _) in active if enabled}
        shown = [one.key for footer in app.screen.query(Footer) for one in footer.keys]
        dead = [key for key in shown if key not in possible]
        await asyncio.sleep(0.02 if dead else 0)
    if dead:
        raise Wrong(f"the footer shows keys that do nothing: {', '.join(dead)}")


async def check_answered(app: WnkdApp, seconds: float) -> None:
    """The page gets the answer to what it asks now."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and not (app._exit or app._exception):
        page = app.page
        if page and app.status and page.answered and page.answered == page.question():
            return
        await asyncio.sleep(0.01)
    if not (app._exit or app._exception):
        raise Wrong(f"{app.page} has no answer to its question after {seconds:g} s")


def check_jobs(home: Home) -> None:
    """No job is in a state that is none, or in one that its other columns speak against."""
    with closing(open_file(home)) as conn:
        for row in conn.execute("SELECT id, state, wanted, finished_at, supervisor FROM job"):
            state, wanted = row["state"], row["wanted"]
            held = state == "running" or (state == "lost" and row["supervisor"])
            if (
                state not in soundness.STATES
                or wanted not in WISHES
                or (wanted and not held)
                or (row["finished_at"] and state not in ENDED)
            ):
                raise Wrong(f"a job's state cannot be: {dict(row)}")
        lonely = "SELECT count(*) FROM job WHERE id NOT IN (SELECT job_id FROM trial_job)"
        if found := conn.execute(lonely).fetchone()[0]:
            raise Wrong(f"{found} jobs belong to no trial")


def check_database(home: Home) -> None:
    """Reads all of it, as `wnkd doctor` does."""
    with closing(connect(home)) as conn:
        if fault := soundness.fault(conn):
            raise Wrong(f"the database is damaged: {fault}")
        queries.jobs(conn)
        queries.trials(conn)
