"""What must be said with every number: on what, how much of it, with which encoder and recipe."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from engine.changes import text_of
from engine.encoders.names import STAND_IN_LABEL, is_stand_in
from engine.spec import TrialSpec
from wnkd_tui.report.rows import Row, Setting
from wnkd_tui.report.stats import Shown, Stat


def tables(rows: Sequence[Row]) -> list[list[Row]]:
    """Sorted rows, cut where a setting changes: what must never stand in one table is apart."""
    return [list(group) for _, group in groupby(rows, key=lambda row: row.table)]


def encoder_label(name: str) -> str:
    """The encoder's name; the stand-in always as what it is."""
    return STAND_IN_LABEL if is_stand_in(name) else name


def dataset_label(setting: Setting, train_n: int | None = None, val_n: int | None = None) -> str:
    """`digits (limit-train 300, 300 train, 360 val)`."""
    sizes = [f"{count} {split}" for count, split in ((train_n, "train"), (val_n, "val")) if count]
    if setting.limit_train:
        sizes.insert(0, f"limit-train {setting.limit_train}")
    return f"{setting.dataset} ({', '.join(sizes)})" if sizes else setting.dataset


def recipe_label(setting: Setting) -> str:
    """`recipe demo with student.tau 2.0`."""
    changed = f" with {text_of(setting.changes)}" if setting.changes else ""
    return f"recipe {setting.recipe}{changed}"


def setting_label(setting: Setting, train_n: int | None = None, val_n: int | None = None) -> str:
    """`digits (1437 train, 360 val) · recipe demo`."""
    return f"{dataset_label(setting, train_n, val_n)} · {recipe_label(setting)}"


def spec_labels(
    spec: TrialSpec, kind: str, train_n: int | None = None, val_n: int | None = None
) -> list[str]:
    """The same in parts, of a trial's job of this kind: image networks know no encoder, and only
    T_x reads a validation text."""
    setting = Setting(spec.dataset, spec.limit_train, spec.recipe, spec.changes)
    parts = [dataset_label(setting, train_n, val_n), recipe_label(setting)]
    if spec.tx and kind in ("T_x", "student"):
        parts.append(encoder_label(spec.tx.encoder))
    if spec.tx and kind == "T_x":
        parts.append(f"validation text {spec.tx.val_text}")
    return parts


def told_apart(labels: Sequence[Sequence[str]]) -> tuple[list[str], list[list[str]]]:
    """The labels that all have, and what each has beside them."""
    shared = [one for one in (labels[0] if labels else ()) if all(one in each for each in labels)]
    return shared, [[one for one in each if one not in shared] for each in labels]


def table_label(rows: Sequence[Row]) -> str:
    """Dataset, size, recipe, encoder and modality of rows that share them."""
    first = rows[0]
    known = [row for row in rows if row.train_n] or [first]
    label = setting_label(first.setting, known[0].train_n, known[0].val_n)
    if first.tx is None:
        return label
    return f"{label} · {encoder_label(first.tx.encoder)} · {first.tx.modality}"


def seeds_label(stats: Iterable[Stat | None]) -> str:
    """How many seeds stand behind the numbers: `1 seed`, `3 seeds`, `1 to 3 seeds`."""
    counts = sorted({stat.n for stat in stats if stat})
    if not counts:
        return "no seeds"
    span = f"{counts[0]} to {counts[-1]}" if counts[0] != counts[-1] else f"{counts[-1]}"
    return f"{span} seed{'' if counts[-1] == 1 else 's'}"


def epoch_label(epoch: Shown) -> str:
    return "best and last epoch" if epoch == "both" else f"{epoch} epoch"


def texts_label(rows: Iterable[Row]) -> list[str]:
    """`validation text gt and mixed`, as one part of a caption; none without a T_x."""
    texts = sorted({str(row.tx.val_text) for row in rows if row.tx})
    return [f"validation text {' and '.join(texts)}"] if texts else []


def caption(rows: Sequence[Row], stats: Iterable[Stat | None], epoch: Shown) -> str:
    """All that the numbers of one table depend on; `stats` are those that it shows."""
    return " · ".join(
        [table_label(rows), seeds_label(stats), epoch_label(epoch), *texts_label(rows)]
    )
