"""What the form holds, as people type it, and what it asks for once it is read."""

from dataclasses import dataclass

from engine.errors import SpecError
from engine.spec import Modality, Teachers, TrialSpec, ValidationText
from wnkd_tui.app.screens.grid.cells import Basis
from wnkd_tui.queue.adding import TrialRequest
from wnkd_tui.queue.wording import EVERY_STUDENT, Mix, mixes, numbers, seeds


@dataclass(frozen=True)
class Fields:
    """Empty strings stand for what is usual: last dataset, recipe's encoder, all images."""

    dataset: str = ""
    recipe: str = "demo"
    encoder: str = ""
    modality: Modality = Modality.IMG_TEXT
    teachers: tuple[Teachers, ...] = EVERY_STUDENT
    wn: str = "100"
    noise: str = ""
    seeds: str = "1"
    limit_train: str = ""
    val_text: ValidationText | None = None

    @classmethod
    def of(cls, spec: TrialSpec) -> "Fields":
        """The form that asks for `spec` again."""
        tx = spec.tx
        return cls(
            dataset=spec.dataset,
            recipe=spec.recipe,
            encoder=tx.encoder if tx else "",
            modality=tx.modality if tx else Modality.IMG_TEXT,
            teachers=(spec.teachers,),
            wn=str(tx.wn) if tx and not tx.noise else "",
            noise=str(tx.noise) if tx and tx.noise else "",
            seeds=f"{spec.seed},",
            limit_train=str(spec.limit_train or ""),
            val_text=tx.val_text if tx else None,
        )

    @classmethod
    def at(cls, basis: Basis, mix: Mix, teachers: Teachers | None) -> "Fields":
        """The form for one cell of the grid."""
        wn, noise = mix
        return cls(
            dataset=basis.dataset,
            recipe=basis.recipe,
            encoder=basis.encoder,
            modality=basis.modality,
            teachers=(teachers or Teachers.TX,),
            wn="" if noise else str(wn),
            noise=str(noise) if noise else "",
            seeds="".join(f"{seed}," for seed in basis.seeds),
            limit_train=str(basis.limit_train or ""),
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
        recipe=fields.recipe,
        seeds=seeds(fields.seeds, "seeds"),
        dataset=fields.dataset or None,
        encoder=fields.encoder.strip() or None,
        modality=fields.modality,
        limit_train=limit[0] if limit else None,
        val_text=fields.val_text,
    )
