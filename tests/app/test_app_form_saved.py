"""Configurations are saved from the form, and fill it again; each is a file that one can read."""

from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.pilot import Pilot
from textual.widgets import Checkbox, Input, Select, Static

from engine.errors import SpecError
from engine.spec import Method, Modality, Teachers, ValidationText
from wnkd_tui.app.application import WnkdApp
from wnkd_tui.app.screens.ask import Ask
from wnkd_tui.app.screens.form.saved import SavedConfigurations
from wnkd_tui.app.screens.form.screen import TrialForm
from wnkd_tui.app.widgets.rows import Rows
from wnkd_tui.home import Home
from wnkd_tui.queue import configs
from wnkd_tui.queue.fields import Fields

MakeApp = Callable[..., WnkdApp]
Settle = Callable[[Pilot[None]], Awaitable[None]]
Until = Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)


@given(
    st.builds(
        Fields,
        dataset=TEXT,
        recipe=TEXT,
        encoder=TEXT,
        modality=st.sampled_from(Modality),
        method=st.sampled_from(Method),
        teachers=st.lists(st.sampled_from(Teachers), unique=True).map(tuple),
        wn=TEXT,
        noise=TEXT,
        seeds=TEXT,
        limit_train=TEXT,
        val_text=st.none() | st.sampled_from(ValidationText),
        changes=TEXT,
    )
)
def test_what_is_saved_is_read_again(tmp_path_factory: pytest.TempPathFactory, one: Fields) -> None:
    home = Home(tmp_path_factory.getbasetemp())
    configs.save(home, "it", one)
    assert configs.load(home, "it") == one


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("wn = 50\n", "wn must be a text, got 50"),
        ("speed = 'high'\n", "unknown field 'speed'"),
        ("teachers = ['T_y']\n", "'T_y' is not a valid Teachers"),
        ("wn = \n", "Invalid value"),
    ],
)
def test_a_file_that_is_wrong_says_so(new_home: Home, text: str, says: str) -> None:
    configs.save(new_home, "good", Fields())
    (new_home.configurations / "bad.toml").write_text(text)
    with pytest.raises(SpecError, match=r"bad\.toml: ") as told:
        configs.load(new_home, "bad")
    assert says in str(told.value)
    assert {one.name for one in configs.saved(new_home)} == {"good", "bad"}
    with pytest.raises(SpecError, match="no configuration 'other'; saved: bad, good"):
        configs.load(new_home, "other")
    with pytest.raises(SpecError, match="is no name"):
        configs.save(new_home, "../out", Fields())


async def test_the_form_is_saved_cloned_edited_and_removed(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)

        async def to(kind: type[object]) -> None:
            await until(pilot, lambda: isinstance(app.screen, kind))
            await pilot.pause()

        await pilot.press("n")
        await to(TrialForm)
        line = app.screen.query_one
        line("#wn", Input).value = "20,80"
        line("#changes", Input).value = "stem=linear"
        line("#modality", Select).value = "text"
        for box in app.screen.query(Checkbox):
            box.value = box.name == Teachers.TX.value
        await until(pilot, lambda: "2 trials" in str(line("#told", Static).render()))
        await pilot.press("ctrl+o")
        await to(SavedConfigurations)
        await pilot.press(*"mixes", "enter")
        await to(TrialForm)
        wanted = Fields(
            modality=Modality.TEXT, teachers=(Teachers.TX,), wn="20,80", changes="stem=linear"
        )
        assert configs.load(home, "mixes") == wanted
        line("#wn", Input).value = "50"
        await pilot.press("ctrl+o")
        await to(SavedConfigurations)
        await pilot.press("c")
        await until(pilot, lambda: app.screen.query_one(Rows).key == "mixes-2")
        await pilot.press("enter")  # the clone fills the form again
        await to(TrialForm)
        form = app.screen
        assert isinstance(form, TrialForm)
        assert form.fields() == wanted
        assert "mixes-2" in str(form.query_one(".question", Static).render())
        line("#wn", Input).value = "0"
        await pilot.click("#saved")
        await to(SavedConfigurations)
        await pilot.press("tab", "enter")  # under its own name: edited, without a question
        await to(TrialForm)
        assert configs.load(home, "mixes-2").wn == "0"
        assert configs.load(home, "mixes").wn == "20,80"
        await pilot.press("ctrl+o")
        await to(SavedConfigurations)
        app.screen.query_one(Rows).go_to("mixes")
        await pilot.press("x")
        await to(Ask)
        await pilot.press("y")
        await until(pilot, lambda: [one.name for one in configs.saved(home)] == ["mixes-2"])
        await pilot.press("escape", "escape", "3")
        await settle(pilot)
        await pilot.press("O")
        await to(SavedConfigurations)
        await pilot.press("enter")
        await to(TrialForm)
        assert app.screen.query_one("#changes", Input).value == "stem=linear"
