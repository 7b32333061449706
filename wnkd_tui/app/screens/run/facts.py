"""A trial in words, in the order in which people ask."""

from collections.abc import Mapping

from rich.text import Text

from engine.changes import text_of
from engine.spec import Method, TrialSpec
from wnkd_tui.app.states import badge
from wnkd_tui.report.captions import encoder_label, setting_label
from wnkd_tui.report.rows import Setting
from wnkd_tui.store.rows import TrialLine

_METHODS = {
    Method.KD: "kd (Eq. 1 to 3)",
    Method.ZSCORE: "zscore (logit standardisation)",
    Method.LFME: "lfme (an expert for each shot group)",
}


def facts(spec: TrialSpec, summary: str) -> dict[str, str]:
    """`summary` is the recipe's."""
    told = {
        "dataset": spec.dataset,
        "training images": str(spec.limit_train or "all"),
        "recipe": f"{spec.recipe}: {summary}",
        "changes": text_of(spec.changes) or "none",
        "seed": str(spec.seed),
        "method": _METHODS[spec.method],
        "teachers": spec.teachers.value,
    }
    if tx := spec.tx:
        told |= {
            "encoder": encoder_label(tx.encoder),
            "modality": tx.modality.value,
            "text": f"{tx.gt} % gt, {tx.wn} % wn, {tx.noise} % noise",
            "validation text": str(tx.val_text),
        }
    return told


def basis(spec: TrialSpec, train_n: int | None = None, val_n: int | None = None) -> str:
    """What must be said with the trial's numbers: on what, how much of it, with what."""
    setting = Setting(spec.dataset, spec.limit_train, spec.recipe, spec.changes)
    said = [setting_label(setting, train_n, val_n), f"seed {spec.seed}"]
    if tx := spec.tx:
        said += [encoder_label(tx.encoder), f"{tx.modality}", f"validation text {tx.val_text}"]
    return " · ".join(said)


def title(trial: TrialLine, inks: Mapping[str, str]) -> Text:
    """In a line."""
    spec, tags = trial.spec, " ".join(trial.tags)
    encoder = f", {encoder_label(spec.tx.encoder)}" if spec.tx else ""
    return Text("  ").join(
        [
            Text(f"Trial {trial.id}", style="bold"),
            badge(trial.state, inks),
            Text(trial.name, style="bold"),
            Text(f"{spec.dataset}, {spec.recipe}, seed {spec.seed}{encoder}"),
            *([Text(tags, style=inks["teacher"])] if tags else []),
            *([Text(trial.note, style=inks["faint"])] if trial.note else []),
        ]
    )
