"""What one sees while the database cannot be read: why, and what to press."""

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from engine.errors import WnkdError
from wnkd_tui.app.screens.dialog import Dialog
from wnkd_tui.app.widgets.footer import Footer
from wnkd_tui.home import VARIABLE

if TYPE_CHECKING:
    from wnkd_tui.app.application import WnkdApp

DOCTOR = (sys.executable, "-m", "wnkd_tui.cli", "doctor", "--mend")


@dataclass(frozen=True)
class Kind:
    """`words` are in the reason; `press` says what to do about it. What `passes` is looked at again
    without being asked."""

    words: str
    title: str
    press: str
    passes: bool = False


_AGAIN = 5.0  # seconds between two looks at what passes
_GOES_ON = " this goes on by itself; r tries again now"
_KINDS = (
    Kind("--mend", "The database is damaged", "m mends it now and keeps the damaged one"),
    Kind(
        "newer wnkd",
        "This home is of a newer wnkd",
        "q quits; upgrade wnkd (pip install -U wnkd-tui), or set WNKD_HOME to another directory",
    ),
    Kind(
        "is gone",
        "The database is gone",
        "put it back and press r; r alone begins a new one",
    ),
    Kind("no room", "The disk is full", "make room, then r tries again"),
    Kind(
        "disk of",
        "The disk is full",
        "make room: wnkd gc shows what can go, and then" + _GOES_ON,
        True,
    ),
    Kind(
        "cannot write to",
        "This home cannot be written",
        "make it yours (chown, chmod) and press r; or q quits, and WNKD_HOME names another",
    ),
    Kind(
        f"set {VARIABLE} to",
        "This home cannot be used",
        "q quits; then start with WNKD_HOME=/a/local/directory wnkd-tui",
    ),
    Kind("another process", "The database is busy", "when it is free" + _GOES_ON, True),
)
_ANY = Kind("", "The database cannot be used", "r tries again; wnkd doctor tells more")


class Broken(Dialog[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "mend", "Mend", tooltip="Save what can be read (wnkd doctor --mend)"),
        Binding("r", "app.reread", "Try again", tooltip="Look at the home again"),
        Binding("q", "app.exit_now", "Quit", tooltip="Leave; nothing is changed"),
    ]

    def __init__(self, reason: str) -> None:
        super().__init__()
        self._reason = reason
        self._mending = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog broken"):
            yield Static(classes="question", markup=False)
            yield Static(classes="reason", markup=False)
            yield Static(classes="press", markup=False)
        yield Footer()

    def on_mount(self) -> None:
        self.tell(self._reason)
        self.set_interval(_AGAIN, self._look)

    def tell(self, reason: str) -> None:
        """The reason, at first and after another try."""
        self._reason = reason
        self._say(self._kind.title, reason, self._kind.press)

    @property
    def _kind(self) -> Kind:
        return next((kind for kind in _KINDS if kind.words in self._reason), _ANY)

    def _look(self) -> None:
        if self._kind.passes:
            cast("WnkdApp", self.app).poller.nudge()

    def _say(self, title: str, reason: str, press: str) -> None:
        for name, words in (("question", title), ("reason", reason), ("press", press)):
            self.query_one(f".{name}", Static).update(Text(words))
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "mend":
            return "--mend" in self._reason and not self._mending
        return True

    def action_mend(self) -> None:
        self._mending = True
        self._say(
            "The database is damaged", "wnkd doctor --mend is at work…", "it may take minutes"
        )
        self.run_worker(self._mend, thread=True)

    def _mend(self) -> None:
        """In a process of its own: nothing here may have the database open meanwhile."""
        try:
            home = str(cast("WnkdApp", self.app).find().root)
            ended = subprocess.run(
                DOCTOR,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                env={**os.environ, VARIABLE: home},
            )
            told = [line for line in ended.stdout.splitlines() if "database" in line[:24]]
            # The first says what was saved, a second one what it is now.
            said = " ".join(told[0].split()[2:]) if told else ended.stderr.strip()
        except (WnkdError, OSError) as error:
            said = str(error)
        self.app.call_from_thread(self._mended, said)

    def _mended(self, said: str) -> None:
        self._mending = False
        self._say("The database was damaged", said, "r tries again")
        self.app.notify(said, markup=False, timeout=15)
        cast("WnkdApp", self.app).poller.nudge()
