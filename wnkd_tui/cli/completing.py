"""What Tab offers: names from the database and the shipped data, at once and in silence.

The database is opened to be read as it is: nothing is made, brought up to date or waited for, and
where it cannot be read nothing is offered from it.
"""

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

from engine.recipes import recipe_names

if TYPE_CHECKING:
    from wnkd_tui.home import Home
    from wnkd_tui.store.find.fields import Field

Offer = tuple[str, str]  # a word, and what it means
Completer = Callable[[str], list[Offer]]

BUILT_IN = ("digits",)  # `engine.data.registry` says so too, but takes numpy to say it
MOST = 100  # numbers of trials or jobs that are offered: the newest
PATIENCE = 0.1  # seconds to wait for another writer
_COLUMN = re.compile(r"(\w+)\.\w+")
OPEN = ("words", "number", "time", "duration")  # kinds of field whose values are not offered


def rows(select: str, *values: Any) -> list[tuple[Any, ...]]:
    """Rows of the database; none where it is not there or cannot be read."""
    try:
        where = f"{_home().db.as_uri()}?mode=ro"
        with closing(sqlite3.connect(where, uri=True, timeout=PATIENCE)) as conn:
            return conn.execute(select, values).fetchall()
    except (sqlite3.Error, UnicodeDecodeError, OSError):
        return []


def datasets(incomplete: str) -> list[Offer]:
    added = [name for (name,) in rows("SELECT name FROM dataset ORDER BY name")]
    return _beginning(incomplete, ((name, "") for name in (*BUILT_IN, *added)))


def recipes(incomplete: str) -> list[Offer]:
    return _beginning(incomplete, ((name, "") for name in recipe_names()))


def configurations(incomplete: str) -> list[Offer]:
    files = sorted(_home().configurations.glob("*.toml"))
    return _beginning(incomplete, ((file.stem, "") for file in files))


def encoders(incomplete: str) -> list[Offer]:
    """The stand-in, and those that trials have."""
    from engine.encoders.names import STAND_IN

    used = [name for (name,) in rows("SELECT DISTINCT encoder FROM trial WHERE encoder > ''")]
    return _beginning(incomplete, ((name, "") for name in dict.fromkeys((STAND_IN, *used))))


def teachers(incomplete: str) -> list[Offer]:
    from engine.spec import Teachers

    return _last_of_list(incomplete, ((str(one), "") for one in Teachers))


def trials(incomplete: str) -> list[Offer]:
    """The newest trials, with their names."""
    found = rows(
        f"SELECT id, name FROM trial WHERE id LIKE ? || '%' ORDER BY id DESC LIMIT {MOST}",
        incomplete.rpartition(",")[2],
    )
    return _last_of_list(incomplete, ((str(id), name) for id, name in found))


def jobs(*states: str) -> Completer:
    """Offers the newest jobs that are in one of `states` (all where there are none)."""
    among = f"AND state IN ({', '.join('?' * len(states))})" if states else ""

    def complete(incomplete: str) -> list[Offer]:
        found = rows(
            f"SELECT id, state, name FROM job WHERE id LIKE ? || '%' {among}"
            f" ORDER BY id DESC LIMIT {MOST}",
            *(incomplete, *states),
        )
        return [(str(id), f"{state}: {name}") for id, state, name in found]

    return complete


def tags(incomplete: str) -> list[Offer]:
    found = rows("SELECT tag, count(*) FROM trial_tag GROUP BY tag ORDER BY tag")
    return _beginning(incomplete, ((tag, f"{count} trials") for tag, count in found))


def saved(incomplete: str) -> list[Offer]:
    found = rows("SELECT name, text FROM saved_filter ORDER BY name")
    return _beginning(incomplete, found)


def sorts(what: str) -> Completer:
    """Offers the fields of `what` to sort by."""

    def complete(incomplete: str) -> list[Offer]:
        from wnkd_tui.store.find.fields import TABLES

        fields = TABLES[what].fields.values()
        return _beginning(incomplete, ((one.name, one.words) for one in fields))

    return complete


def terms(what: str) -> Completer:
    """Offers what the last word of a filter of `what` may become."""

    def complete(incomplete: str) -> list[Offer]:
        before, blank, word = incomplete.rpartition(" ")
        return [(f"{before}{blank}{offer}", means) for offer, means in _of_term(what, word)]

    return complete


def _of_term(what: str, word: str) -> list[Offer]:
    from wnkd_tui.store.find.fields import TABLES

    if word.startswith("@"):
        found = rows("SELECT name, text FROM saved_filter WHERE what = ? ORDER BY name", what)
        return _beginning(word, ((f"@{name}", text) for name, text in found))
    fields = TABLES[what].fields
    sign = "-" if word.startswith("-") else ""
    name, colon, value = word.removeprefix("-").partition(":")
    if not colon:
        found = [(f"{sign}{one}:", field.words) for one, field in fields.items()]
        begun = _beginning(word, found)
        if len(begun) != 1:
            return begun
        name = begun[0][0].removeprefix("-").removesuffix(":")
    if name not in fields:
        return []
    begun = _last_of_list(value, _values(fields[name], TABLES[what].table))
    if not colon:  # alone, so that the shell puts no blank behind it
        begun.insert(0, ("", fields[name].words))
    return [(f"{sign}{name}:{offer}", means) for offer, means in begun]


def _values(field: "Field", table: str) -> Iterator[Offer]:
    """What `field` may be, as far as it can be told; nothing that a shell takes for its own."""
    if field.kind in OPEN:
        yield "=", "is exactly"
    known = list(field.values)
    if field.name == "dataset":
        known += BUILT_IN
    if field.name == "recipe":
        known += recipe_names()
    if field.kind in ("text", "tag") and not field.values:
        column = _COLUMN.fullmatch(field.sql)
        of = column[1] if column else table
        known += [value for (value,) in rows(f"SELECT DISTINCT {field.sql} FROM {of}") if value]
    for value in dict.fromkeys(known):
        yield (f'"{value}"' if " " in value else value), ""


def _home() -> "Home":
    from wnkd_tui.home import Home, chosen  # `Home.find` would make the directory

    return Home(chosen())


def _beginning(incomplete: str, offers: Iterable[tuple[str, str]]) -> list[Offer]:
    return [(word, means) for word, means in offers if word.startswith(incomplete)]


def _last_of_list(incomplete: str, offers: Iterable[tuple[str, str]]) -> list[Offer]:
    """Completes what stands behind the last comma."""
    before, comma, last = incomplete.rpartition(",")
    return [(f"{before}{comma}{word}", means) for word, means in _beginning(last, offers)]
