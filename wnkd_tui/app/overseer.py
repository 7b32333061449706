"""What the app says and asks about the worker: its own, or one that runs elsewhere."""

import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from engine.errors import WnkdError
from wnkd_tui.app.screens.ask import Ask, AskLine, Choice, whole
from wnkd_tui.app.screens.worker_log import WorkerLog
from wnkd_tui.app.worker import Worker, stop

if TYPE_CHECKING:
    from wnkd_tui.app.application import WnkdApp
    from wnkd_tui.app.poller import Live

_HOW_TO_STOP = (
    Choice("s", "stop after the running jobs", "finish"),
    Choice("n", "stop now: running jobs wait and later go on from their checkpoints", "now"),
)
_LOG = Choice("o", "see worker.log: what workers started by the app wrote", "log")
_START = (
    Choice("w", "start it: a job at a time on each GPU, else on each core", "start"),
    Choice("s", "start it with another number of jobs at a time (--slots)", "slots"),
)
_MOST_SLOTS = 999


class Overseer:
    def __init__(self, app: "WnkdApp", command: Sequence[str]) -> None:
        self._app = app
        self.worker = Worker(command)
        self._told: str | None = None  # what held it up
        self._own: set[int] = set()  # pids of those that this app started
        self._before: tuple[Live, ...] = ()  # those at work at the last look

    @property
    def _live(self) -> "tuple[Live, ...]":
        return self._app.status.workers if self._app.status else ()

    def text(self) -> Text:
        """`● worker runs`, `● worker runs elsewhere (pid)`, `● worker starts…`, `‖ worker waits` or
        `○ no worker`."""
        ink, faint = self._app.inks["state-done"], self._app.inks["faint"]
        if self._held_up:
            return Text("‖ worker waits", style=self._app.inks["state-paused"])
        if (pid := self.worker.pid) is not None:
            at_work = any(one.pid == pid for one in self._live)
            return Text("● worker runs" if at_work else "● worker starts…", style=ink)
        if self._live:
            return Text(f"● worker runs elsewhere ({self._live[0].pid})", style=ink)
        return Text.assemble(("○ no worker: ", faint), ("w", "bold"), " starts it")

    @property
    def _held_up(self) -> str | None:
        """What keeps the worker from its work, in its own words."""
        return self._live[0].held_up if self._live else None

    def turn(self) -> None:
        """Starts a worker, or asks what to do with the one that runs."""
        if self.worker.pid is None and not self._live:
            self._start()
        elif host := self._other_host:
            self._app.notify(f"the worker runs on {host}: stop it there")
        else:
            self.open()

    def open(self) -> None:
        """All that can be done: start it in this way or that, stop it, see what it wrote."""
        pid = self.worker.pid or (self._live[0].pid if self._live else None)
        keep = Choice("k", "keep it running", "keep")
        if pid is None:
            self._ask("No worker runs.", (*_START, _LOG), None)
        elif host := self._other_host:
            self._ask(f"The worker (pid {pid}) runs on {host}: stop it there.", (_LOG, keep), None)
        else:
            self._ask(f"The worker (pid {pid}) runs.", (*_HOW_TO_STOP, _LOG, keep), pid)

    @property
    def _other_host(self) -> str | None:
        """Where the worker runs, if not here."""
        if self.worker.pid is not None or not self._live:
            return None
        host = self._live[0].host
        return host if host != socket.gethostname() else None

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
        """Tells, once each, that a worker ended or what it waits for; called now and then."""
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
        for gone in self._before if not self._live else ():
            if gone.pid not in self._own:
                self._tell(f"the worker elsewhere (pid {gone.pid}) has ended: w starts one here")
        self._before = self._live

    def _why(self, code: int) -> str:
        words = self.worker.last_words()
        how = f"exit {code}" if code > 0 else f"killed by signal {-code}"
        return f" ({how}){': ' if words else ''}{words}; w starts it again, W shows its log"

    def _ask(self, question: str, choices: Sequence[Choice], pid: int | None) -> None:
        def answer(how: str | None) -> None:
            if how == "log":
                self._app.push_screen(WorkerLog(self._app.find))
            elif how == "start":
                self._start()
            elif how == "slots":
                self._ask_slots()
            elif pid is not None:
                self._stop(pid, how)

        self._app.push_screen(Ask(question, choices), answer)

    def _ask_slots(self) -> None:
        def answer(value: str | None) -> None:
            if value is not None:
                self._start(int(value))

        question = "How many jobs at a time, in all?"
        line = AskLine(question, "2", fault=lambda text: whole(text, 1, _MOST_SLOTS))
        self._app.push_screen(line, answer)

    def _start(self, slots: int | None = None) -> None:
        try:
            pid = self.worker.start(self._app.find(), slots)
        except (OSError, WnkdError) as error:
            self._tell(f"cannot start the worker: {error}", bad=True)
        else:
            self._own.add(pid)
            self._tell(f"worker started (pid {pid}); it lives on when you leave")

    def _stop(self, pid: int, how: str | None) -> None:
        if how in ("finish", "now"):
            try:
                stop(pid, how)
            except OSError as error:
                self._tell(f"cannot stop the worker: {error}", bad=True)

    def _tell(self, words: str, *, bad: bool = False) -> None:
        self._app.notify(words, severity="error" if bad else "information", markup=False)
        page = self._app.page
        if page and page.is_mounted and self._app.status:
            page.tell(self._app.status)
