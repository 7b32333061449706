"""What a person asks for as it is typed, in the form or a saved configuration, and its request."""

import json
import re
from dataclasses import dataclass, replace

from engine.changes import Changes, Value
from engine.errors import SpecError
from engine.spec import Method, Modality, Teachers, TrialSpec, ValidationText
from wnkd_tui.queue import wording
from wnkd_tui.queue.adding import TrialRequest
from wnkd_tui.queue.wording import EVERY_STUDENT, mixes, numbers, seeds

# A comma ends a change where a name follows; else, and in quotes, it is part of a value.
_END = r",(?:\s+[A-Za-z_]|[A-Za-z_][\w.]*\s*=)"
_CHANGE = re.compile(rf'(?:"[^"]*"|(?!{_END}).)+')


@dataclass(frozen=True)
class Fields:
    """Empty strings stand for what is usual: last dataset and recipe, the recipe's encoder, all
    images, no change."""

    dataset: str = ""
    recipe: str = ""
    encoder: str = ""
    modality: Modality = Modality.IMG_TEXT
    method: Method = Method.KD
    teachers: tuple[Teachers, ...] = EVERY_STUDENT
    wn: str = "100"
    noise: str = ""
    seeds: str = "1"
    limit_train: str = ""
    val_text: ValidationText | None = None
    changes: str = ""

    @classmethod
    def asking(cls, request: TrialRequest) -> "Fields":
        """The form that asks for `request`."""
        wn = [str(part) for part, noise in request.mixes if not noise]
        noise = [str(part) for _, part in request.mixes if part]
        return cls(
            dataset=request.dataset or "",
            recipe=request.recipe or "",
            encoder=request.encoder or "",
            modality=request.modality,
            method=request.method,
            teachers=tuple(request.teachers),
            wn=",".join(wn),
            noise=",".join(noise),
            seeds="".join(f"{seed}," for seed in request.seeds),
            limit_train=str(request.limit_train or ""),
            val_text=request.val_text,
            changes=written(request.changes),
        )

    @classmethod
    def of(cls, spec: TrialSpec) -> "Fields":
        """The form that asks for `spec` again."""
        tx = spec.tx
        request = TrialRequest(
            mixes=[(tx.wn, tx.noise)] if tx else [],
            teachers=[spec.teachers],
            seeds=[spec.seed],
            dataset=spec.dataset,
            recipe=spec.recipe,
            encoder=tx.encoder if tx else None,
            limit_train=spec.limit_train,
            method=spec.method,
            changes=spec.changes,
        )
        return cls.asking(
            replace(request, modality=tx.modality, val_text=tx.val_text) if tx else request
        )


def read(fields: Fields) -> TrialRequest:
    """What `fields` ask for. Raises SpecError, in one line, for the first field that is wrong."""
    if not fields.teachers:
        raise SpecError("students: choose at least one")
    limit = numbers(fields.limit_train, "training images")
    if len(limit) > 1:
        raise SpecError("training images: one number, or empty for all")
    return TrialRequest(
        mixes=mixes(numbers(fields.wn, "wn"), numbers(fields.noise, "noise")) or [(0, 0)],
        teachers=fields.teachers,
        recipe=fields.recipe or None,
        seeds=seeds(fields.seeds, "seeds"),
        dataset=fields.dataset or None,
        encoder=fields.encoder.strip() or None,
        modality=fields.modality,
        limit_train=limit[0] if limit else None,
        val_text=fields.val_text,
        method=fields.method,
        changes=wording.changes(parts(fields.changes), "change"),
    )


def parts(text: str) -> list[str]:
    """`stem=linear, steps=25,40` → `stem=linear` and `steps=25,40`."""
    found = (part.lstrip(",").strip() for part in _CHANGE.findall(text))
    return [part for part in found if part]


def written(changes: Changes) -> str:
    """The text that reads as `changes`."""
    return ", ".join(f"{name}={_written(value)}" for name, value in changes)


def _written(value: Value) -> str:
    """A text as it is, unless it would be read as something else."""
    alone = isinstance(value, str) and len(parts(f"it={value}")) == 1
    if alone and wording.changes([f"it={value}"], "it") == (("it", value),):
        return str(value)
    return json.dumps(value)
