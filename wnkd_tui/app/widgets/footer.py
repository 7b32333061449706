"""The last line: keys that do something now.

Textual's own footer makes a widget for every key anew whenever one of them comes or goes, which
takes longer than all that a cursor's move draws; this one draws a line.
"""

from dataclasses import dataclass

from rich.text import Text
from textual.events import Click
from textual.screen import Screen
from textual.widget import Widget

from wnkd_tui.app.theme import in_rich

_GAP = 2


@dataclass(frozen=True)
class Shown:
    """A key, as it is written and as it is pressed."""

    sign: str
    words: str
    key: str

    @property
    def width(self) -> int:
        return len(self.sign) + 1 + len(self.words)


class Footer(Widget):
    """The palette's key stands at the right; keys that find no room are left to `?`."""

    DEFAULT_CSS = """
    Footer {
        dock: bottom;
        height: 1;
        padding: 0 1;
        background: $footer-background;
        color: $footer-description-foreground;
        pointer: pointer;
    }
    """
    ALLOW_SELECT = False

    def __init__(self) -> None:
        super().__init__()
        self.keys: tuple[Shown, ...] = ()

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._changed)
        self._changed(self.screen)

    def on_unmount(self) -> None:
        self.screen.bindings_updated_signal.unsubscribe(self)

    def _changed(self, screen: Screen[object]) -> None:
        by_action = {}
        for _, binding, enabled, _ in screen.active_bindings.values():
            if binding.show and enabled and binding.action not in by_action:
                sign = self.app.get_key_display(binding)
                by_action[binding.action] = Shown(sign, binding.description, binding.key)
        keys = tuple(by_action.values())
        if keys != self.keys:
            self.keys = keys
            self.refresh()

    @property
    def _palette(self) -> Shown:
        return Shown("^p", "palette", "ctrl+p")

    def _fitting(self) -> list[Shown]:
        room = self.size.width - self._palette.width - _GAP
        fitting = []
        for one in self.keys:
            if one.width > room:
                break
            fitting.append(one)
            room -= one.width + _GAP
        return fitting

    def render(self) -> Text:
        ink = in_rich(self.app.theme_variables["footer-key-foreground"])
        line = Text(no_wrap=True)
        for one in self._fitting():
            line.append(one.sign, f"bold {ink}").append(f" {one.words}{' ' * _GAP}")
        last = self._palette
        line.append(" " * (self.size.width - line.cell_len - last.width))
        return line.append(last.sign, f"bold {ink}").append(f" {last.words}")

    def on_click(self, event: Click) -> None:
        x = event.x - self.gutter.left
        if x >= self.size.width - self._palette.width:
            self.app.simulate_key(self._palette.key)
            return
        for one in self._fitting():
            if 0 <= x < one.width:
                self.app.simulate_key(one.key)
            x -= one.width + _GAP
