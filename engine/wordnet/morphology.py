"""Plural and singular of English nouns, by WordNet's own rules (its `morphy`, nouns only)."""

from collections.abc import Mapping, Sequence

Exceptions = Mapping[str, Sequence[str]]
"""Irregular form → base forms, as in WordNet's `noun.exc`."""

SUFFIXES = (
    ("s", ""),
    ("ses", "s"),
    ("ves", "f"),
    ("xes", "x"),
    ("zes", "z"),
    ("ches", "ch"),
    ("shes", "sh"),
    ("men", "man"),
    ("ies", "y"),
)
NO_PLURAL = ("ss", "us", "is")  # glass, bus, iris: the last s is the word's own


def key(name: str) -> str:
    """`name` as names are compared: lower case, underscores and runs of blanks as one space."""
    return " ".join(name.replace("_", " ").lower().split())


def singulars(form: str, exceptions: Exceptions) -> list[str]:
    """What `form` (a key) may be the plural of; candidates only, `form` itself not among them.

    An irregular form has its bases and no others; rules apply to a compound's last word.
    """
    if form in exceptions:
        return list(exceptions[form])
    head, space, last = form.rpartition(" ")
    if space and last in exceptions:
        return [f"{head} {base}" for base in exceptions[last]]
    if form.endswith(NO_PLURAL):
        return []
    return [form.removesuffix(old) + new for old, new in SUFFIXES if form.endswith(old)]
