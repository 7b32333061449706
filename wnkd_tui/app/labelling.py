"""Tags and notes as deeds, each with what undoes it."""

import re
import sqlite3
from collections.abc import Mapping, Sequence

from wnkd_tui.app.undo import Did
from wnkd_tui.queue.wording import count
from wnkd_tui.store.find import labels, listing
from wnkd_tui.store.rows import SavedFilter

_WORD = re.compile(r"[,\s]+")


def tags_fault(text: str) -> str:
    """What is wrong with `text` as tags to put on, in a line; empty where nothing is."""
    return next(filter(None, map(labels.tag_fault, _tags(text)[0])), "")


def tag(conn: sqlite3.Connection, trials: Sequence[int], text: str) -> Did:
    """`paper, -old` puts `paper` on the trials and takes `old` off. Raises StoreError for what is
    no tag."""
    add, remove = _tags(text)
    before = {id: line.tags for id, line in listing.trial_lines(conn, trials).items()}
    labels.tag(conn, trials, add, remove)

    def inverse(conn: sqlite3.Connection) -> str:
        there = listing.trial_lines(conn, trials)
        for word in add:
            labels.tag(conn, _having(before, there, word, False), (), (word,))
        for word in remove:
            labels.tag(conn, _having(before, there, word, True), (word,), ())
        return ""

    said = ", ".join([*add, *(f"-{word}" for word in remove)])
    return Did(f"tagged {count(len(trials), 'trial')}: {said}", inverse)


def _tags(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Those to put on, and those to take off."""
    words = [word for word in _WORD.split(text) if word]
    add = tuple(word.lstrip("+") for word in words if not word.startswith("-"))
    return add, tuple(word[1:] for word in words if word.startswith("-"))


def note(conn: sqlite3.Connection, trial: int, text: str) -> Did:
    before = listing.trial_lines(conn, [trial])
    labels.note(conn, trial, text)

    def inverse(conn: sqlite3.Connection) -> str:
        labels.note(conn, trial, before[trial].note)
        return ""

    return Did(f"{'wrote' if text.strip() else 'took away'} the note of trial {trial}", inverse)


def save(conn: sqlite3.Connection, search: SavedFilter) -> Did:
    before = [one for one in labels.saved(conn) if one.name == search.name]
    labels.save(conn, search)

    def inverse(conn: sqlite3.Connection) -> str:
        labels.forget(conn, search.name)
        for one in before:
            labels.save(conn, one)
        return ""

    return Did(f"saved the filter @{search.name}", inverse)


def _having(
    before: Mapping[int, Sequence[str]], there: Mapping[int, object], word: str, had: bool
) -> list[int]:
    """The trials, of those that are still there, that had the tag or did not."""
    return [id for id, tags in before.items() if id in there and (word in tags) is had]
