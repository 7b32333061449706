"""The app: pages, themes, the poller's thread and the worker. Pages never read the database."""

import os
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.events import Event, InputEvent
from textual.screen import ModalScreen, Screen
from textual.widget import AwaitMount

from wnkd_tui.app.deeds import Deeds, Done, Refused
from wnkd_tui.app.garbage import Garbage
from wnkd_tui.app.look import Look
from wnkd_tui.app.memory import Memory
from wnkd_tui.app.overseer import Overseer
from wnkd_tui.app.pages import PAGES, Make, warm
from wnkd_tui.app.palette import Palette, Themes, commands
from wnkd_tui.app.poller import Answered, Clock, Poller, Status, Told, Unreadable
from wnkd_tui.app.screens.broken import Broken
from wnkd_tui.app.screens.page import TABS, Page
from wnkd_tui.app.widgets.header import Tab
from wnkd_tui.app.worker import RUN_QUEUE
from wnkd_tui.home import Home

if TYPE_CHECKING:
    from wnkd_tui.queue.adding import TrialRequest
    from wnkd_tui.queue.fields import Fields


_REMEMBERED = 5.0  # seconds between two looks at what is to be kept


class WnkdApp(Look):
    """`find` gives the home, `clock` the time in UTC seconds, `worker` the command it starts."""

    TITLE = "wnkd"
    CSS_PATH = "wnkd.tcss"
    DEFAULT_MODE = "home"
    MODES: ClassVar[dict[str, str | Make]] = PAGES
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(key, f"go('{page}')", title, show=False, tooltip=f"Go to {title}")
            for key, title, page in TABS
        ),
        Binding("n", "new", "New", tooltip="Queue a trial or a sweep"),
        Binding("w", "worker", "Worker", tooltip="Start the worker, or choose how to stop it"),
        Binding(
            "W", "oversee", "Worker's log", show=False, tooltip="Its slots, its end, what it wrote"
        ),
        Binding("z", "undo", "Undo", show=False, tooltip="Take back the last deed"),
        Binding("t", "shade", "Light/dark", show=False, tooltip="Light or dark"),
        Binding("question_mark", "keys", "Keys", tooltip="These keys"),
        Binding("ctrl+z", "suspend_process", "Suspend", show=False, tooltip="Put aside; fg: back"),
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True, tooltip="Leave"),
    ]

    def __init__(
        self,
        find: Callable[[], Home] = Home.find,
        *,
        clock: Clock = time.time,
        every: float = 0.5,
        worker: Sequence[str] = RUN_QUEUE,
    ) -> None:
        super().__init__()
        self.find = find
        self.clock = clock
        self.status: Status | None = None
        self.trial: int | None = None  # the one that Run shows
        self.job: int | None = None  # of its jobs the one that was asked for
        self.marked: tuple[int, ...] = ()  # trials that are marked on page 5
        self.memory = Memory(find)
        if (theme := self.memory.kept.get("theme")) in list(self.available_themes):
            self.theme = str(theme)
        self.grid_dataset: str | None = None  # the one that page 3 shows; None: the one used last
        self.deeds = Deeds(self)
        self.poller = Poller(find, self.post_message, every=every, clock=clock)
        self.overseer = Overseer(self, worker)
        self._broken: Broken | None = None
        self._garbage = Garbage()
        self._warm = False

    @property
    def page(self) -> Page | None:
        """The page in sight, whatever dialog lies over it."""
        return next((s for s in reversed(self.screen_stack) if isinstance(s, Page)), None)

    def action_command_palette(self) -> None:
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette())  # without an id: the last one may be on its way out

    def search_themes(self) -> None:
        self.push_screen(Themes())

    def push_screen(self, screen: Any, *arguments: Any, **options: Any) -> Any:
        """As App's, but no dialog comes over one of its own kind: a quick second key or click may
        be on its way when the first one has opened it."""
        if isinstance(screen, ModalScreen) and type(screen) is type(self.screen):
            return AwaitMount(self.screen, ())
        return super().push_screen(screen, *arguments, **options)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Textual's own but for its panel of keys, and every key's action that is possible now."""
        own = super().get_system_commands(screen)
        yield from (command for command in own if command.title != "Keys")
        yield from commands(self, screen)

    def on_mount(self) -> None:
        if (page := self.memory.kept.get("page")) in list(PAGES):
            self.go(str(page))
        self.set_interval(_REMEMBERED, self._remember)
        self.run_worker(self.poller.run, thread=True, group="poller")
        self.set_interval(0.5, self.overseer.watch)
        self.set_interval(0.5, self._garbage.collect)

    def on_unmount(self) -> None:
        self.poller.stop()

    def exit(self, *args: Any, **rest: Any) -> None:
        self._remember()  # while the pages are still there to be asked
        super().exit(*args, **rest)

    # What lasts from one start to the next.

    def _remember(self) -> None:
        pages = {page.NAME: page.kept() for page in self._pages}
        kept = {name: self.memory.of(name) for name in self.MODES} | pages
        self.memory.keep({"theme": self.theme, "page": self.current_mode, "pages": kept})

    @property
    def _pages(self) -> list[Page]:
        """Those that were gone to."""
        every = (one for stack in self._screen_stacks.values() for one in stack)
        return [one for one in every if isinstance(one, Page)]

    def repaint(self) -> None:
        if self.page:
            self.page.repaint()

    async def on_event(self, event: Event) -> None:
        if isinstance(event, InputEvent):
            self._garbage.touched()
        await super().on_event(event)

    # What comes from the poller and from deeds.

    @on(Told)
    def _told(self, event: Told) -> None:
        self.status = event.status
        if self.page:
            self.page.tell(event.status)

    @on(Answered)
    def _answered(self, event: Answered) -> None:
        if self._broken:
            self._broken.dismiss()
            self._broken = None
        if self.page:
            self.page.take(event.question, event.answer)
            if self.page.answered == event.question:
                self.turned()
        if not self._warm:
            self._warm = True
            self.run_worker(self._make_ready, thread=True, group="warm")

    def _make_ready(self) -> None:
        warm()
        self._garbage.spare()

    @on(Unreadable)
    def _unreadable(self, event: Unreadable) -> None:
        if self._broken:
            self._broken.tell(event.reason)
            return
        self._broken = Broken(event.reason)
        self.push_screen(self._broken)

    @on(Done)
    def _done(self, event: Done) -> None:
        refused = isinstance(event, Refused)
        self.notify(event.words, severity="error" if refused else "information", markup=False)
        self.poller.nudge()

    def action_reread(self) -> None:
        self.poller.nudge()

    # Where one can go.

    def go(self, page: str) -> None:
        """To another page. It stands before the next key is looked at."""
        self.call_later(self.switch_mode, page)

    async def action_go(self, page: str) -> None:
        await self.switch_mode(page)

    @on(Tab.Pressed)
    def _go(self, event: Tab.Pressed) -> None:
        self.go(event.page)

    def open_trial(self, trial: int, job: int | None = None) -> None:
        """Shows a trial in full, and of its jobs that one."""
        self.trial, self.job = trial, job
        if self.page and self.page.NAME == "run":
            self.page.ask()
        self.go("run")

    def action_new(self) -> None:
        from wnkd_tui.queue.fields import Fields  # late: pydantic, after the first page

        self.fill_form(Fields())

    def fill_form(self, fields: "Fields") -> None:
        """Opens the form; what it asks for in the end is queued."""
        from wnkd_tui.app.screens.form.screen import TrialForm  # late, as in `action_new`

        def queue(request: "TrialRequest | None") -> None:
            if request:
                self.deeds.queue([request])

        self.push_screen(TrialForm(fields), queue)

    def configure(self, dataset: str) -> None:
        """The grid of `dataset`."""
        self.grid_dataset = dataset
        self.go("grid")

    def action_keys(self) -> None:
        if page := self.page:
            from wnkd_tui.app.screens.keys import KeyHelp, key_groups

            title = next(title for _, title, name in TABS if name == page.NAME)
            self.push_screen(KeyHelp(key_groups(page, title)))

    # The worker.

    def action_worker(self) -> None:
        self.overseer.turn()

    def action_oversee(self) -> None:
        self.overseer.open()

    # What was done.

    def action_undo(self) -> None:
        self.deeds.undo()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "undo":
            return self.deeds.undoable is not None
        if action == "suspend_process":  # only for a shell that can bring it back
            return os.getpgrp() != os.getsid(0)
        return True

    async def action_quit(self) -> None:
        self.overseer.leave()

    def action_exit_now(self) -> None:
        self.exit()
