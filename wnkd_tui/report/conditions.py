"""What a row is about, in JSON; the same fields in every report."""

from typing import Any

from engine.encoders.names import is_stand_in
from wnkd_tui.report.rows import Row

SCHEMA = 1


def condition_json(row: Row) -> dict[str, Any]:
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
        "changes": dict(row.setting.changes),
        "tx_changes": dict(row.tx_changes),
        "modality": tx.modality.value if tx else None,
        "gt": tx.gt if tx else None,
        "wn": tx.wn if tx else None,
        "noise": tx.noise if tx else None,
        "val_text": str(tx.val_text) if tx else None,
        "older_results_left_out": row.older,
    }
