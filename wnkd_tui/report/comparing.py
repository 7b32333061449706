"""Tables with a row for each dataset (Table 1 and Table 3): which rows may stand together."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from engine.changes import text_of
from engine.spec import Modality, MultimodalSpec
from wnkd_tui.report import paper
from wnkd_tui.report.captions import (
    dataset_label,
    encoder_label,
    epoch_label,
    recipe_label,
    seeds_label,
    texts_label,
)
from wnkd_tui.report.rows import Row, Setting
from wnkd_tui.report.stats import Shown, Stat

_Group = tuple[Setting, str]  # the dataset left out; the encoder


def is_ours(row: Row) -> bool:
    """Whether T_x sees the image and only WordNet-relaxed text: the paper's best trial."""
    return row.tx is not None and row.tx.modality is Modality.IMG_TEXT and row.tx.wn == 100


def across_datasets(rows: Iterable[Row]) -> list[list[Row]]:
    """Rows of our best trial and of students without T_x, in groups of one recipe, changes, size
    limit and encoder; students of a setting without our trial stand in every encoder's group.

    Where a trial is there with several validation texts, the usual one speaks for it: students do
    not read them.
    """
    rows = list(rows)
    ours = [row for row in rows if is_ours(row)]
    groups: dict[_Group, list[Row]] = {}
    conditions = {(row.setting, row.tx_changes, row.tx) for row in ours}
    for row in ours:
        if (row.setting, row.tx_changes, _usual(row)) not in conditions:
            groups.setdefault(_group(row), []).append(row)
    alone: dict[Setting, Row] = {}
    with_ours = {row.setting for row in ours}
    for row in sorted((row.without_tx for row in rows), key=_seeds, reverse=True):
        if row.setting not in with_ours:
            alone.setdefault(row.setting, row)
    encoders: dict[Setting, list[str]] = {}
    for setting, encoder in groups:
        encoders.setdefault(setting, []).append(encoder)
    for row in alone.values():
        setting, own = _group(row)
        for encoder in encoders.get(setting, [own]):
            groups.setdefault((setting, encoder), []).append(row)
    return [sorted(group, key=_place) for group in groups.values()]


def row_label(row: Row) -> str:
    """`digits (1437 train, 360 val) · T_x.stem linear`."""
    label = dataset_label(row.setting, row.train_n, row.val_n)
    return f"{label} · {text_of(row.tx_changes)}" if row.tx_changes else label


def caption(rows: Sequence[Row], stats: Iterable[Stat | None], epoch: Shown) -> str:
    """What the numbers of all rows depend on; size and T_x's changes are in each row's label."""
    encoders = dict.fromkeys(encoder_label(row.tx.encoder) for row in rows if row.tx)
    return " · ".join(
        [
            recipe_label(rows[0].setting),
            *encoders,
            seeds_label(stats),
            epoch_label(epoch),
            *texts_label(rows),
        ]
    )


def _place(row: Row) -> tuple[int, str]:
    """Datasets come in the paper's order, then others by name."""
    return paper.order(row.setting.dataset), row_label(row)


def _seeds(row: Row) -> int:
    return sum(map(len, row.found.values()))


def _group(row: Row) -> _Group:
    return replace(row.setting, dataset=""), row.tx.encoder if row.tx else ""


def _usual(row: Row) -> MultimodalSpec | None:
    """`row`'s T_x with the usual validation text; None where its own is that."""
    if row.tx is None:
        return None
    usual = replace(row.tx, val_text=None)
    return None if usual == row.tx else usual
