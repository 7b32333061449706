"""bash cuts the words that it completes at `:`, `=` and `@`; typer wants them whole.

`state:fai` comes as `state`, `:` and `fai`, and bash replaces the last of them alone; `@go` comes
as `@` and `go`, but bash replaces both.
"""

import os
from collections.abc import MutableMapping

VARIABLE = "_WNKD_COMPLETE"  # click's name: set where a shell wants completions
BASH = "complete_bash"
_BETWEEN = (":", "=")  # belong to both neighbours, `@` to the one behind it


def join(environ: MutableMapping[str, str] = os.environ) -> str:
    """Makes the words in `environ` whole; what of the last one bash does not replace."""
    if environ.get(VARIABLE) != BASH:
        return ""
    cut = environ.get("COMP_WORDS", "").split("\n")
    place = int(environ.get("COMP_CWORD", "0"))
    words: list[str] = []
    fixed = ""
    glued, at = False, place
    for index, word in enumerate(cut):
        between = word in _BETWEEN
        start = (glued or between) and len(words) > 1
        if index == place:
            at = len(words) - start
            fixed = (words[-1] if start else "") + (word if between else "")
        words = [*words[:-1], words[-1] + word] if start else [*words, word]
        glued = between or word == "@"
    if place < len(cut):
        environ["COMP_WORDS"], environ["COMP_CWORD"] = "\n".join(words), str(at)
    fixed = fixed.partition("=")[2] if fixed.startswith("--") else fixed
    return fixed if fixed != "@" else ""
