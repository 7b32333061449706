"""The paper's own numbers, kept as data, to stand beside ours."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from wnkd_tui.report.rows import Row


@dataclass(frozen=True)
class Paper:
    """The paper's accuracies (percent) of one row; `differs` says what ours did otherwise."""

    tx_val: float
    student_tx: float
    student_tmtx: float
    differs: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "tx_val": self.tx_val,
            "student_tx": self.student_tx,
            "student_tmtx": self.student_tmtx,
            "settings_differ": list(self.differs),
        }


def of_row(row: Row) -> Paper | None:
    """What the paper reports for `row`'s condition; None where it reports nothing."""
    data = _tables()
    settings = data["settings"]
    tx = row.tx
    if tx is None or (row.setting.dataset, tx.modality) != (
        settings["dataset"],
        settings["modality"],
    ):
        return None
    for line in data["table2"]:
        if (line.get("wn", 0), line.get("noise", 0)) == (tx.wn, tx.noise):
            differs = []
            if tx.encoder != settings["encoder"]:
                differs.append("encoder")
            if row.setting.recipe != settings["recipe"]:
                differs.append("recipe")
            if row.setting.limit_train is not None:
                differs.append("training set")
            return Paper(line["tx_val"], line["student_tx"], line["student_tmtx"], tuple(differs))
    return None


@cache
def _tables() -> dict[str, Any]:
    text = resources.files("wnkd_tui.report").joinpath("paper.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
