"""What the form holds, as people type it, and what it asks for once it is read."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.encoders.names import STAND_IN, is_stand_in
from engine.errors import SpecError
from engine.spec import Modality, MultimodalSpec, Teachers, TrialSpec, ValidationText
from wnkd_tui.app.screens.grid.cells import Basis, Mix
from wnkd_tui.queue.adding import TrialRequest

EVERY_STUDENT = (Teachers.NONE, Teachers.TX, Teachers.TM_TX)


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
    limit = _numbers(fields.limit_train, "training images")
    if len(limit) > 1:
        raise SpecError("training images: one number, or empty for all")
    return TrialRequest(
        mixes=_mixes(fields),
        teachers=fields.teachers,
        recipe=fields.recipe,
        seeds=_seeds(fields.seeds),
        dataset=fields.dataset or None,
        encoder=_encoder(fields.encoder.strip()),
        modality=fields.modality,
        limit_train=limit[0] if limit else None,
        val_text=fields.val_text,
    )


def _mixes(fields: Fields) -> Sequence[Mix]:
    """One number on either side is one mix; with a list there are two sweeps, one of each."""
    wn, noise = _numbers(fields.wn, "wn"), _numbers(fields.noise, "noise")
    if len(wn) == len(noise) == 1:
        mixes = [(wn[0], noise[0])]
    else:
        mixes = [(part, 0) for part in wn] + [(0, part) for part in noise]
    for mix in mixes:
        MultimodalSpec(STAND_IN, Modality.IMG_TEXT, *mix)  # raises where it is no mix
    return mixes or [(0, 0)]


def _seeds(text: str) -> Sequence[int]:
    """A count (`3` is 0, 1 and 2), or a list: `0,4`, a single one as `4,`."""
    found = _numbers(text, "seeds")
    if not found or ("," not in text and found[0] < 1):
        raise SpecError("seeds: how many, such as 3, or which, such as 0,4")
    return found if "," in text else range(found[0])


def _encoder(name: str) -> str | None:
    if name and not is_stand_in(name) and "/" not in name:
        raise SpecError(f"encoder {name}: {STAND_IN}, or an open_clip model as ARCH/PRETRAINED")
    return name or None


def _numbers(text: str, what: str) -> list[int]:
    """Whole numbers between commas; none where nothing is written."""
    try:
        return list(dict.fromkeys(int(part) for part in text.split(",") if part.strip()))
    except ValueError:
        raise SpecError(
            f"{what} {text!r}: whole numbers with commas between, such as 0,50,100"
        ) from None
