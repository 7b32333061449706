"""A trial as the command that queues it."""

import shlex

from engine.spec import Method, Modality, TrialSpec
from wnkd_tui.queue.fields import written


def command(spec: TrialSpec) -> str:
    """`wnkd queue add …`, with everything that could be another default elsewhere."""
    flags = {
        "--dataset": spec.dataset,
        "--recipe": spec.recipe,
        "--teachers": str(spec.teachers),
        "--seeds": f"{spec.seed},",
    }
    if spec.method is not Method.KD:
        flags["--method"] = str(spec.method)
    if spec.limit_train:
        flags["--limit-train"] = str(spec.limit_train)
    if tx := spec.tx:
        flags |= {"--encoder": tx.encoder, "--modality": str(tx.modality)}
        if tx.modality is not Modality.IMG:
            mix = ("--noise", tx.noise) if tx.noise else ("--wn", tx.wn)
            flags |= {mix[0]: str(mix[1]), "--val-text": str(tx.val_text)}
    words = [word for flag in flags.items() for word in flag]
    for change in spec.changes:
        words += ["--set", written((change,))]
    return shlex.join(["wnkd", "queue", "add", *words])
