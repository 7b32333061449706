"""From a key to the first thing drawn and to the last, on every page: what a person waits for."""

import contextlib
import re
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app_terminal import Gone, Silent, Terminal

UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
END, HOME, PAGE_DOWN, PAGE_UP = "\x1b[F", "\x1b[H", "\x1b[6~", "\x1b[5~"
ESCAPE, ENTER, BACK = "\x1b", "\r", "\x7f"
CURVE = r"[⠁-⣿]"  # charts are drawn in braille
NOTHING = 4.0  # seconds after which a key counts as one that draws nothing


@dataclass(frozen=True)
class Act:
    """Keys that are pressed one after the other, each a measurement; `after` puts things right
    again and is not measured."""

    name: str
    keys: Sequence[str]
    after: str = ""


def moves(down: int, pages: int) -> tuple[Act, ...]:
    """Through a list: so many lines, and so many pages."""
    return (
        Act("down", [DOWN] * down),
        Act("page down", [PAGE_DOWN] * pages),
        Act("end, home", [END, HOME] * 2),
    )


def find(text: str) -> tuple[Act, ...]:
    """Types a filter letter by letter, looks through what it leaves, and takes it off."""
    return (
        Act("/", ["/"]),
        Act("type a filter", text, ENTER),
        Act("filtered down", [DOWN] * 3, "/" + BACK * len(text) + ENTER),
    )


# Each with the key that goes there and what is done there; see docs/app.
PAGES: dict[str, tuple[str, tuple[Act, ...]]] = {
    "Home": ("1", (Act("down", [DOWN] * 8), Act("up", [UP] * 4))),
    "Datasets": ("2", (Act("down", [DOWN] * 5), Act("up", [UP] * 5))),
    "Configurations": (
        "3",
        (
            Act("move", (DOWN, RIGHT, DOWN, RIGHT, DOWN, LEFT, UP)),
            Act("mark", [" "] * 2),
            Act("dataset", ["d"] * 6),
            Act("recipe", ["r"] * 3),
            Act("seeds", ["s"] * 3),
            Act("best/last", ["b"] * 2),
        ),
    ),
    "Queue": ("4", (*moves(12, 6), Act("sort", ["s"], ESCAPE), *find("state:failed"))),
    "Trials": ("5", (*moves(12, 6), Act("sort", ["s"], ESCAPE), *find("acc:>70 wn:100"))),
    "Run": (
        "6",
        (
            Act("chart's cursor", [LEFT] * 4),
            Act("log scale", ["l"] * 2),
            Act("tab", ["\t"] * 7),
        ),
    ),
    "Compare": (
        "7",
        (
            Act("report", ["r"] * 10),  # once around
            Act("setting", ["d"] * 4),
            Act("group", ["g"] * 3),
            Act("best/last", ["b"] * 3),
        ),
    ),
}


@dataclass
class Waits:
    """Seconds by what was done; `fault` where the page could not be measured to its end."""

    first: list[float] = field(default_factory=list)
    final: list[float] = field(default_factory=list)
    acts: dict[str, list[float]] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)  # seconds a key, by what was done
    silent: list[str] = field(default_factory=list)
    fault: str | None = None

    def slowest(self) -> str:
        """What took longest by its median, with milliseconds of that and of CPU."""
        name = max(self.acts, key=lambda act: statistics.median(self.acts[act]))
        wait = statistics.median(self.acts[name])
        return f"{name} {1000 * wait:.0f} (CPU {1000 * self.cpu[name]:.0f})"


def measure(start: Callable[[], Terminal], trial: str) -> tuple[dict[str, Waits], dict[str, float]]:
    """Waits of each page and of going from page to page; resident MB at the start and after every
    page was gone to. `trial` is the text that finds the trial which Run shows."""
    waits: dict[str, Waits] = {}
    memory: dict[str, float] = {}
    terminal = start()
    try:
        terminal.settle(limit=10, quiet=1.0)
        memory["at the start"] = terminal.memory()
        for name, (key, acts) in PAGES.items():
            waits[name] = Waits()
            try:
                if name == "Run":
                    open_run(terminal, trial)
                else:
                    goto(terminal, key)
                for act in acts:
                    _do(terminal, act, waits[name])
            except (Gone, Silent) as error:
                waits[name].fault = str(error)
                terminal.close()
                terminal = start()
                terminal.settle(limit=10, quiet=1.0)
        waits["page to page"] = between = Waits()
        try:
            _do(terminal, Act("switch", tuple("1234567" * 3)), between)
            memory["after every page"] = terminal.memory()
        except Gone as error:
            between.fault = str(error)
    finally:
        terminal.close()
    return waits, memory


def goto(terminal: Terminal, key: str) -> None:
    """To a page, whether or not it is the one in sight."""
    terminal.send(key)
    with contextlib.suppress(Silent):
        terminal.settle(limit=3, quiet=0.8)


def open_run(terminal: Terminal, trial: str) -> float:
    """Finds a trial on its page and opens it; seconds until its chart is drawn."""
    goto(terminal, "5")
    terminal.press("/")
    terminal.press(trial, quiet=0.8)
    terminal.press(ENTER)
    burst = terminal.press(ENTER, limit=10, quiet=1.0)
    if not re.search(CURVE, burst.text):
        raise Silent("its run shows no chart")
    return burst.last


def _do(terminal: Terminal, act: Act, found: Waits) -> None:
    used, done = terminal.cpu(), 0
    for key in act.keys:
        try:
            burst = terminal.press(key, limit=NOTHING)
        except Silent:
            found.silent.append(act.name)
            break
        done += 1
        found.first.append(burst.first)
        found.final.append(burst.last)
        found.acts.setdefault(act.name, []).append(burst.last)
    if done:
        found.cpu[act.name] = (terminal.cpu() - used) / done
    if act.after:
        with contextlib.suppress(Silent):
            terminal.press(act.after, limit=NOTHING, quiet=0.8)
