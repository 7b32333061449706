"""Sheets as LaTeX tables (booktabs), names typeset as the paper does."""

import re
from collections.abc import Sequence

from wnkd_tui.report.sheet import MARKS, Cell, Rank, Sheet

HEAD = "% \\usepackage{booktabs}"
_SIGNS = {"*": r"\ast", "+": "+", "~": r"\sim"}
_PLAIN = {
    **{sign: f"\\{sign}" for sign in "{}$&#_%"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "[": "{[}",  # at the start of a row it would be an option of the row above
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "±": r"$\pm$",
    "Δ": r"$\Delta$",
    "λ": r"$\lambda$",
    "τ": r"$\tau$",
    "·": r"$\cdot$",
    "×": r"$\times$",
    "−": "$-$",
    "→": r"$\rightarrow$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "²": "$^2$",
    "–": "--",
    "—": "---",
    "…": r"\dots{}",
}
# T_x,(img, 0%gt 100%wn) · T_m, T_1s, S_s, E_many
_NAME = re.compile(r"\bT_x,\((?P<mix>[^()]*)\)|\b(?P<who>[TSE])_(?P<which>[A-Za-z0-9]+)\b")


def as_latex(sheets: Sequence[Sheet]) -> str:
    """A table environment for each sheet: label and caption above, notes below."""
    return "\n".join([HEAD, *(_table(sheet) for sheet in sheets)])


def _table(sheet: Sheet) -> str:
    columns = "".join("r" if column.number else "l" for column in sheet.columns)
    lines = [
        r"\begin{table}",
        r"  \centering",
        f"  \\caption{{{text(f'{sheet.label}: {sheet.caption}')}}}",
        f"  \\begin{{tabular}}{{{columns}}}",
        r"    \toprule",
        _line([text(column.title) for column in sheet.columns]),
        r"    \midrule",
        *(_line([_cell(cell) for cell in row]) for row in sheet.rows),
        r"    \bottomrule",
        r"  \end{tabular}",
        *(f"  \\par\\smallskip{{\\footnotesize {text(note)}}}" for note in sheet.notes),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"    {' & '.join(cells)} \\\\"


def _cell(cell: Cell) -> str:
    """The best in bold, the second underlined; every mark that notes speak of as an exponent."""
    mark = MARKS.get(cell.rank, "")
    if cell.stat is None:
        shown = _ranked(text(cell.shown(empty="–")), cell.rank)
    else:
        mean, space, rest = cell.shown().partition(" ")
        mean = _number(mean.removesuffix(mark))
        exponent = f"$^{{{_SIGNS[mark]}}}$" if mark else ""
        shown = _ranked(mean, cell.rank) + exponent + space + text(rest)
    if cell.paper is not None:
        shown += f" (paper {_number(f'{cell.paper:.{cell.digits}f}')})"
    return shown


def _ranked(shown: str, rank: Rank) -> str:
    command = {"best": "textbf", "second": "underline"}.get(rank)
    return f"\\{command}{{{shown}}}" if command else shown


def _number(shown: str) -> str:
    """A sign is a minus, not a hyphen."""
    return f"${shown[0]}${shown[1:]}" if shown[:1] in ("-", "+") else shown


def text(said: str) -> str:
    """Any text as LaTeX shows it; the paper's names in mathematics."""
    said = " ".join(said.split())
    parts, end = [], 0
    for found in _NAME.finditer(said):
        parts += [_escaped(said[end : found.start()]), _name(found)]
        end = found.end()
    return "".join([*parts, _escaped(said[end:])])


def _name(found: re.Match[str]) -> str:
    if found["mix"] is None:
        return f"${found['who']}_{{{_upright(found['which'])}}}$"
    # `img, 0%gt 100%wn`: words upright, blanks as LaTeX sets them in mathematics
    words = [_upright(word) for word in found["mix"].split()]
    mix = r"\ ".join(words)
    return f"$T_{{x,({mix})}}$"


def _upright(word: str) -> str:
    """A single letter is a symbol, a word is not."""
    return word if len(word) == 1 else f"\\mathrm{{{_escaped(word)}}}"


def _escaped(said: str) -> str:
    return "".join(_PLAIN.get(sign, sign) for sign in said)
