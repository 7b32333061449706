"""Charts as strings of terminal cells, drawn by plotext: plain numbers in, ANSI text out.

Every series has a sign of its own, so a chart is readable without colour; without Unicode it is
drawn in ASCII. A drawing also tells where in it every x stands, for a cursor.
"""

from wnkd_tui.charts.bars import bar_drawing
from wnkd_tui.charts.look import Drawing, Look, Series
from wnkd_tui.charts.plot import line_drawing

__all__ = ["Drawing", "Look", "Series", "bar_drawing", "line_drawing"]
