"""What the compare page is turned to, and how that is kept until the next start."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from wnkd_tui.app.screens.compare.overlay import KINDS, Overlay
from wnkd_tui.app.screens.compare.reports import REPORTS, RUNS, WORDS, Options, Sweep
from wnkd_tui.app.screens.compare.view import Compared, CompareQuestion, Setting
from wnkd_tui.report.captions import epoch_label
from wnkd_tui.report.scatter import Against
from wnkd_tui.report.stats import Shown

SHOWN: tuple[Shown, ...] = ("best", "last", "both")
SWEEPS: dict[Sweep, str] = {"both": "wn and noise", "wn": "wn", "noise": "noise"}
AGAINST: dict[Against, str] = {"accuracy": "T_x val", "leakage": "leakage index"}
# Knobs and their keys; of those with an equal key a report has one.
KNOBS = {
    "setting": "d",
    "group": "g",
    "epoch": "b",
    "sweep": "m",
    "against": "m",
    "kind": "k",
    "metric": "m",
}
_OF_RUNS = ("kind", "metric")
_Choice = TypeVar("_Choice")


@dataclass(frozen=True)
class State:
    """A `setting` of None is the one used last; `group` counts round."""

    report: str = "table2"
    setting: Setting | None = None
    group: int = 0
    options: Options = field(default_factory=Options)
    overlay: Overlay = field(default_factory=Overlay)

    @property
    def knobs(self) -> tuple[str, ...]:
        return _OF_RUNS if self.report == RUNS else REPORTS[self.report].knobs

    def report_after(self, by: int) -> "State":
        return self.at(after(self.report, tuple(WORDS), by))

    def at(self, report: str) -> "State":
        return self if report == self.report else replace(self, report=report, group=0)

    def epoch_turned(self) -> "State":
        shown = after(self.options.shown, SHOWN)
        return replace(self, options=replace(self.options, shown=shown))

    def varied(self, metrics: Sequence[str], shown: str) -> "State":
        """The knob on `m`, whatever it is for this report; of `metrics` one is `shown`."""
        if "sweep" in self.knobs:
            sweep = after(self.options.sweep, tuple(SWEEPS))
            return replace(self, options=replace(self.options, sweep=sweep))
        if "against" in self.knobs:
            against = after(self.options.against, tuple(AGAINST))
            return replace(self, options=replace(self.options, against=against))
        if metrics:
            now = self.overlay.metric if self.overlay.metric in metrics else shown
            return replace(self, overlay=replace(self.overlay, metric=after(now, metrics)))
        return self

    def kind_turned(self) -> "State":
        kind = after(self.overlay.kind, KINDS)
        return replace(self, overlay=replace(self.overlay, kind=kind, metric=""))

    def told(self, answer: Compared, asked: CompareQuestion) -> dict[str, str]:
        """Each knob's value in words. Of what only an answer tells, `…` where `answer` is to
        another question: what was `asked` before the last turn."""
        setting, groups = self.setting or answer.setting, "…"
        if (asked.report, asked.setting) == (self.report, self.setting):
            setting, groups = answer.setting, "–"
            if answer.groups:
                groups = f"{self.group % answer.groups + 1} of {answer.groups:,}"
        metric = self.overlay.metric or "…"
        if answer.picked and asked.overlay.metric == self.overlay.metric:
            metric = answer.picked.metric or "–"
        return {
            "setting": setting_label(setting) if setting else "–",
            "group": groups,
            "epoch": epoch_label(self.options.shown),
            "sweep": SWEEPS[self.options.sweep],
            "against": AGAINST[self.options.against],
            "kind": self.overlay.kind,
            "metric": metric,
        }

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; marks are not kept."""
        return {
            "report": self.report,
            "setting": self.setting,
            "epoch": self.options.shown,
            "sweep": self.options.sweep,
            "against": self.options.against,
            "find": self.overlay.text,
            "kind": self.overlay.kind,
            "metric": self.overlay.metric,
        }

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "State":
        """Raises KeyError, TypeError or ValueError for what is no state."""
        one = kept["setting"]
        dataset, limit_train, recipe = one or ("", None, "")
        options = Options(
            _one_of(kept["epoch"], SHOWN),
            _one_of(kept["sweep"], tuple(SWEEPS)),
            _one_of(kept["against"], tuple(AGAINST)),
        )
        return cls(
            _one_of(kept["report"], tuple(WORDS)),
            (str(dataset), limit_train, str(recipe)) if one else None,
            0,
            options,
            Overlay(str(kept["find"]), (), _one_of(kept["kind"], KINDS), str(kept["metric"])),
        )


def setting_label(setting: Setting) -> str:
    """`digits (300) · demo`."""
    dataset, limit_train, recipe = setting
    return f"{dataset}{f' ({limit_train})' if limit_train else ''} · {recipe}"


def after(value: _Choice, values: Sequence[_Choice], by: int = 1) -> _Choice:
    return values[(values.index(value) + by) % len(values)] if value in values else values[0]


def _one_of(value: Any, values: Sequence[_Choice]) -> _Choice:
    return values[values.index(value)]
