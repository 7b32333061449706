"""What the app says and asks about the worker: its own, or one that runs elsewhere."""

import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from engine.errors import WnkdError
from wnkd_tui.app.screens.ask import Ask, Choice
from wnkd_tui.app.worker import Worker, last_words, stop

if TYPE_CHECKING:
    from wnkd_tui.app.application import WnkdApp
    from wnkd_tui.app.poller import Live

_HOW_TO_STOP = (
    Choice("s", "stop after the running jobs", "finish"),
    Choice("n", "stop now: running jobs wait and later go on from their checkpoints", "now"),
)


class Overseer:
    def __init__(self, app: "WnkdApp", command: Sequence[str]) -> None:
        self._app = app
        self.worker = Worker(command)
        self._told: str | None = None  # what held it up

    @property
    def _live(self) -> "tuple[Live, ...]":
        return self._app.status.workers if self._app.status else ()

    def text(self) -> Text:
        """`● worker runs`, `● worker runs elsewhere (pid)`, `‖ worker waits` or `○ no worker`."""
        ink, faint = self._app.inks["state-done"], self._app.inks["faint"]
        if self._held_up:
            return Text("‖ worker waits", style=self._app.inks["state-paused"])
        if self.worker.pid is not None:
            return Text("● worker runs", style=ink)
        if self._live:
            return Text(f"● worker runs elsewhere ({self._live[0].pid})", style=ink)
        return Text.assemble(("○ no worker: ", faint), ("w", "bold"), " starts it")

    @property
    def _held_up(self) -> str | None:
        """What keeps the worker from its work, in its own words."""
        return self._live[0].held_up if self._live else None

    def turn(self) -> None:
        """Starts a worker, or asks how to stop the one that runs."""
        pid = self.worker.pid
        if pid is None and not self._live:
            self._start()
        elif pid is None and self._live[0].host != socket.gethostname():
            self._app.notify(f"the worker runs on {self._live[0].host}: stop it there")
        else:
            pid = pid or self._live[0].pid
            choices = [*_HOW_TO_STOP, Choice("k", "keep it running", "keep")]
            question = Ask(f"The worker (pid {pid}) runs.", choices)
            self._app.push_screen(question, lambda how: self._stop(pid, how))

    def leave(self) -> None:
        """Ends the app; asks before what becomes of a worker that it started."""
        pid = self.worker.pid
        if pid is None or isinstance(self._app.screen, Ask):
            self._app.exit()
            return

        def answer(how: str | None) -> None:
            if how is not None:
                self._stop(pid, how)
                self._app.exit()

        choices = [Choice("l", "leave it running", "keep"), *_HOW_TO_STOP]
        self._app.push_screen(Ask(f"You leave; the worker (pid {pid}) runs.", choices), answer)

    def watch(self) -> None:
        """Tells, once each, that the worker ended or what it waits for; called now and then."""
        held_up = self._held_up
        what = held_up and held_up.partition(" ")[0]  # not its figures, which change all the time
        if what != self._told:
            self._told = what
            if held_up:
                self._app.notify(f"worker: {held_up}", severity="warning", markup=False)
        code = self.worker.ended()
        if code is not None:
            bad = code not in (0, 130)
            self._tell(f"the worker stopped{self._why(code) if bad else ''}", bad=bad)

    def _why(self, code: int) -> str:
        home = self.worker.home
        return f" (exit {code}): {last_words(home) if home else ''}"

    def _start(self) -> None:
        try:
            pid = self.worker.start(self._app.find())
        except (OSError, WnkdError) as error:
            self._tell(f"cannot start the worker: {error}", bad=True)
        else:
            self._tell(f"worker started (pid {pid}); it lives on when you leave")

    def _stop(self, pid: int, how: str | None) -> None:
        if how in ("finish", "now"):
            try:
                stop(pid, how)
            except OSError as error:
                self._tell(f"cannot stop the worker: {error}", bad=True)

    def _tell(self, words: str, *, bad: bool = False) -> None:
        self._app.notify(words, severity="error" if bad else "information", markup=False)
        if self._app.page and self._app.status:
            self._app.page.tell(self._app.status)
