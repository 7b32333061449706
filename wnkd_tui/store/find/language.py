"""The filter language: words that must all hold, as `dataset:cifar100 wn:>=50 -state:done acc:>80`.

`field:value` holds where the field has the value, `field:a,b` where it has one of them; `>`, `>=`,
`<`, `<=`, `=` and `!=` stand before a value; a leading `-` turns a word round. `*` stands for any
text, and alone for "has one"; in double quotes everything stands for itself. A bare word is a part
of the name. A to Z are equal to a to z.
"""

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from wnkd_tui.store.connection import StoreError
from wnkd_tui.store.find import moments
from wnkd_tui.store.find.fields import Field, Fields

LONGEST = 1000  # characters; SQLite takes expressions of a thousand parts
_NAMED = re.compile(r"([^\W\d]\w*):(.*)", re.DOTALL)
_VALUE = re.compile(r"(>=|<=|!=|>|<|=)?(.*)", re.DOTALL)
_QUOTED = re.compile(r'"([^"]*)"|([^"]+)')
_EXAMPLES = {
    "number": "80 or 0.5",
    "duration": "90s, 5m, 2h or 1d",
    "time": "2026-11-01, today, or 2d for two days ago",
}


class FilterError(StoreError):
    """A filter that cannot be understood; one line with the place and what is known."""


@dataclass(frozen=True)
class Filter:
    """A condition in SQL over the table that was searched, with its values by name, and which of
    `Fields.sources` it reads."""

    condition: str = "1"
    values: Mapping[str, str | float] = field(default_factory=dict)
    needs: frozenset[str] = frozenset()


def parse(text: str, fields: Fields, now: float | None = None) -> Filter:
    """`now` in UTC seconds, what ages such as `2d` count from. Raises FilterError."""
    _check(text)
    parser = _Parser(fields, time.time() if now is None else now)
    terms = [parser.term(word) for word in _split(text, " ", text)]
    return Filter(" AND ".join(terms) or "1", parser.values, frozenset(parser.needs))


def known_field(name: str, fields: Fields, where: str = "to sort by") -> Field:
    """Raises FilterError, with the nearest known one, where there is no such field."""
    field = fields.fields.get(name.lower())
    if field is None:
        hint = _hint(name.lower(), tuple(fields.fields))
        raise FilterError(f"unknown field {name!r} {where}: {hint}")
    return field


def _check(text: str) -> None:
    if len(text) > LONGEST:
        raise FilterError(f"the filter has {len(text)} characters: {LONGEST} are the most")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise FilterError(f"the filter {text!r} holds what is no text") from None
    if "\0" in text:
        raise FilterError(f"the filter {text!r} holds what is no text")


def _split(text: str, separator: str, place: str) -> Iterator[str]:
    """The parts between separators that are not in quotes; a blank stands for all white space,
    and nothing is between two of them."""
    parts, quoted = [""], False
    for char in text:
        quoted ^= char == '"'
        if not quoted and (char.isspace() if separator == " " else char == separator):
            parts.append("")
        else:
            parts[-1] += char
    if quoted:
        raise FilterError(f"a quote is not closed in {place!r}")
    return (part for part in parts if part or separator != " ")


class _Parser:
    """Makes conditions of words, and gathers what these need."""

    def __init__(self, fields: Fields, now: float) -> None:
        self._fields, self._now = fields, now
        self.values: dict[str, str | float] = {}
        self.needs: set[str] = set()

    def term(self, word: str) -> str:
        rest = word.removeprefix("-")
        named = _NAMED.fullmatch(rest)
        field = known_field(named[1] if named else "name", self._fields, f"in {word!r}")
        if field.within == "{}":
            self.needs.update(field.needs)
        values = _split(named[2] if named else rest, ",", word)
        condition = " OR ".join(self._value(field, value, bool(named), word) for value in values)
        return _not(condition) if rest != word else f"({condition})"

    def _value(self, field: Field, value: str, named: bool, word: str) -> str:
        """Whether a row has a value, with the operator in front of it where a field is named."""
        operator, plain = _VALUE.fullmatch(value).groups() if named else (None, value)  # type: ignore[union-attr]
        if not _bare(plain):
            raise FilterError(f"a value is missing in {word!r}: {field.name} is {field.words}")
        if operator == "!=":
            return _not(field.within.format(self._test(field, "=", plain, word)))
        return field.within.format(self._test(field, operator, plain, word))

    def _test(self, field: Field, operator: str | None, value: str, word: str) -> str:
        if value == "*" and operator in (None, "="):
            return f"{field.sql} IS NOT NULL"
        if field.kind in _EXAMPLES:
            return self._compared(field, operator or "=", _bare(value), word)
        if operator not in (None, "="):
            raise FilterError(
                f"{operator!r} in {word!r} goes with numbers and times: {field.name} is"
                f" {field.words}"
            )
        if field.kind == "state" and "*" not in value:
            return f"{field.sql} = {self._bind(_state(field, _bare(value), word))}"
        pattern = _pattern(value)
        if field.kind == "words" and operator is None:
            pattern = f"%{pattern}%"
        return f"{field.sql} LIKE {self._bind(pattern)} ESCAPE '\\'"

    def _compared(self, field: Field, operator: str, value: str, word: str) -> str:
        try:
            match field.kind:
                case "time":
                    edges = moments.edges(operator, value, self._now)
                case "duration":
                    edges = [(operator, moments.seconds(value))]
                case _:
                    edges = [(operator, moments.finite(value))]
        except ValueError:
            raise FilterError(
                f"{value!r} in {word!r} is no {field.kind}, such as {_EXAMPLES[field.kind]}"
            ) from None
        return " AND ".join(f"{field.sql} {sign} {self._bind(edge)}" for sign, edge in edges)

    def _bind(self, value: str | float) -> str:
        name = f"found{len(self.values)}"
        self.values[name] = value
        return f":{name}"


def _state(field: Field, value: str, word: str) -> str:
    if value.lower() not in field.values:
        hint = _hint(value.lower(), field.values)
        raise FilterError(f"unknown {field.name} {value!r} in {word!r}: {hint}")
    return value.lower()


def _not(condition: str) -> str:
    """Its complement: what is not known does not hold."""
    return f"({condition}) IS NOT TRUE"


def _bare(value: str) -> str:
    return value.replace('"', "")


def _pattern(value: str) -> str:
    """For LIKE: `*` outside of quotes stands for any text, all else for itself."""
    pattern = ""
    for quoted, plain in _QUOTED.findall(value):
        literal = re.sub(r"([\\%_])", r"\\\1", quoted or plain)
        pattern += literal if quoted else literal.replace("*", "%")
    return pattern


def _hint(name: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
