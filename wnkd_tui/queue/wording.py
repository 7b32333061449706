"""What people write for numbers, seeds and mixes, read the same for flags and for the form."""

from collections.abc import Sequence

from engine.encoders.names import STAND_IN
from engine.errors import SpecError
from engine.spec import MultimodalSpec, Teachers

Mix = tuple[int, int]  # (wn, noise) in percent; what is neither is gt

EVERY_STUDENT = (Teachers.NONE, Teachers.TX, Teachers.TM_TX)


def numbers(text: str, what: str) -> list[int]:
    """`0,20,50` as integers, each once, in the order written; none for an empty text.

    Raises SpecError, naming `what`, for anything else.
    """
    try:
        found = [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise SpecError(
            f"{what} {text}: write whole numbers with commas, such as {what} 0,50,100"
        ) from None
    return list(dict.fromkeys(found))


def seeds(text: str, what: str) -> list[int]:
    """A count (`3` is 0, 1 and 2) or a list of seeds (`0,4`; a single one is `4,`)."""
    found = numbers(text, what)
    if "," not in text:
        if not found or found[0] < 1:
            raise SpecError(f"{what} {text}: write how many, at least 1, or a list such as 0,4")
        return list(range(found[0]))
    if not found or min(found) < 0:
        raise SpecError(f"{what} {text}: a seed cannot be negative")
    return found


def mixes(wn: Sequence[int], noise: Sequence[int]) -> list[Mix]:
    """Text mixes; empty where none is given. Raises SpecError where one is no mix.

    One number on either side is one mix, so both above 0 exclude each other; with a list there
    are two sweeps, one of each.
    """
    if len(wn) == len(noise) == 1:
        found = [(wn[0], noise[0])]
    else:
        found = [(part, 0) for part in wn] + [(0, part) for part in noise]
    for part_wn, part_noise in found:
        MultimodalSpec(STAND_IN, wn=part_wn, noise=part_noise)  # raises where it is no mix
    return list(dict.fromkeys(found))
