"""What every key of the page in sight does, those that do nothing now too."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import ItemGrid, VerticalScroll
from textual.screen import Screen
from textual.widgets import Static

from wnkd_tui.app.screens.dialog import Passing
from wnkd_tui.app.theme import in_rich

_OURS = "wnkd_tui."
_PALETTE = Binding("ctrl+p", "command_palette", tooltip="Find any action by its name")


@dataclass(frozen=True)
class KeyLine:
    """`keys` as they are written, `words` what they do; `now`: they do something at this moment."""

    keys: str
    words: str
    now: bool


@dataclass(frozen=True)
class KeyGroup:
    title: str
    lines: tuple[KeyLine, ...]


def key_groups(screen: Screen[Any], title: str) -> tuple[KeyGroup, ...]:
    """The keys of the page, which is called `title`, those of its list, and those of the app."""
    app, focused = screen.app, screen.focused
    possible = {
        binding.action for _, binding, enabled, _ in screen.active_bindings.values() if enabled
    }
    groups = [(title, type(screen).BINDINGS)]
    if focused and type(focused).__module__.startswith(_OURS):
        # The nearest class that has any: a list's own keys are those of its kind.
        own = (vars(kind).get("BINDINGS") for kind in type(focused).__mro__)
        groups.append(("At the cursor", next(filter(None, own), [])))
    groups.append(("Everywhere", [*type(app).BINDINGS, _PALETTE]))
    found = (KeyGroup(name, _lines(app, bindings, possible)) for name, bindings in groups)
    return tuple(group for group in found if group.lines)


def _lines(
    app: App[Any], bindings: Iterable[BindingType], possible: set[str]
) -> tuple[KeyLine, ...]:
    """A line for each action, with all of its keys."""
    actions: dict[str, list[Binding]] = {}
    for binding in Binding.make_bindings(bindings):
        actions.setdefault(binding.action, []).append(binding)
    return tuple(
        KeyLine(
            " ".join(dict.fromkeys(map(app.get_key_display, same))),
            same[0].tooltip or same[0].description,
            action in possible,
        )
        for action, same in actions.items()
    )


class KeyHelp(Passing[None]):
    """As many columns as there is room for; what does not fit is scrolled to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,enter,q", "dismiss", "Back", tooltip="Back to the page"),
    ]

    def __init__(self, groups: Sequence[KeyGroup]) -> None:
        super().__init__()
        self._groups = groups

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog keys"):
            yield Static("Keys (faint ones do nothing now; escape: back)", classes="question")
            width = max(len(line.keys) for group in self._groups for line in group.lines)
            with ItemGrid(min_column_width=46):
                for group in self._groups:
                    yield Static(self._drawn(group, width))

    def _drawn(self, group: KeyGroup, width: int) -> Table:
        """Keys take `width` cells."""
        colours = self.app.theme_variables
        ink, faint = f"bold {in_rich(colours['footer-key-foreground'])}", in_rich(colours["faint"])
        table = Table.grid(padding=(0, 2, 0, 0), expand=True)
        table.add_column(width=width, justify="right", no_wrap=True)
        table.add_column(ratio=1)
        table.add_row("", Text(group.title, "bold"))
        for line in group.lines:
            keys, words = (ink, "") if line.now else (faint, faint)
            table.add_row(Text(line.keys, keys), Text(line.words, words))
        return table
