"""What a person asks for: a trial. Frozen, validated, canonical: equal trials compare equal.

Names follow the paper: `T_m T_x,(img, 0%gt 100%wn) S_s` is a student taught by the image teachers
and by a multimodal teacher whose training samples all take WordNet-relaxed text.
"""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self, TypeVar

from engine.encoders.names import STAND_IN, is_stand_in
from engine.errors import SpecError

_Choice = TypeVar("_Choice", bound=StrEnum)


class Modality(StrEnum):
    """What T_x sees of a sample."""

    IMG_TEXT = "img+text"
    TEXT = "text"
    IMG = "img"


class Teachers(StrEnum):
    """Who teaches the student; T_m is the ensemble of T_1s and T_2w."""

    NONE = "none"
    TX = "T_x"
    TM = "T_m"
    TM_TX = "T_m+T_x"

    @property
    def multimodal(self) -> bool:
        return self in (Teachers.TX, Teachers.TM_TX)

    @property
    def image(self) -> bool:
        return self in (Teachers.TM, Teachers.TM_TX)


class ValidationText(StrEnum):
    """Which text a validation image takes; without it a T_x accuracy means nothing.

    gt: the true label's text (leaks the label). wn: retrieved from the image, no label used.
    noise: a random class's name. mixed: the trial's own proportions.
    """

    GT = "gt"
    WN = "wn"
    NOISE = "noise"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class MultimodalSpec:
    """T_x: encoder, modality and the text mix in percent; what is neither wn nor noise is gt.

    Settings that cannot matter are brought to one form, so that equal teachers compare equal:
    an image-only T_x has no text mix, and 100 % gt is the same teacher in either sweep.
    """

    encoder: str
    modality: Modality = Modality.IMG_TEXT
    wn: int = 0
    noise: int = 0
    val_text: ValidationText | None = None  # None: mixed for wn trials, gt for noise trials

    def __post_init__(self) -> None:
        if not is_stand_in(self.encoder) and "/" not in self.encoder:
            raise SpecError(
                f"unknown encoder {self.encoder!r}; known: {STAND_IN}, or an open_clip model as"
                " ARCH/PRETRAINED, such as ViT-B-32-quickgelu/openai"
            )
        modality = _member(Modality, self.modality, "modality")
        wn, noise = _percent("wn", self.wn), _percent("noise", self.noise)
        if wn and noise:
            raise SpecError(
                f"wn {wn} and noise {noise} exclude each other: a mix is gt + wn or gt + noise"
            )
        if modality is Modality.IMG:
            wn = noise = 0
        val_text = (
            (ValidationText.GT if noise else ValidationText.MIXED)
            if self.val_text is None
            else _member(ValidationText, self.val_text, "val-text")
        )
        if modality is Modality.IMG or (val_text is ValidationText.MIXED and not wn and not noise):
            val_text = ValidationText.GT
        for field, value in (
            ("modality", modality),
            ("wn", wn),
            ("noise", noise),
            ("val_text", val_text),
        ):
            object.__setattr__(self, field, value)

    @property
    def gt(self) -> int:
        return 100 - self.wn - self.noise

    @property
    def name(self) -> str:
        """The paper's name: `T_x,(img, 20%gt 80%wn)`, `T_x,(0%gt 100%wn)`, `T_x,(img)`."""
        other = f" {self.wn}%wn" if self.wn else f" {self.noise}%noise" if self.noise else ""
        text = f"{self.gt}%gt{other}"
        inside = {
            Modality.IMG_TEXT: f"img, {text}",
            Modality.TEXT: text,
            Modality.IMG: "img",
        }[self.modality]
        return f"T_x,({inside})"


@dataclass(frozen=True, slots=True)
class TrialSpec:
    """One student and its teachers. `tx` is None exactly where no T_x teaches.

    `limit_train` keeps a seeded, stratified part of the training split; None keeps all of it.
    """

    dataset: str
    recipe: str
    teachers: Teachers
    tx: MultimodalSpec | None
    seed: int = 0
    limit_train: int | None = None

    def __post_init__(self) -> None:
        teachers = _member(Teachers, self.teachers, "teachers")
        object.__setattr__(self, "teachers", teachers)
        if teachers.multimodal != (self.tx is not None):
            raise SpecError(f"teachers {teachers}: T_x settings belong exactly where T_x teaches")
        if not 0 <= self.seed < 2**31:
            raise SpecError(f"seed must be 0 to 2147483647, got {self.seed}")
        if self.limit_train is not None and self.limit_train < 1:
            raise SpecError(f"limit-train must be at least 1, got {self.limit_train}")

    @property
    def name(self) -> str:
        """The paper's name of the trial, without seed: `T_m T_x,(img, 0%gt 100%wn) S_s`."""
        parts = ["T_m"] if self.teachers.image else []
        parts += [self.tx.name] if self.tx else []
        return " ".join([*parts, "S_s"])

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; `from_dict` is its inverse."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Raises SpecError where a field is unknown, missing or out of range."""
        try:
            tx = MultimodalSpec(**data["tx"]) if data.get("tx") else None
            return cls(**{**data, "tx": tx})
        except (TypeError, KeyError) as error:
            raise SpecError(f"not a trial: {error}") from error


def _percent(name: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 100:
        raise SpecError(f"{name} must be 0 to 100 percent, got {value}")
    return value


def _member(kind: type[_Choice], value: str, what: str) -> _Choice:
    try:
        return kind(value)
    except ValueError:
        known = ", ".join(kind)
        raise SpecError(f"unknown {what} {value!r}; known: {known}") from None
