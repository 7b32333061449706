"""What the line that filters completes, and what it says about the word that is typed."""

from collections.abc import Mapping, Sequence

from wnkd_tui.store.find import labels
from wnkd_tui.store.find.fields import TABLES
from wnkd_tui.store.rows import SavedFilter

_COMPARES = (">=", "<=", "!=", ">", "<", "=")


class Words:
    """The fields of `what` (trials or jobs), and what `know` was told last."""

    def __init__(self, what: str) -> None:
        self._fields = TABLES[what].fields
        self._what = what
        self._saved: Mapping[str, SavedFilter] = {}
        self._values: Mapping[str, Sequence[str]] = {}

    def know(self, saved: Sequence[SavedFilter], values: Mapping[str, Sequence[str]]) -> None:
        self._saved = {one.name: one for one in saved if one.what == self._what}
        self._values = values

    def called(self, text: str) -> list[SavedFilter]:
        """The saved filters that a filter calls by their names."""
        return [self._saved[name] for name in labels.names(text) if name in self._saved]

    def completed(self, text: str) -> str | None:
        """`text` with its last word completed, None where nothing is known to follow."""
        word = _last(text)
        start, known = self._choices(word)
        rest = word[start:]
        found = next((one for one in known if one.startswith(rest) and one != rest), None)
        return f"{text}{found[len(rest) :]}" if found and (rest or start) else None

    def hints(self, text: str, place: int) -> str:
        """What the word before `place` may become, or what its field means."""
        word = _last(text[:place])
        if saved := self.called(word):
            return f"{word} stands for {saved[0].text or 'all'}"
        start, known = self._choices(word)
        rest = word[start:]
        fitting = [one for one in known if one.startswith(rest)]
        field = self._fields.get(word.lstrip("-").partition(":")[0]) if ":" in word else None
        if field:
            values = f": {' '.join(fitting)}" if fitting else ""
            return f"{field.words}{values}"
        if len(fitting) == 1 and (field := self._fields.get(fitting[0].rstrip(":"))):
            return f"{fitting[0]} {field.words}"
        return " ".join(fitting) or "part of the name"

    def _choices(self, word: str) -> tuple[int, Sequence[str]]:
        """What may stand in the word from which place on."""
        if word.startswith("@"):
            return 1, sorted(self._saved)
        start = len(word) - len(word.lstrip("-"))
        name, colon, value = word[start:].partition(":")
        if not colon:
            names = [f"{name}:" for name in self._fields]
            return start, names + ([f"@{name}" for name in sorted(self._saved)] if not word else [])
        compare = next((sign for sign in _COMPARES if value.startswith(sign)), "")
        several = max(len(compare), value.rfind(",") + 1)
        field = self._fields.get(name)
        values = (field.values if field else ()) or self._values.get(name, ())
        return start + len(name) + 1 + several, values


def named(text: str) -> str:
    """The name of a filter as it is kept: one word."""
    return "-".join(text.strip().lstrip("@").split())


def _last(text: str) -> str:
    return text.rpartition(" ")[2]
