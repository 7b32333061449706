"""Charts as strings of terminal cells, drawn by plotext: plain numbers in, ANSI text out.

Every series has a sign of its own, so a chart is readable without colour; without Unicode it is
drawn in ASCII. `lines` and `stacked` give the text; `line_drawing` and `bar_drawing` also tell
where in it every x stands, for a cursor.
"""

from wnkd_tui.charts.bars import bar_drawing, stacked
from wnkd_tui.charts.look import Drawing, Look, Series
from wnkd_tui.charts.plot import line_drawing, lines

__all__ = ["Drawing", "Look", "Series", "bar_drawing", "line_drawing", "lines", "stacked"]
