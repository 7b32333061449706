"""What people write after a flag, read and checked: which students, which text mixes."""

from engine.errors import SpecError
from engine.spec import Teachers
from wnkd_tui.queue import wording


def teachers(text: str) -> list[Teachers]:
    """`none,T_x,T_m,T_m+T_x`, any of them."""
    found = []
    for name in (part.strip() for part in text.split(",")):
        if name not in list(Teachers):
            raise SpecError(f"--teachers: unknown {name!r}; known: {', '.join(Teachers)}")
        found.append(Teachers(name))
    return found


def mixes(wn: str | None, noise: str | None, sweep: str | None) -> list[wording.Mix]:
    """Text mixes; empty where none is given. `sweep` is another word for a list of wn."""
    if wn is not None and sweep is not None:
        raise SpecError("--wn and --sweep say the same thing: give one of them")
    given = {"--wn": wn, "--sweep": sweep, "--noise": noise}
    read = {
        flag: [] if text is None else wording.numbers(text, flag) for flag, text in given.items()
    }
    for flag, text in given.items():
        if text is not None and not read[flag]:
            raise SpecError(f"{flag} needs a number from 0 to 100")
    return wording.mixes(read["--wn"] + read["--sweep"], read["--noise"])
