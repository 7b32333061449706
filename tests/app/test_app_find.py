"""The line that filters a list: completion, what it says, saved filters."""

from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from wnkd_tui.app.application import WnkdApp
from wnkd_tui.app.widgets.find import FindBar
from wnkd_tui.app.widgets.find_words import Words, named
from wnkd_tui.app.widgets.rows import Rows
from wnkd_tui.home import Home
from wnkd_tui.store.database import connect
from wnkd_tui.store.find import labels, listing
from wnkd_tui.store.find.listing import Search
from wnkd_tui.store.rows import SavedFilter

MakeApp = Callable[..., WnkdApp]
Settle = Callable[[Pilot[None]], Awaitable[None]]
Until = Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]


@pytest.fixture
def words() -> Words:
    found = Words("trials")
    saved = [SavedFilter("paper", "trials", "wn:>=50"), SavedFilter("long", "jobs", "took:>1h")]
    found.know(saved, {"dataset": ("digits", "cifar100"), "tag": ("old", "paper")})
    return found


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("data", "dataset:"),
        ("-data", "-dataset:"),
        ("wn:50 dataset:c", "wn:50 dataset:cifar100"),
        ("dataset:digits,ci", "dataset:digits,cifar100"),
        ("-tag:o", "-tag:old"),
        ("state:run", "state:running"),
        ("method:=z", "method:=zscore"),
        ("@pa", "@paper"),
        ("@lo", None),  # is one of jobs
        ("wn:", None),
        ("", None),
        ("state:done", None),
        ("nothing:x", None),
    ],
)
def test_words_are_completed(words: Words, typed: str, completed: str | None) -> None:
    assert words.completed(typed) == completed


def test_hints_say_what_may_follow(words: Words) -> None:
    assert words.hints("", 0).startswith("id: name: dataset:")
    assert "@paper" in words.hints("", 0)
    assert words.hints("ac", 2) == "acc: student's top-1 at its best epoch"
    assert words.hints("dataset:", 8).endswith(": digits cifar100")
    assert words.hints("wn:>5", 5) == "percent of WordNet-relaxed text"
    assert words.hints("zero", 4) == "part of the name"
    assert words.hints("wn:50 @paper", 12) == "@paper stands for wn:>=50"


def test_of_names_only_those_of_its_own_filters_are_called(words: Words) -> None:
    assert [one.name for one in words.called('@long @paper @no "@paper" x@paper')] == ["paper"]


def test_a_saved_filter_has_one_word_as_its_name() -> None:
    assert named("  @two words ") == "two-words"
    assert named("   ") == ""


async def test_a_filter_is_written_saved_and_called_by_its_name(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(home)
    conn = connect(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("5")
        await settle(pilot)
        bar, rows = app.screen.query_one(FindBar), app.screen.query_one("#trial-list", Rows)
        assert bar.size.height == 0
        await pilot.press("slash")
        assert bar.display
        await pilot.press(*"dataset:dig", "right")  # takes the completion
        assert bar.query_one("#find-text", Input).value == "dataset:digits"
        await pilot.press(*" acc:>92 ste:3")
        told = "unknown field 'ste' in 'ste:3': did you mean state?"
        await until(pilot, lambda: told in str(bar.query_one(".hints").render()))
        await pilot.press(*["backspace"] * 6)
        await until(pilot, lambda: "7 of 30" in str(bar.query_one(".told").render()))
        await pilot.press("escape")
        await settle(pilot)
        assert rows.has_focus
        assert bar.display  # it says why there are so few
        assert len(rows._keys) == 7

        await pilot.press("slash", "ctrl+s", *"good ones", "enter")
        await until(pilot, lambda: labels.saved(conn))
        assert labels.saved(conn) == [
            SavedFilter("good-ones", "trials", "dataset:digits acc:>92", "", False)
        ]
        await settle(pilot)
        await pilot.press("slash", "ctrl+u", "escape")
        await settle(pilot)
        assert bar.size.height == 0
        assert len(rows._keys) == 30
        bar.open()
        assert app.screen.focused is bar.query_one("#find-text")  # a quick key is no command
        await pilot.press(*"@goo", "right", "enter")
        await until(pilot, lambda: len(rows._keys) == 7)
        await pilot.press("slash", *" seed:1", "enter")  # a name is a word among others
        await until(pilot, lambda: 0 < len(rows._keys) < 7)
        left = list(rows._keys)
        assert left == list(listing.trial_ids(conn, Search("dataset:digits acc:>92 seed:1")))
        assert bar.query_one("#find-text", Input).value == "@good-ones seed:1"
        await pilot.press("slash", *" @no", "enter")
        told = "@no: no filter of trials is saved so; saved: @good-ones"
        await until(pilot, lambda: told in str(bar.query_one(".hints").render()))
        assert list(rows._keys) == left  # they stay while the filter is wrong
        await pilot.press("z")
        await until(pilot, lambda: not labels.saved(conn))
    conn.close()
