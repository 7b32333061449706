"""What a person asks for: a trial. Frozen, validated, canonical: equal trials compare equal.

Names follow the paper: `T_m T_x,(img, 0%gt 100%wn) S_s` is a student taught by the image teachers
and by a multimodal teacher whose training samples all take WordNet-relaxed text.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self, TypeVar

from engine.changes import Changes, frozen_changes, telling_changes
from engine.encoders.names import STAND_IN, is_stand_in
from engine.errors import SpecError
from engine.shown import is_showable

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
    ENSEMBLE = "T_1s+T_2w+T_3s"  # the baseline of Table 1

    @property
    def multimodal(self) -> bool:
        return self in (Teachers.TX, Teachers.TM_TX)

    @property
    def image(self) -> tuple[str, ...]:
        """The image teachers by name."""
        if self in (Teachers.TM, Teachers.TM_TX):
            return ("T_1s", "T_2w")
        return ("T_1s", "T_2w", "T_3s") if self is Teachers.ENSEMBLE else ()


class Method(StrEnum):
    """How the student learns.

    kd: Eq. 1 to 3. zscore: logit standardisation (Sun et al. 2024) of the same teachers' logits.
    lfme: from one expert for each shot group of a long-tailed set (Xiang et al. 2020).
    """

    KD = "kd"
    ZSCORE = "zscore"
    LFME = "lfme"


# What trains the noun bank.
_OF_BANK = frozenset(
    {"T_x.text_update", "T_x.bank_weight_decay", "T_x.lambda_hier", "T_x.lambda_cosreg"}
)
_SAID = {str: "a text", int: "a whole number"}
# How a method's trials are named, before their teachers.
_METHOD_NAMES = {Method.KD: "", Method.ZSCORE: "Z-score ", Method.LFME: "LFME "}


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
        of_open_clip = "/" in self.encoder and is_showable(self.encoder)
        if not is_stand_in(self.encoder) and not of_open_clip:
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
    def relaxes(self) -> bool:
        """Whether any sample, of training or validation, takes WordNet-relaxed text."""
        return self.wn > 0 or self.val_text is ValidationText.WN

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
    `changes` are recipe settings that this trial has otherwise, such as
    (("T_x.stem", "linear"),); those that cannot matter to it are left out.
    """

    dataset: str
    recipe: str
    teachers: Teachers
    tx: MultimodalSpec | None
    seed: int = 0
    limit_train: int | None = None
    method: Method = Method.KD
    changes: Changes = ()

    def __post_init__(self) -> None:
        for name, kind in (("dataset", str), ("recipe", str), ("seed", int), ("limit_train", int)):
            value = getattr(self, name)
            fits = isinstance(value, kind) and not isinstance(value, bool)
            if not (fits or (value is None and name == "limit_train")):
                raise SpecError(f"{name.replace('_', '-')} must be {_SAID[kind]}, got {value!r}")
        teachers = _member(Teachers, self.teachers, "teachers")
        method = _member(Method, self.method, "method")
        object.__setattr__(self, "teachers", teachers)
        object.__setattr__(self, "method", method)
        if teachers.multimodal != (self.tx is not None):
            raise SpecError(f"teachers {teachers}: T_x settings belong exactly where T_x teaches")
        if method is Method.LFME and teachers is not Teachers.NONE:
            raise SpecError("lfme trains experts of its own: it takes teachers none")
        if method is Method.ZSCORE and teachers is Teachers.NONE:
            raise SpecError("zscore standardises teachers' logits: it needs teachers, such as T_m")
        if not 0 <= self.seed < 2**31:
            raise SpecError(f"seed must be 0 to 2147483647, got {self.seed}")
        if self.limit_train is not None and self.limit_train < 1:
            raise SpecError(f"limit-train must be at least 1, got {self.limit_train}")
        changes = telling_changes(frozen_changes(self.changes), self.parts)
        object.__setattr__(self, "changes", changes)

    @property
    def parts(self) -> frozenset[str]:
        """The recipe's tables (or single settings) that this trial reads beyond the common ones."""
        parts: set[str] = set()
        if self.tx:
            parts |= {"T_x", "embed"}
            parts |= {"T_x.mix"} if 0 < self.tx.gt < 100 else set()
            parts |= _OF_BANK if self.tx.wn else set()
            parts |= {"relax"} if self.tx.relaxes else set()
            parts |= {"attribution"} if self.tx.modality is Modality.IMG_TEXT else set()
        if self.teachers.image:
            parts.add("teacher")
        if self.method is Method.KD and self.teachers is not Teachers.NONE:
            parts |= {"student.tau", "student.lam", "student.combine", "student.ema_decay"}
            parts.add("logits")
        if self.teachers is not Teachers.NONE:
            parts.add("student.teacher_bn")
        if self.teachers.image:
            parts.add("logits.keep")
        if self.method is not Method.KD:
            parts.add(self.method.value)
        return frozenset(parts)

    @property
    def name(self) -> str:
        """The paper's name of the trial, without seed: `T_m T_x,(img, 0%gt 100%wn) S_s`."""
        image = self.teachers.image
        parts = ["T_m"] if image == ("T_1s", "T_2w") else list(image)
        parts += [self.tx.name] if self.tx else []
        return _METHOD_NAMES[self.method] + " ".join([*parts, "S_s"])

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; `from_dict` is its inverse."""
        return asdict(self) | {"changes": dict(self.changes)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Raises SpecError where a field is unknown, missing or out of range."""
        try:
            for kind, record in ((cls, data), (MultimodalSpec, data.get("tx") or {})):
                for name in record.keys() - kind.__dataclass_fields__.keys():
                    raise SpecError(f"not a trial: unknown field {name!r}")
            tx = MultimodalSpec(**data["tx"]) if data.get("tx") else None
            changes = frozen_changes(data.get("changes", {}).items())
            return cls(**{**data, "tx": tx, "changes": changes})
        except (TypeError, KeyError, AttributeError) as error:
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
