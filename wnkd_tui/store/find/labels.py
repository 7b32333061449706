"""What people put on trials to find them again: tags, notes, and searches with a name."""

import re
import sqlite3
from collections.abc import Collection, Sequence

from engine.shown import is_showable
from wnkd_tui.store import queries
from wnkd_tui.store.connection import StoreError, transaction
from wnkd_tui.store.find.fields import TABLES
from wnkd_tui.store.find.language import FilterError, known_field, parse
from wnkd_tui.store.rows import SavedFilter

_TAG = re.compile(r"[\w.-]+")
_NAME = re.compile(r'("[^"]*"?)|(?<!\S)@(\S*)')  # not within quotes


def tag_fault(word: str) -> str:
    """What is wrong with `word` as a tag, in a line; empty where nothing is."""
    if _TAG.fullmatch(word):
        return ""
    return f"{word!r} is no tag: a tag is of letters, digits, '-', '_' and '.'"


def tag(
    conn: sqlite3.Connection,
    trial_ids: Collection[int],
    add: Collection[str] = (),
    remove: Collection[str] = (),
) -> None:
    """Puts tags on trials and takes others off.

    Raises StoreError, with nothing changed, for a word that is no tag, one that is to be put on and
    taken off, and an unknown trial.
    """
    for word in set(add) & set(remove):
        raise StoreError(f"tag {word}: to be put on, and taken off: say one of them")
    for word in add:
        if fault := tag_fault(word):
            raise StoreError(fault)
    with transaction(conn):
        queries.check_trials(conn, trial_ids)
        conn.executemany(
            "DELETE FROM trial_tag WHERE trial_id = ? AND tag = ?",
            [(trial, word) for trial in trial_ids for word in remove],
        )
        conn.executemany(
            "INSERT OR IGNORE INTO trial_tag (trial_id, tag) VALUES (?, ?)",
            [(trial, word) for trial in trial_ids for word in add],
        )


def note(conn: sqlite3.Connection, trial_id: int, text: str) -> None:
    """Writes a trial's note; an empty one takes it away.

    Raises StoreError for an unknown trial, and for a text that is not for one line.
    """
    text = text.strip()
    if not is_showable(text):
        raise StoreError("a note is one line of text, without control characters")
    with transaction(conn):
        queries.check_trials(conn, [trial_id])
        conn.execute("UPDATE trial SET note = ? WHERE id = ?", [text, trial_id])


def tags(conn: sqlite3.Connection) -> dict[str, int]:
    """Every tag by name, and how many trials have it."""
    rows = conn.execute("SELECT tag, count(*) FROM trial_tag GROUP BY tag ORDER BY tag")
    return dict(rows.fetchall())


def save(conn: sqlite3.Connection, search: SavedFilter) -> None:
    """Keeps a search under its name, in the place of an older one; names of others in it become
    their words, which may be changed later.

    Raises StoreError for a name that is empty and for a text that is not for one line, FilterError
    for what cannot be searched by.
    """
    name = search.name.strip()
    if not name:
        raise StoreError("a saved filter needs a name")
    if not is_showable(search.text):
        raise StoreError("a filter is one line of text, without control characters")
    fields = TABLES[search.what]
    text, _ = expanded(conn, search.what, search.text)
    parse(text, fields)
    if search.sort:
        known_field(search.sort, fields)
    conn.execute(
        "INSERT OR REPLACE INTO saved_filter (name, what, text, sort, down) VALUES (?, ?, ?, ?, ?)",
        [name, search.what, text, search.sort, int(search.down)],
    )


def forget(conn: sqlite3.Connection, name: str) -> None:
    """Raises StoreError, which lists the known ones, where no search has that name."""
    if not conn.execute("DELETE FROM saved_filter WHERE name = ?", [name]).rowcount:
        known = ", ".join(one.name for one in saved(conn)) or "none"
        raise StoreError(f"no saved filter {name!r}; known: {known}")


def saved(conn: sqlite3.Connection) -> list[SavedFilter]:
    """All saved searches by name."""
    rows = conn.execute("SELECT * FROM saved_filter ORDER BY name")
    return [SavedFilter(**dict(row) | {"down": bool(row["down"])}) for row in rows]


def names(text: str) -> list[str]:
    """The saved filters that a filter calls as `@name`."""
    return [match[2] for match in _NAME.finditer(text) if not match[1]]


def expanded(conn: sqlite3.Connection, what: str, text: str) -> tuple[str, Sequence[SavedFilter]]:
    """`text` with the words of saved filters for their `@name`, and these filters in their order.

    Raises FilterError, which lists the known ones, for a name that no filter of `what` (trials or
    jobs) has.
    """
    if not names(text):
        return text, ()
    known = {one.name: one for one in saved(conn) if one.what == what}
    called: list[SavedFilter] = []

    def words(match: re.Match[str]) -> str:
        if match[1]:
            return match[1]
        if match[2] not in known:
            fitting = ", ".join(f"@{name}" for name in known) or "none"
            raise FilterError(
                f"@{match[2]}: no filter of {what} is saved so; saved: {fitting}"
                " (wnkd filter save NAME FILTER)"
            )
        called.append(known[match[2]])
        return called[-1].text

    return _NAME.sub(words, text), called
