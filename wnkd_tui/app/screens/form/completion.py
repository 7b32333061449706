"""The line of changes completes itself: names of settings, and what they can be."""

from collections.abc import Sequence
from functools import cache

from textual.suggester import Suggester

from wnkd_tui.queue.settings import A_FILE, A_NUMBER, Setting, settings, written


@cache
def known(recipe: str, dataset: str) -> tuple[Setting, ...]:
    """All that a trial may change. Raises SpecError for an unknown recipe."""
    return tuple(settings(recipe, dataset))


def completed(text: str, known: Sequence[Setting]) -> str | None:
    """`text` with its last change completed: a setting's name, or after `=` what it can be."""
    last = text.rpartition(",")[2].lstrip()
    if not last:
        return None
    name, equals, value = last.partition("=")
    if not equals:
        found = next((one for one in _names(known) if one.startswith(last)), None)
        return f"{text}{found[len(last) :]}=" if found else None
    setting = next((one for one in known if f".{one.name}".endswith(f".{name.strip()}")), None)
    if setting is None:
        return None
    usual = written(setting.value)
    others = [one for one in setting.choices if one not in (usual, A_FILE, A_NUMBER)]
    typed = value.lstrip()
    found = next((one for one in others or [usual] if one.startswith(typed)), None)
    return f"{text}{found[len(typed) :]}" if found else None


class Completion(Suggester):
    """Completes with the settings that it was told last."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self.known: Sequence[Setting] = ()

    async def get_suggestion(self, value: str) -> str | None:
        return completed(value, self.known)


def _names(known: Sequence[Setting]) -> list[str]:
    """Every name that means one setting: the shorter ones first."""
    ends = [
        ".".join(parts[start:])
        for parts in (one.name.split(".") for one in known)
        for start in range(len(parts))
    ]
    return sorted((end for end in ends if ends.count(end) == 1), key=lambda end: end.count("."))
