"""Text that people are shown: nothing in it that a terminal would obey."""

import unicodedata


def is_showable(text: str) -> bool:
    """Whether it is text for one line: no control characters, no bytes that are not UTF-8."""
    return text.isprintable() or not any(unicodedata.category(c) in ("Cc", "Cs") for c in text)


def as_shown(text: str) -> str:
    """`text` for people: what is not showable as an escape."""
    if is_showable(text):
        return text
    return "".join(c if is_showable(c) else ascii(c)[1:-1] for c in text)
