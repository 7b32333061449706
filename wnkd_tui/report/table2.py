"""Table 2: teacher and student top-1 over the text mix, as JSON and for a terminal."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from engine.encoders.names import is_stand_in
from wnkd_tui.report import paper
from wnkd_tui.report.captions import seeds_label, table_label, tables
from wnkd_tui.report.grid import Fitting, grid
from wnkd_tui.report.rows import Row
from wnkd_tui.report.stats import Epoch, Stat

SCHEMA = 1
ACCURACIES = {
    "tx_val": "T_x val",
    "student_alone": "student alone",
    "student_tm": "S from T_m",
    "student_tx": "S from T_x",
    "student_tmtx": "S from T_m+T_x",
}
RANKED = ("tx_val", "student_tx", "student_tmtx")
MARKS = {1: "*", 2: "+"}


def to_json(rows: Iterable[Row], epoch: Epoch) -> dict[str, Any]:
    """The shape people keep; accuracies in percent, shares 0 to 1, null where nothing is known."""
    return {"schema": SCHEMA, "epoch": epoch, "rows": [_row_json(row, epoch) for row in rows]}


def condition_json(row: Row) -> dict[str, Any]:
    """What a row is about; shared with Figure 3's JSON."""
    tx = row.tx
    return {
        "trial": row.name,
        "dataset": row.setting.dataset,
        "limit_train": row.setting.limit_train,
        "train_n": row.train_n,
        "val_n": row.val_n,
        "encoder": tx.encoder if tx else None,
        "stand_in": is_stand_in(tx.encoder) if tx else None,
        "recipe": row.setting.recipe,
        "modality": tx.modality.value if tx else None,
        "gt": tx.gt if tx else None,
        "wn": tx.wn if tx else None,
        "noise": tx.noise if tx else None,
        "val_text": str(tx.val_text) if tx else None,
        "older_results_left_out": row.older,
    }


def stat_json(stat: Stat | None) -> dict[str, Any] | None:
    return stat.to_dict() if stat else None


def _row_json(row: Row, epoch: Epoch) -> dict[str, Any]:
    cells = {name: getattr(row, name) for name in ACCURACIES}
    ours = paper.of_row(row)
    return {
        **condition_json(row),
        **{name: cell.to_dict(epoch) if cell else None for name, cell in cells.items()},
        "image_share": stat_json(row.image_share),
        "text_share": stat_json(row.text_share),
        "paper": ours.to_dict() if ours else None,
    }


def render(rows: Sequence[Row], epoch: Epoch, *, unicode: bool = True) -> RenderableType:
    """A table with its caption for every group of rows that may be compared."""
    parts: list[RenderableType] = []
    for group in tables(rows):
        parts += [
            Text(f"Table 2 · {table_label(group)}", style="bold"),
            Text(""),
            Fitting(partial(_table, group, epoch, unicode)),
            Text(""),
            Text(_caption(group, epoch), style="dim"),
            Text(""),
        ]
    return Group(*parts)


def _table(rows: Sequence[Row], epoch: Epoch, unicode: bool, compact: bool) -> Table:
    # The T_m column is for trials that few queue: it takes room only where it says something.
    names = [n for n in ACCURACIES if n != "student_tm" or any(row.student_tm for row in rows)]
    numbers = [*(ACCURACIES[name] for name in names), "image share"]
    table = grid(["trial", "val text"], numbers, unicode=unicode, compact=compact)
    between = "\n" if compact else " "
    ranks = {name: _ranks(rows, name, epoch) for name in RANKED}
    for row in rows:
        theirs = paper.of_row(row)
        cells = [
            _cell(
                row.accuracy(name, epoch),
                ranks.get(name, {}),
                getattr(theirs, name, None) if theirs else None,
                between,
            )
            for name in names
        ]
        share = row.image_share.text(2, between=between) if row.image_share else "-"
        table.add_row(row.name, str(row.tx.val_text) if row.tx else "-", *cells, share)
    return table


def _cell(stat: Stat | None, ranks: dict[str, int], theirs: float | None, between: str) -> Text:
    """Ours with its mark, and the paper's number below it where there is one."""
    text = Text()
    if stat is None:
        text.append("-")
    else:
        rank = ranks.get(_shown(stat), 0)
        style = {1: "bold", 2: "underline"}.get(rank, "")
        text.append(stat.text(2, between=between, mark=MARKS.get(rank, "")), style=style)
    if theirs is not None:
        text.append(f"\npaper{between}{theirs:.2f}", style="dim")
    return text


def _ranks(rows: Sequence[Row], column: str, epoch: Epoch) -> dict[str, int]:
    """Shown mean → 1 or 2. What looks equal ranks equally; a column of one value has no best."""
    stats = [row.accuracy(column, epoch) for row in rows]
    shown = sorted({_shown(stat) for stat in stats if stat}, key=float, reverse=True)
    return {text: rank for rank, text in enumerate(shown[:2], start=1)} if len(shown) > 1 else {}


def _shown(stat: Stat) -> str:
    return f"{stat.mean:.2f}"


def _caption(rows: Sequence[Row], epoch: Epoch) -> str:
    accuracies = [row.accuracy(name, epoch) for row in rows for name in ACCURACIES]
    said = [
        f"top-1 on validation in percent, {epoch} epoch",
        f"{seeds_label(accuracies)}{', mean ± sd (n)' if _spread(accuracies) else ''}",
        "* best, + second best of a column",
    ]
    older = sum(row.older for row in rows)
    if older:
        said.append(f"{older} older results left out")
    differs = {what for row in rows if (own := paper.of_row(row)) for what in own.differs}
    if differs:
        said.append(f"settings differ from the paper's: {', '.join(sorted(differs))}")
    return "; ".join(said)


def _spread(stats: Iterable[Stat | None]) -> bool:
    return any(stat and stat.n > 1 for stat in stats)
