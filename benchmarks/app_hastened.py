"""wnkd-tui with a database that it may look at as often as it can:
`python benchmarks/app_hastened.py COUNT_FILE`.

For a day's updates in a minute. How many it has drawn stands in COUNT_FILE.
"""

import sys
from pathlib import Path

from textual import on

from wnkd_tui.app import poller
from wnkd_tui.app.application import WnkdApp


class Hastened(WnkdApp):
    CSS_PATH = Path(sys.modules[WnkdApp.__module__].__file__).with_name("wnkd.tcss")
    drawn = 0

    @on(poller.Answered)
    def _count(self, _: poller.Answered) -> None:
        self.drawn += 1
        if self.drawn % 50 == 0:
            Path(sys.argv[1]).write_text(str(self.drawn))


if __name__ == "__main__":
    poller._REST = -1
    Hastened(every=0.005).run()
