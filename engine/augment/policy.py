"""What a recipe may ask of augmentation, checked once and told in one line when wrong.

Neither this file nor its package imports torch, so a recipe can be checked where torch is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass

CROPS = ("resized", "shift")
AUTO = ("cifar10", "imagenet")  # the sets of sub-policies in autoaugment.toml
_KEYS = (
    "crop",
    "scale",
    "ratio",
    "pad",
    "flip",
    "rotation",
    "jitter",
    "auto",
    "rand",
    "cutout",
)
_RAND_KEYS = ("ops", "magnitude", "std")


@dataclass(frozen=True)
class Rand:
    """RandAugment: `ops` operations an image, each of magnitude N(`magnitude`, `std`) in 0..10."""

    ops: int
    magnitude: float
    std: float


@dataclass(frozen=True)
class Policy:
    """A recipe's table, checked. None, False or 0 means that the part is left out.

    crop: "resized" (a random part of the image, of an area share in `scale` and an aspect in
    `ratio`), "shift" (moved by up to `pad` pixels) or None. flip: mirror with probability 1/2.
    rotation: degrees either way. jitter: brightness, contrast and saturation by 1 ± jitter, in
    random order. auto: AutoAugment, by the dataset that its policy was found on. rand: RandAugment.
    cutout: the side of the blacked-out square, in pixels of the result.
    """

    crop: str | None
    scale: tuple[float, float]
    ratio: tuple[float, float]
    pad: int
    flip: bool
    rotation: float
    jitter: float
    auto: str | None
    rand: Rand | None
    cutout: int


def parse_policy(table: Mapping[str, object]) -> Policy:
    """Check a policy table of a recipe.

    Raises ValueError, one line that names the key and what is allowed, for an unknown key, a value
    of the wrong type or range, or a key without the crop it belongs to.
    """
    _refuse_unknown(table, _KEYS, "")
    crop = _name(table, "crop", CROPS)
    for key, owner in (("scale", "resized"), ("ratio", "resized"), ("pad", "shift")):
        if key in table and crop != owner:
            raise ValueError(f'augmentation: {key} needs crop = "{owner}"')
    flip = table.get("flip", False)
    if not isinstance(flip, bool):
        raise _wrong("flip", "true or false", flip)
    return Policy(
        crop=crop,
        scale=_pair(table, "scale", (0.2, 1.0), 1.0),
        ratio=_pair(table, "ratio", (3 / 4, 4 / 3), 100.0),
        pad=_whole(table, "pad", 0, 1024, 4),
        flip=flip,
        rotation=_number(table, "rotation", 0, 180),
        jitter=_number(table, "jitter", 0, 1),
        auto=_name(table, "auto", AUTO),
        rand=_rand(table["rand"]) if "rand" in table else None,
        cutout=_whole(table, "cutout", 0, 1024, 0),
    )


def _rand(value: object) -> Rand:
    if not isinstance(value, Mapping):
        raise _wrong("rand", f"a table of {', '.join(_RAND_KEYS)}", value)
    _refuse_unknown(value, _RAND_KEYS, "rand.")
    return Rand(
        ops=_whole(value, "ops", 1, 16, 2, "rand."),
        magnitude=_number(value, "magnitude", 0, 10, 10, "rand."),
        std=_number(value, "std", 0, 10, 0, "rand."),
    )


def _refuse_unknown(table: Mapping[str, object], allowed: tuple[str, ...], prefix: str) -> None:
    for key in table:
        if key not in allowed:
            names = ", ".join(prefix + name for name in allowed)
            raise ValueError(f"augmentation: unknown key {prefix}{key}; allowed: {names}")


def _name(table: Mapping[str, object], key: str, allowed: tuple[str, ...]) -> str | None:
    value = table.get(key)
    if value is None or (isinstance(value, str) and value in allowed):
        return value
    raise _wrong(key, f"one of {', '.join(allowed)}", value)


def _number(
    table: Mapping[str, object],
    key: str,
    low: float,
    high: float,
    default: float = 0,
    prefix: str = "",
) -> float:
    value = table.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise _wrong(prefix + key, f"a number between {low} and {high}", value)
    return float(value)


def _whole(
    table: Mapping[str, object],
    key: str,
    low: int,
    high: int,
    default: int,
    prefix: str = "",
) -> int:
    value = table.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise _wrong(prefix + key, f"a whole number between {low} and {high}", value)
    return value


def _pair(
    table: Mapping[str, object], key: str, default: tuple[float, float], high: float
) -> tuple[float, float]:
    value = table.get(key, default)
    if (
        isinstance(value, list | tuple)
        and len(value) == 2
        and all(isinstance(v, int | float) and not isinstance(v, bool) for v in value)
        and 0 < value[0] <= value[1] <= high
    ):
        return float(value[0]), float(value[1])
    raise _wrong(key, f"two numbers, the lower first, above 0 and up to {high:g}", value)


def _wrong(key: str, allowed: str, value: object) -> ValueError:
    return ValueError(f"augmentation: {key} must be {allowed}, not {value!r}")
