"""What people write after a flag, read and checked: which students, which text mixes."""

from typing import TYPE_CHECKING

from engine.errors import SpecError
from engine.spec import Method, Modality, Teachers
from wnkd_tui.queue import wording

if TYPE_CHECKING:
    from wnkd_tui.queue.adding import TrialRequest

# Who teaches where --teachers says nothing.
USUAL = {
    Method.KD: wording.EVERY_STUDENT,
    Method.ZSCORE: (Teachers.TM,),
    Method.LFME: (Teachers.NONE,),
}


def request(
    wn: str | None,
    noise: str | None,
    sweep: str | None,
    taught_by: str | None,
    method: Method | None,
    modality: Modality | None,
) -> "TrialRequest":
    """Which text, students and T_x the flags ask for. Raises SpecError for the first wrong one."""
    from wnkd_tui.queue.adding import TrialRequest

    found = mixes(wn, noise, sweep)
    students = teachers(taught_by, method or Method.KD)
    text_read = any(kind.multimodal for kind in students) and modality is not Modality.IMG
    if text_read and not found:
        raise SpecError("which text does T_x get? Give --wn or --noise, such as --wn 100")
    return TrialRequest(
        mixes=found or [(0, 0)],
        teachers=students,
        modality=modality or Modality.IMG_TEXT,
        method=method or Method.KD,
    )


def teachers(text: str | None, method: Method) -> list[Teachers]:
    """`none,T_x,T_m,T_m+T_x,T_1s+T_2w+T_3s`, any of them; None: the method's usual ones."""
    if text is None:
        return list(USUAL[method])
    found = []
    for name in (part.strip() for part in text.split(",")):
        if name not in list(Teachers):
            raise SpecError(f"--teachers: unknown {name!r}; known: {', '.join(Teachers)}")
        found.append(Teachers(name))
    return found


def named_sweep(text: str | None) -> str | None:
    """The name that --sweep gives; None where it gives percents, or nothing."""
    if text is None or not any(sign.isalpha() for sign in text):
        return None
    from wnkd_tui.queue.sweeps import SWEEPS

    name = text.strip()
    if name not in SWEEPS:
        raise SpecError(
            f"--sweep {name}: neither one of {', '.join(SWEEPS)}, nor percents such as 0,50,100"
        )
    return name


def check_alone(what: str, **given: object) -> None:
    """Raises SpecError where a flag says what `what`, such as `--sweep table2`, says itself."""
    for flag, value in given.items():
        if value is not None:
            raise SpecError(f"{what} says itself which trials it needs: leave out --{flag}")


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
