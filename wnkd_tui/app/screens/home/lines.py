"""How Home's lines look, section by section."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from rich.text import Text

from wnkd_tui.app.progress import bar, duration, eta, rate_text
from wnkd_tui.app.screens.home.latest import Figure, Result
from wnkd_tui.app.screens.home.view import HomeView
from wnkd_tui.app.states import badge
from wnkd_tui.app.widgets.columns import Column
from wnkd_tui.queue.vitals import Vitals
from wnkd_tui.store.rows import JobRow

GIB = 2**30
_DAY, _WEEK = 86_400.0, 6 * 86_400.0


@dataclass(frozen=True)
class Gauge:
    """`share` from 0 to 1 of what is `told`; None where it is not known. `slot` is a GPU's name as
    jobs tell it."""

    name: str
    share: float | None
    told: str
    more: str = ""
    slot: str = ""


class Lines:
    """Draws cells in the colours of `inks`, by what `view` knows; the page swaps both."""

    def __init__(self) -> None:
        self.inks: Mapping[str, str] = {}
        self.view = HomeView(True, "", 0.0)

    def running(self) -> list[Column[JobRow]]:
        return [
            Column("Running", _name, width=20, grow=2),
            Column("", self._progress, width=12, grow=1),
            Column("Rate", self._rate, width=13, right=True),
            Column("Left", self._left, width=6, right=True),
            Column("Where", self._where, width=14, grow=3),
        ]

    def bad(self) -> list[Column[JobRow]]:
        return [
            Column("Failed or lost", self._bad, width=26, grow=1),
            Column("Ago", self._ago, width=6, right=True),
            Column("Why", self._why, width=40, grow=3),
        ]

    def waiting(self) -> list[Column[JobRow]]:
        return [
            Column("Waiting", _name, width=34, grow=2),
            Column("Starts", self._starts, width=10, right=True),
            Column("In", self._within, width=7, right=True),
            Column("", self._held, width=18, grow=1),
        ]

    def results(self) -> list[Column[Result]]:
        return [
            Column("Last results", lambda result, _: Text(result.name), width=34, grow=3),
            Column("Dataset", self._dataset, width=9, grow=1),
            Column("Teacher", self._teacher, width=7, right=True),
            Column("Student top-1", self._student, width=13, right=True),
            Column("Seeds", lambda result, _: Text(str(result.student.seeds)), width=5, right=True),
        ]

    def machine(self) -> list[Column[Gauge]]:
        return [
            Column("This machine", lambda gauge, _: Text(gauge.name), width=22, grow=1),
            Column("", self._load, width=20, grow=2),
            Column("", lambda gauge, _: Text(gauge.told), width=20, right=True),
            Column("", lambda gauge, _: Text(gauge.more), width=6, right=True),
        ]

    # Cells.

    def _progress(self, job: JobRow, width: int) -> Text:
        ink, faint = self.inks["state-running"], self.inks["faint"]
        if job.wanted:
            return Text(f"will be {job.wanted}", style=ink)
        if job.waits_there:
            return Text("waits", style=faint)
        return Text.assemble(
            bar(job.progress, width - 5, ink, faint), (f"{job.progress:>5.0%}", ink)
        )

    def _rate(self, job: JobRow, _: int) -> Text:
        return Text(rate_text(job.rate, job.unit), style=self.inks["faint"])

    def _left(self, job: JobRow, _: int) -> Text:
        return Text("" if job.waits_there else eta(job.done, job.total, job.rate) or "?")

    def _where(self, job: JobRow, _: int) -> Text:
        """What tells most comes first: the rest of it may be cut off."""
        if job.place or job.waits_there:
            return Text(job.reason or job.where or "")
        if job.host is None or job.slot is None:
            return Text(job.device or "")
        return Text.assemble(job.slot, " ", (job.host, self.inks["faint"]))

    def _bad(self, job: JobRow, _: int) -> Text:
        return Text.assemble(badge(job.state, self.inks, word=False), " ", _name(job, 0))

    def _ago(self, job: JobRow, _: int) -> Text:
        ended = job.finished_at
        words = duration(self.view.now - ended) if ended else ""
        return Text(words, style=self.inks["faint"])

    def _why(self, job: JobRow, _: int) -> Text:
        return Text(job.reason or "", style=self.inks[f"state-{job.state}"])

    def _starts(self, job: JobRow, _: int) -> Text:
        at = self.view.forecast.start.get(job.id)
        if at is None:
            return Text("unknown", style=self.inks["faint"])
        return Text("next" if at <= self.view.now else clock(at, self.view.now))

    def _within(self, job: JobRow, _: int) -> Text:
        at = self.view.forecast.start.get(job.id)
        left = at - self.view.now if at else 0.0
        return Text(duration(left) if left > 0 else "", style=self.inks["faint"])

    def _held(self, job: JobRow, _: int) -> Text:
        return Text(job.reason or "", style=self.inks["faint"])

    def _dataset(self, result: Result, width: int) -> Text:
        """With the recipe where there is room, and ≠ where that is changed."""
        changed = " ≠" if result.changed else ""
        words = f"{result.dataset} {result.recipe}{changed}"
        short = f"{result.dataset}{changed}"
        return Text(words if len(words) <= width else short, style=self.inks["faint"])

    def _teacher(self, result: Result, _: int) -> Text:
        words = f"{result.teacher.top1:.2f}" if result.teacher else "–"
        return Text(words, style=self.inks["teacher"])

    def _student(self, result: Result, _: int) -> Text:
        return Text(_figure(result.student), style=self.inks["student"])

    def _load(self, gauge: Gauge, width: int) -> Text:
        if gauge.share is None:
            return Text("–", style=self.inks["faint"])
        ink = self.inks["state-failed" if gauge.share > 0.95 else "student"]
        share = bar(gauge.share, width - 5, ink, self.inks["faint"])
        return Text.assemble(share, f"{gauge.share:>5.0%}")


def clock(at: float, now: float) -> str:
    """`14:05`; `Tue 14:05` from a day on, `Dec 03` from a week on; in this machine's time."""
    when = datetime.fromtimestamp(at)
    ahead = at - now
    return when.strftime("%H:%M" if ahead < _DAY else "%a %H:%M" if ahead < _WEEK else "%b %d")


