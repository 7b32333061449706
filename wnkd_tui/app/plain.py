"""The signs that terminals are given: none that they would obey, and of those that show ASCII alone
no other."""

import os
import sys
from functools import lru_cache
from unicodedata import normalize

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

# By what they are: lines, corners, shades, the app's own signs.
_SIGNS = {
    "|": "│┃║▌▐▏▎▍▋▊▉▕",
    "-": "─╌┄╴╶▁▔▂–—−⎯",
    "+": "±┌┐└┘├┤┬┴┼╭╮╰╯╔╗╚╝╠╣╦╩╬",
    "#": "█▓▆▇▅■▄▀",
    ".": "░▒·▃∙",
    "*": "✓●•★",
    "@": "◆",
    ">": "▶→»▸",
    "<": "◀←«◂",
    "o": "○◇",
    "x": "✗×",
    "=": "‖≈═━╸╺",
    "^": "▲↑",
    "v": "▼↓",
    "!": "≠⚠",
    "~": "…",
}
_PLAIN = str.maketrans({sign: plain for plain, signs in _SIGNS.items() for sign in signs})

_OBEYED = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)))


def shows_unicode() -> bool:
    """What WNKD_ASCII says (1: no, 0: yes), else whether the terminal's encoding has more, and is
    not Linux's console, whose fonts have few signs."""
    told = os.environ.get("WNKD_ASCII")
    if told in ("0", "1"):
        return told == "0"
    encoding = sys.__stdout__.encoding if sys.__stdout__ else ""
    return encoding.lower().startswith("utf") and os.environ.get("TERM") != "linux"


class Harmless(LineFilter):
    """Leaves out what a terminal would obey: names of files, reasons and logs may hold any sign."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        if all(text.isprintable() for text, _, _ in segments):
            return segments
        return [
            Segment(text if control else text.translate(_OBEYED), style, control)
            for text, style, control in segments
        ]


class Ascii(LineFilter):
    """Every sign by an ASCII one that takes as many cells."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            Segment(text if text.isascii() else plain(text), style, control)
            for text, style, control in segments
        ]


@lru_cache(4096)
def plain(text: str) -> str:
    """`▶ 3 running` as `> 3 running`; of a letter with an accent the letter, of others `?`."""
    return "".join(_one(sign) for sign in text.translate(_PLAIN))


def _one(sign: str) -> str:
    if sign.isascii():
        return sign
    bare = normalize("NFKD", sign).encode("ascii", "ignore").decode()
    cells = cell_len(sign)
    return bare if len(bare) == cells else "?" * cells
