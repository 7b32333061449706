"""Texts and ends of logs, which are scrolled without a new layout of their page."""

from typing import Any

import pytest
from rich.text import Text
from textual.app import App, ComposeResult
from textual.geometry import Size
from textual.screen import Screen

from wnkd_tui.app.screens.news import News
from wnkd_tui.app.widgets.log_tail import LogTail
from wnkd_tui.app.widgets.written import Written


class Both(App[None]):
    CSS = "Written, LogTail { height: 5; }"

    def compose(self) -> ComposeResult:
        yield Written()
        yield LogTail()


def numbered(count: int) -> list[str]:
    return [f"line {number}" for number in range(count)]


def in_sight(widget: Written) -> list[str]:
    return [widget.render_line(y).text.strip() for y in range(widget.size.height)]


async def test_a_text_is_wrapped_scrolled_and_replaced_without_a_new_layout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    layouts: list[Size | None] = []
    laid_out = Screen._refresh_layout

    def counted(screen: Screen[Any], size: Size | None = None, scroll: bool = False) -> None:
        layouts.append(size)
        laid_out(screen, size, scroll)

    app = Both()
    async with app.run_test(size=(20, 10)) as pilot:
        text = app.query_one(Written)
        text.write(Text("a long line that is wrapped"))
        assert text.plain == "a long line that is\nwrapped"
        assert in_sight(text) == ["a long line that is", "wrapped", "", "", ""]
        assert text.max_scroll_y == 0
        await pilot.pause()
        monkeypatch.setattr(Screen, "_refresh_layout", counted)
        text.write(Text("\n".join(numbered(30))))
        text.focus()
        await pilot.press("end", "up")
        await pilot.pause()
        assert in_sight(text)[-1] == "line 28"
        text.write(Text("\n".join(numbered(8))))  # shorter: its end is in sight
        await pilot.pause()
        assert in_sight(text) == numbered(8)[-5:]
        assert layouts == []
        await pilot.resize_terminal(10, 10)
        text.write(Text("a long line that is wrapped"))
        await pilot.pause()
        assert in_sight(text)[:2] == ["a long", "line that"]


async def test_the_end_of_a_log_is_followed_until_one_scrolls_up() -> None:
    app = Both()
    async with app.run_test(size=(20, 10)) as pilot:
        tail = app.query_one(LogTail)
        tail.tell("one", ())
        assert in_sight(tail)[0] == "no log"
        for count in (3, 20, 21):
            tail.tell("one", numbered(count))
            assert tail.plain.splitlines()[-1] in in_sight(tail)
        tail.focus()
        await pilot.press("up", "up")
        await pilot.pause()
        tail.tell("one", numbered(25))
        assert in_sight(tail)[-1] == "line 18"
        await pilot.press("end")
        await pilot.pause()
        tail.tell("one", numbered(26))
        assert in_sight(tail)[-1] == "line 25"
        await pilot.press("up")
        await pilot.pause()
        tail.tell("two", numbered(40))  # of another job
        assert in_sight(tail)[-1] == "line 39"


def test_news_are_what_was_not_drawn_last() -> None:
    news = News()
    assert news.of("title", "a", 1)
    assert not news.of("title", "a", 1)
    assert news.of("text", "a", 1)
    assert news.of("title", "a", 2)
    assert news.of("title", "a", 1)
