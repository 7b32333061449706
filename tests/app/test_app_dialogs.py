"""How every dialog looks, dark and light; large where it is laid out otherwise there.

After a wanted change: pytest tests/app/test_app_dialogs.py --snapshot-update, and look at the
pictures in the diff.
"""

import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import pytest
from pytest_textual_snapshot import SVGImageExtension
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from wnkd_tui.app.application import WnkdApp
from wnkd_tui.app.screens.compare.export import Export
from wnkd_tui.app.screens.datasets.adding import AddDataset
from wnkd_tui.app.screens.form.choose import ChooseSetting
from wnkd_tui.app.screens.form.saved import SavedConfigurations
from wnkd_tui.app.screens.form.screen import TrialForm
from wnkd_tui.app.screens.grid.sweep import SweepList
from wnkd_tui.app.screens.keys import KeyHelp
from wnkd_tui.app.screens.page import Page
from wnkd_tui.app.screens.worker_log import WorkerLog
from wnkd_tui.app.theme import LIGHT
from wnkd_tui.app.widgets.log_tail import LogTail
from wnkd_tui.home import Home, HomeError
from wnkd_tui.queue import configs
from wnkd_tui.queue.fields import Fields

MakeApp = Callable[..., WnkdApp]
Settle = Callable[[Pilot[None]], Awaitable[None]]
Until = Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]
SMALL, LARGE = (80, 24), (160, 50)
CHANGED = "stem=linear, student.tau=2"


@dataclass(frozen=True)
class Opened:
    """A dialog: the keys that open it, what is typed into its inputs, and the words that must
    stand somewhere before it is complete."""

    keys: Sequence[str]
    kind: type | None = None
    typed: dict[str, str] = field(default_factory=dict)
    told: tuple[str, str] = ("", "")  # a selector, and a word of what it says


# On the first page, then page by page.
DIALOGS = {
    "worker": Opened(["W"]),
    "form": Opened(["n"], TrialForm, {"wn": "20,80"}, ("#told", "5 trials")),
    "wrong": Opened(["n"], TrialForm, {"wn": "120"}, ("#told", "✗")),
    "changed": Opened(["n"], TrialForm, {"changes": CHANGED}, ("#told", "3 trials")),
    "dataset": Opened(["2", "a"], AddDataset),
    "saved": Opened(["3", "O"], SavedConfigurations),
    "remove": Opened(["4", "x"]),
    "keys": Opened(["question_mark"], KeyHelp),
    "priority": Opened(["down", "down", "down", "P"]),
    "note": Opened(["5", "N"]),
    "export": Opened(["7", "e"], Export, {"export-path": "/home/me/table2.md"}),
}
LARGER = ("changed", "saved", "keys")


async def opened(pilot: Pilot[None], settle: Settle, until: Until, one: Opened) -> None:
    for key in one.keys:
        await pilot.press(key)
        await settle(pilot)
    await until(pilot, lambda: isinstance(pilot.app.screen, one.kind or object))
    screen = pilot.app.screen
    assert not isinstance(screen, Page)
    for line in screen.query(Input):
        line.cursor_blink = False
        line.value = one.typed.get(str(line.id), line.value)
    selector, word = one.told
    if selector:
        await until(pilot, lambda: word in str(screen.query_one(selector).render()))
    await settle(pilot)


async def sweeps(pilot: Pilot[None], settle: Settle, until: Until) -> None:
    await opened(pilot, settle, until, Opened(["S"], SweepList))
    options = pilot.app.screen.query_one(OptionList)
    await until(pilot, lambda: "…" not in str(options.get_option("leakage").prompt))
    await settle(pilot)


async def settings(pilot: Pilot[None], settle: Settle, until: Until) -> None:
    form = Opened(["n"], TrialForm, told=("#told", "3 trials"))
    await opened(pilot, settle, until, form)
    await pilot.press("ctrl+l")
    await until(pilot, lambda: isinstance(pilot.app.screen, ChooseSetting))
    pilot.app.screen.query_one(Input).cursor_blink = False
    await pilot.press("T", "_", "x")
    await settle(pilot)


async def log(pilot: Pilot[None], settle: Settle, until: Until) -> None:
    await opened(pilot, settle, until, Opened(["W", "o"], WorkerLog))
    tail = pilot.app.screen.query_one(LogTail)
    await until(pilot, lambda: "29 jobs" in tail.plain)
    await settle(pilot)


async def close(pilot: Pilot[None]) -> None:
    while len(pilot.app.screen_stack) > 1:
        await pilot.press("escape")
        await pilot.pause()


@pytest.fixture
def kept(home: Home) -> Home:
    """The seeded home, with what dialogs list: saved configurations, a worker's log."""
    configs.save(home, "paper", Fields(dataset="cifar100", recipe="paper", wn="0,20,50,80,100"))
    configs.save(home, "text-alone", Fields(recipe="fast", seeds="3", changes=CHANGED))
    for path in home.configurations.iterdir():
        os.utime(path, (1_800_000_000, 1_800_000_000))
    (home.root / "worker.log").write_text("29 jobs to do\n[1/29] job 1 done: wordnet\n")
    return home


@pytest.mark.parametrize(
    ("size", "shade"),
    [(SMALL, "dark"), (SMALL, "light"), (LARGE, "dark")],
    ids=["80x24-dark", "80x24-light", "160x50-dark"],
)
async def test_dialogs(
    size: tuple[int, int],
    shade: str,
    kept: Home,
    make_app: MakeApp,
    settle: Settle,
    until: Until,
    snapshot: SnapshotAssertion,
) -> None:
    """One after the other: a picture each, of one run of the app."""
    app, wrong = make_app(kept), []
    if shade == "light":
        app.theme = LIGHT.name

    def take(name: str) -> None:
        if app.export_screenshot() != snapshot(name=name, extension_class=SVGImageExtension):
            wrong.append(name)

    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        for go in (settings, log):
            await go(pilot, settle, until)
            take(go.__name__)
            await close(pilot)
        for name in DIALOGS if size == SMALL else LARGER:
            await opened(pilot, settle, until, DIALOGS[name])
            take(name)
            await close(pilot)
            if name == "saved":
                await sweeps(pilot, settle, until)
                take("sweeps")
                await close(pilot)
    assert not wrong


@pytest.mark.parametrize("shade", ["dark", "light"])
async def test_broken(shade: str, until: Until, snapshot: SnapshotAssertion) -> None:
    def find() -> Home:
        raise HomeError("cannot write to /srv/wnkd: set WNKD_HOME to a directory of your own")

    app = WnkdApp(find)
    if shade == "light":
        app.theme = LIGHT.name
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: len(app.screen_stack) > 1)
        await pilot.pause()
        assert app.export_screenshot() == snapshot(extension_class=SVGImageExtension)
