"""What people write after a flag, read and checked: numbers, seeds, teachers, text mixes."""

from engine.encoders.names import STAND_IN
from engine.errors import SpecError
from engine.spec import MultimodalSpec, Teachers

EVERY_STUDENT = "none,T_x,T_m+T_x"


def numbers(text: str, flag: str) -> list[int]:
    """`0,20,50` as integers, each once, in the order written."""
    try:
        found = [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        found = []
    if not found:
        raise SpecError(f"{flag} {text}: write whole numbers with commas, such as {flag} 0,50,100")
    return list(dict.fromkeys(found))


def seeds(text: str) -> list[int]:
    """A count (`3` is 0, 1 and 2) or a list of seeds (`0,4`; a single one is `4,`)."""
    found = numbers(text, "--seeds")
    if "," not in text:
        if found[0] < 1:
            raise SpecError(f"--seeds {text}: write how many, at least 1, or a list such as 0,4")
        return list(range(found[0]))
    if min(found) < 0:
        raise SpecError(f"--seeds {text}: a seed cannot be negative")
    return found


def teachers(text: str) -> list[Teachers]:
    """`none,T_x,T_m,T_m+T_x`, any of them."""
    found = []
    for name in (part.strip() for part in text.split(",")):
        if name not in list(Teachers):
            raise SpecError(f"--teachers: unknown {name!r}; known: {', '.join(Teachers)}")
        found.append(Teachers(name))
    return found


def mixes(wn: str | None, noise: str | None, sweep: str | None) -> list[tuple[int, int]]:
    """Text mixes as (wn, noise) in percent; empty where none is given.

    One number on either side is one mix, so both above 0 exclude each other; with a list there
    are two sweeps, one of each. `sweep` is another word for a list of wn.
    """
    if wn is not None and sweep is not None:
        raise SpecError("--wn and --sweep say the same thing: give one of them")
    of_wn = [] if wn is None else numbers(wn, "--wn")
    of_wn += [] if sweep is None else numbers(sweep, "--sweep")
    of_noise = [] if noise is None else numbers(noise, "--noise")
    if wn and noise and "," not in wn + noise:
        found = [(of_wn[0], of_noise[0])]
    else:
        found = [(part, 0) for part in of_wn] + [(0, part) for part in of_noise]
    for part_wn, part_noise in found:
        MultimodalSpec(STAND_IN, wn=part_wn, noise=part_noise)  # raises where it is no mix
    return list(dict.fromkeys(found))
