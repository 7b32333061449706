"""How work goes, on stderr: live bars on a terminal, plain lines elsewhere."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from wnkd_tui.store.rows import JobRow

ENDED = ("done", "failed", "cancelled", "lost")
BACK = {"waiting": "waits again", "paused": "is paused"}  # what was running
REMIND_EVERY = 30.0  # seconds between two plain lines about one long job
NAMED = 16  # places that are named one by one


class Narrator:
    """Plain lines: what starts, what ends and with what figure, and now and then how far it is."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._states: dict[int, str] = {}
        self._reminded: dict[int, float] = {}
        self._idle = False

    def say(self, text: str) -> None:
        """One line of narration."""
        self._console.print(text, markup=False, soft_wrap=True)

    def start(self, rows: Sequence[JobRow], places: Sequence[str]) -> None:
        """What there is to do and where; jobs that ended before are no news."""
        self._states = {row.id: row.state for row in rows if row.state in ENDED}
        waiting = sum(row.state not in ENDED for row in rows)
        few = len(places) <= NAMED
        named = ", ".join(places) if few else f"{places[0]} to {places[-1]}"
        self.say(f"{waiting} jobs to do, {len(places)} at a time ({named})")

    def look(self, rows: Sequence[JobRow], *, idle_note: bool) -> None:
        """Tells what changed since the last look."""
        for row in rows:
            before = self._states.get(row.id)
            if row.state != before and (row.state in ENDED or row.state == "running"):
                self._told(row, rows)
            elif before == "running" and row.state in BACK:
                why = f": {row.reason}" if row.reason else ""
                self.say(f"      job {row.id} {BACK[row.state]}{why}")
            self._states[row.id] = row.state
        running = [row for row in rows if row.state == "running"]
        self._show(running, rows)
        self._rest(any(map(_to_be_done, rows)), idle_note)

    def end(self, rows: Sequence[JobRow]) -> None:
        """The last changes, and what is left."""
        self.look(rows, idle_note=False)
        counts = Counter(row.state for row in rows)
        self.say(", ".join(f"{count} {state}" for state, count in sorted(counts.items())))
        bad = [f"{row.id} ({row.name})" for row in rows if row.state in ("failed", "lost")]
        if bad:
            self.say(f"not done: {', '.join(bad)}; wnkd queue retry --all tries again")

    def _told(self, row: JobRow, rows: Sequence[JobRow]) -> None:
        done = sum(one.state == "done" for one in rows)
        where = f" on {row.slot}" if row.slot and row.state == "running" else ""
        self.say(f"[{done}/{len(rows)}] job {row.id} {row.state}{where}: {row.name}{_end(row)}")
        self._reminded[row.id] = time.monotonic()

    def _show(self, running: Sequence[JobRow], rows: Sequence[JobRow]) -> None:
        for row in running:
            if row.total and time.monotonic() - self._reminded.get(row.id, 0.0) > REMIND_EVERY:
                self._reminded[row.id] = time.monotonic()
                self.say(f"      job {row.id} {row.progress:.0%}: {row.name}, {pace(row)}")

    def _rest(self, busy: bool, note: bool) -> None:
        if note and not busy and not self._idle:
            self.say("nothing to do: waiting for jobs, Ctrl-C ends")
        self._idle = not busy


class LiveNarrator(Narrator):
    """The same lines above a bar for all jobs and one for each that runs."""

    def __init__(self, console: Console, progress: Progress) -> None:
        super().__init__(console)
        self._progress = progress
        self._all = progress.add_task("all jobs", total=None, pace="")
        self._bars: dict[int, TaskID] = {}

    def _show(self, running: Sequence[JobRow], rows: Sequence[JobRow]) -> None:
        done = sum(row.state == "done" for row in rows)
        self._progress.update(
            self._all, completed=done, total=len(rows), pace=f"{done}/{len(rows)}"
        )
        for id in self._bars.keys() - {row.id for row in running}:
            self._progress.remove_task(self._bars.pop(id))
        for row in running:
            if row.id not in self._bars:
                self._bars[row.id] = self._progress.add_task(
                    escape(f"{row.id} {row.name}"), total=None, pace=""
                )
            self._progress.update(
                self._bars[row.id], completed=row.done, total=row.total or None, pace=pace(row)
            )


@contextmanager
def narrator() -> Iterator[Narrator]:
    """Bars where stderr is a terminal, lines where it is not."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield Narrator(console)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[pace]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield LiveNarrator(console, progress)


def _to_be_done(row: JobRow) -> bool:
    """Whether it runs, or will by itself."""
    held_up = (row.reason or "").startswith("waits for job ")  # that failed or is paused
    return row.state == "running" or (row.state == "waiting" and not held_up)


def pace(row: JobRow) -> str:
    """`12/30 epochs, 0.5/s, 36 s left`, as far as it is known."""
    if not row.total:
        return "starting"
    parts = [f"{row.done}/{row.total} {row.unit}"]
    if row.rate:
        parts += [f"{row.rate:.3g}/s", f"{(row.total - row.done) / row.rate:.0f} s left"]
    return ", ".join(parts)


def _end(row: JobRow) -> str:
    """The figure that a job ended with, or why it did not end well; and its time."""
    if row.state not in ENDED:
        return ""
    result = row.result or {}
    parts = [row.reason] if row.reason else []
    if "best" in result:
        parts.append(f"val {result['best']['val_top1']:.2f} %")
    if "image_share" in result:
        parts.append(f"image share {result['image_share']:.2f}")
    if row.started_at and row.finished_at:
        parts.append(f"{row.finished_at - row.started_at:.1f} s")
    return f" ({', '.join(parts)})" if parts else ""