def gauges(vitals: Vitals) -> list[Gauge]:
    """The GPUs, then the host; a full disk is red like a busy GPU."""
    lines = [
        Gauge(
            name=f"GPU {gpu.number} {gpu.name.removeprefix('NVIDIA ')}",
            share=None if gpu.load is None else gpu.load / 100,
            told=_of(gpu.used, gpu.memory),
            more="" if gpu.temperature is None else f"{gpu.temperature} °C",
            slot=f"GPU {gpu.number}",
        )
        for gpu in vitals.gpus
    ]
    cores = f"{vitals.cores} core{'s' if vitals.cores > 1 else ''}"
    cpu = None if vitals.cpu is None else vitals.cpu / 100
    lines.append(Gauge("CPU", cpu, cores, "" if vitals.gpus else "no GPU"))
    lines.append(
        Gauge("Memory", _share(vitals.used, vitals.memory), _of(vitals.used, vitals.memory))
    )
    if vitals.disk and vitals.disk_left is not None:
        taken = 1 - vitals.disk_left / vitals.disk
        lines.append(Gauge("Disk of the home", taken, f"{_gib(vitals.disk_left)} GiB left"))
    return lines


def _name(job: JobRow, _: int) -> Text:
    """Kinds whose names do not tell them are named with their kind."""
    known = job.name.startswith(job.kind) or job.kind in ("teacher", "student", "T_x")
    return Text(job.name if known else f"{job.kind}: {job.name}")


def _figure(figure: Figure) -> str:
    spread = f" ±{figure.spread:.2f}" if figure.spread is not None else ""
    return f"{figure.top1:.2f}{spread}"


def _share(part: int | None, whole: int | None) -> float | None:
    return part / whole if part is not None and whole else None


def _of(part: int | None, whole: int | None) -> str:
    if whole is None:
        return ""
    return f"{'?' if part is None else _gib(part)} of {_gib(whole)} GiB"


def _gib(size: int) -> str:
    return f"{size / GIB:,.1f}" if size < 100 * GIB else f"{size / GIB:,.0f}"
