"""The log of a job, which is searched from end to end beside the screen."""

from collections.abc import Callable
from functools import partial

from textual import on
from textual.message import Message
from textual.worker import get_current_worker

from wnkd_tui.app import logs
from wnkd_tui.app.widgets.log_view import LogView
from wnkd_tui.home import Home


class JobLog(LogView):
    """`key` is the job's, `find` gives the home."""

    class Found(Message):
        """The search for `wanted` came to its end; `place` None: it is not there."""

        def __init__(self, wanted: str, place: logs.Place | None) -> None:
            super().__init__()
            self.wanted, self.place = wanted, place

    def __init__(self, find: Callable[[], Home]) -> None:
        super().__init__()
        self._find = find
        self.key = ""

    @on(LogView.Sought)
    def _sought(self, event: LogView.Sought) -> None:
        if self.key:
            seek = partial(self._search, self.key, event)
            self.run_worker(seek, thread=True, group="log", exclusive=True)

    def _search(self, key: str, event: LogView.Sought) -> None:
        """In a thread of its own."""
        worker = get_current_worker()
        place = logs.find(
            self._find().job(key),
            event.wanted,
            event.start,
            forward=event.forward,
            skip=event.skip,
            stop=lambda: worker.is_cancelled,
        )
        if not worker.is_cancelled:
            self.post_message(self.Found(event.wanted, place))

    @on(Found)
    def _found(self, event: Found) -> None:
        if event.place:
            # By itself, later: what a child sends while its parent is at work goes no further up.
            self.text.call_later(self.text.find, event.place)
            self.say()
        else:
            self.say(f"no {event.wanted!r} that way")
