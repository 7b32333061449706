"""What a page of jobs does to the marked ones, or to the one under the cursor."""

from collections.abc import Sequence
from typing import cast

from textual.binding import Binding

from wnkd_tui.app.screens.ask import AskLine, whole
from wnkd_tui.app.screens.searching import SearchingPage
from wnkd_tui.queue.wording import count
from wnkd_tui.store.rows import JobRow

MOST = 9999  # priorities go so far, up and down


def key(keys: str, action: str, words: str, tooltip: str, *, shown: bool = False) -> Binding:
    """A binding; the footer has room for few."""
    return Binding(keys, action, words, show=shown, tooltip=tooltip)


DEEDS = [
    key("c", "cancel", "Cancel", "Cancel these jobs; r queues them again", shown=True),
    key("r", "retry", "Retry", "Queue them again, on from their checkpoints", shown=True),
    key("p", "pause", "Pause", "Hold them; a running one ends its epoch first", shown=True),
    key("u", "resume", "Go on", "Let held jobs go on", shown=True),
    key("f", "first", "Top", "Ahead of all that waits, with what they need"),
    key("g", "last", "Back", "Behind all that waits"),
    key("shift+up,K", "up", "One up", "Before the one above, with the same priority"),
    key("shift+down,J", "down", "One down", "Behind the one below, with the same priority"),
    key("plus,equals_sign", "lift(1)", "Raise", "One priority higher, with what they need"),
    key("minus", "lift(-1)", "Lower", "One priority lower"),
    key("P", "priority", "Priority", "Type their priority"),
    key("x", "remove", "Remove", "Remove the trials that need them, after asking"),
]


class ActingPage(SearchingPage[JobRow]):
    """Deeds of the page's keys."""

    @property
    def chosen(self) -> Sequence[int]:
        return cast("tuple[int, ...]", self.rows.chosen)

    @property
    def who(self) -> str:
        """The chosen jobs in words."""
        chosen = self.chosen
        if self.rows.marks:
            return count(len(chosen), "marked job")
        return f"job {chosen[0]}" if chosen else "no job"

    def action_cancel(self) -> None:
        self.wnkd.deeds.cancel(self.chosen)

    def action_retry(self) -> None:
        self.wnkd.deeds.retry(self.chosen)

    def action_pause(self) -> None:
        self.wnkd.deeds.pause(self.chosen)

    def action_resume(self) -> None:
        self.wnkd.deeds.resume(self.chosen)

    def action_first(self) -> None:
        self.wnkd.deeds.to_top(self.chosen)

    def action_last(self) -> None:
        self.wnkd.deeds.to_back(self.chosen)

    def action_up(self) -> None:
        self.wnkd.deeds.up(self.chosen)

    def action_down(self) -> None:
        self.wnkd.deeds.down(self.chosen)

    def action_lift(self, step: int) -> None:
        self.wnkd.deeds.lift(self.chosen, step)

    def action_priority(self) -> None:
        jobs, row = self.chosen, self.rows.row
        question = f"Priority of {self.who} (higher ones start first, 0 is usual):"

        def answer(value: str | None) -> None:
            if value is not None:
                self.wnkd.deeds.prioritise(jobs, int(value))

        now = str(row.priority if row else 0)
        line = AskLine(question, now, fault=lambda text: whole(text, -MOST, MOST))
        self.app.push_screen(line, answer)

    def action_remove(self) -> None:
        self.wnkd.deeds.remove_for(self.chosen)
