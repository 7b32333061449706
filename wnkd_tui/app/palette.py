"""The command palette: Textual's, with every key of the page in sight."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from textual.app import App, SystemCommand
from textual.await_complete import AwaitComplete
from textual.command import CommandList, CommandPalette
from textual.dom import DOMNode
from textual.screen import Screen
from textual.theme import ThemeProvider

_NOT_HERE = ("quit", "command_palette")  # Textual's own commands have them


class Palette(CommandPalette):
    """Dismissed once, as every dialog."""

    def dismiss(self, result: None = None) -> AwaitComplete:
        return super().dismiss(result) if self.app.screen is self else AwaitComplete()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A list that has no room on the screen yet has no lines to move over."""
        if action == "command_list":
            return bool(self.query_one(CommandList).scrollable_content_region)
        return super().check_action(action, parameters)


class Themes(Palette):
    """The same with the themes for commands."""

    def __init__(self) -> None:
        super().__init__([ThemeProvider], placeholder="Search for themes…")


def commands(app: App[Any], screen: Screen[Any]) -> Iterable[SystemCommand]:
    """The actions of app and screen that are possible now, by the words of their keys."""
    for node, binding, enabled, _ in screen.active_bindings.values():
        ours = node in (app, screen) and "." not in binding.action
        if enabled and ours and binding.action not in _NOT_HERE:
            run = partial(_act, screen, binding.action, node)
            sign = app.get_key_display(binding)
            yield SystemCommand(binding.description, f"key {sign}", run)


async def _act(screen: Screen[Any], action: str, node: DOMNode) -> None:
    """Nothing where the screen has gone while one searched, or a quick second enter chose again
    what has put a dialog over it."""
    if node.is_attached and screen.app.screen is screen:
        await screen.app.run_action(action, node)
