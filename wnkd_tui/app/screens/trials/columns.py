"""How a trial looks in the list, and what the list can be sorted by."""

from collections.abc import Mapping
from typing import Final

from rich.text import Text

from engine.changes import text_of
from wnkd_tui.app.progress import duration
from wnkd_tui.app.states import badge
from wnkd_tui.app.widgets.columns import Column
from wnkd_tui.store.rows import TrialLine

CHANGED = "≠"
# What the list can be sorted by, in the turn of the key; and whether the largest are looked for.
SORTS: Final = {
    "acc": True,
    "tx": True,
    "id": True,
    "state": False,
    "name": False,
    "dataset": False,
    "recipe": False,
    "seed": False,
    "tag": False,
    "added": True,
}


class TrialCells:
    """Draws cells in the colours of `inks`; `now` is what ages count to (UTC seconds)."""

    def __init__(self) -> None:
        self.inks: Mapping[str, str] = {}
        self.now = 0.0

    def columns(self) -> list[Column[TrialLine]]:
        return [
            Column("Id", lambda t, _: Text(str(t.id)), 5, right=True, field="id"),
            Column("", lambda t, _: badge(t.state, self.inks, word=False), 1, field="state"),
            Column("Name", self._name, 26, grow=3, field="name"),
            Column("Dataset", self._dataset, 10, grow=1, field="dataset"),
            Column("Recipe", lambda t, _: Text(t.spec.recipe), 6, room=82, field="recipe"),
            Column("Seed", lambda t, _: Text(str(t.spec.seed)), 5, right=True, field="seed"),
            Column("Jobs", self._jobs, 5, right=True),
            Column("Top-1", lambda t, _: _percent(t.acc), 6, right=True, field="acc"),
            Column("T_x", lambda t, _: _percent(t.tx), 6, room=90, right=True, field="tx"),
            Column("Tags", self._tags, 10, room=97, grow=1, field="tag"),
            Column("Added", self._age, 6, room=108, right=True, field="added"),
        ]

    def _name(self, trial: TrialLine, width: int) -> Text:
        """`≠` where the recipe is changed, `*` where there is a note: a name that is too long is
        cut before its signs, since without them it would be another trial's."""
        changed = f" {CHANGED} {text_of(trial.spec.changes)}" if trial.spec.changes else ""
        noted = " *" if trial.note else ""
        if len(trial.name + noted + changed) > width:
            changed = changed[:2]
        name = Text(trial.name)
        name.truncate(max(1, width - len(noted + changed)), overflow="ellipsis")
        return Text.assemble(name, (noted, self.inks["teacher"]), (changed, self.inks["faint"]))

    def _dataset(self, trial: TrialLine, _: int) -> Text:
        limit = f" ({trial.spec.limit_train})" if trial.spec.limit_train else ""
        return Text(f"{trial.spec.dataset}{limit}")

    def _jobs(self, trial: TrialLine, _: int) -> Text:
        return Text(f"{trial.jobs_done}/{trial.jobs_total}", style=self.inks["faint"])

    def _tags(self, trial: TrialLine, _: int) -> Text:
        return Text(" ".join(trial.tags), style=self.inks["teacher"])

    def _age(self, trial: TrialLine, _: int) -> Text:
        return Text(duration(self.now - trial.added_at), style=self.inks["faint"])


def _percent(value: float | None) -> Text:
    return Text("–" if value is None else f"{value:.2f}")
