"""Keys that come faster than what they are meant for opens."""

from collections.abc import Awaitable, Callable

from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.widgets import Input

from wnkd_tui.app.application import WnkdApp
from wnkd_tui.app.screens.form.choose import ChooseSetting
from wnkd_tui.app.screens.form.screen import TrialForm
from wnkd_tui.home import Home

MakeApp = Callable[..., WnkdApp]
Settle = Callable[[Pilot[None]], Awaitable[None]]
Until = Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]


def burst(app: WnkdApp, *keys: str) -> None:
    """All of them at once, as from a paste or a slow line."""
    for key in keys:
        printed = key if len(key) == 1 else None
        app.post_message(events.Key(_character_to_key(key) if printed else key, printed))


async def test_keys_behind_one_that_opens_something_are_typed_into_that(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        burst(app, "n", *",80")
        await until(pilot, lambda: isinstance(app.screen, TrialForm))
        wn = app.screen.query_one("#wn", Input)
        await until(pilot, lambda: wn.value == "100,80")
        await until(pilot, lambda: "5 trials" in str(app.screen.query_one("#told").render()))
        burst(app, "ctrl+l", *"stem")
        await until(pilot, lambda: isinstance(app.screen, ChooseSetting))
        await until(pilot, lambda: app.screen.query_one(Input).value == "stem")
        assert wn.value == "100,80"
        await pilot.press("escape", "escape")
        await until(pilot, lambda: app.screen is app.page)

        await pilot.press("4")
        await settle(pilot)
        burst(app, *"/cp")  # on the page `c` cancels, and `p` holds
        await until(pilot, lambda: isinstance(app.focused, Input) and app.focused.value == "cp")


async def test_a_dialog_may_be_answered_while_it_opens(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(home)
    answers: list[str | None] = []
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        dialog = ChooseSetting("demo", [], app.inks)
        app.push_screen(dialog, answers.append)
        dialog.dismiss("T_x.stem")
        await until(pilot, lambda: answers)
        assert answers == ["T_x.stem"]
        assert app.screen is app.page
