"""Stands for `run-queue`: every job of the home is done at once, with figures out of the air."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import conftest

from wnkd_tui.home import Home
from wnkd_tui.store import queries
from wnkd_tui.store.database import connect

home = Home(Path(os.environ["WNKD_HOME"]))
conn = connect(home)
trials = queries.trials(conn)
for job in queries.jobs(conn):
    conftest._play(conn, home, job, next(one for one in trials if one.id in job.trials))
