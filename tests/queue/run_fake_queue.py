"""A `run-queue` with the fake job, in a process of its own: HOME SLOTS [keep]."""

import sys
from pathlib import Path

from wnkd_tui import config
from wnkd_tui.home import Home
from wnkd_tui.queue.executors.launchers import WARM, WarmLauncher
from wnkd_tui.queue.executors.local import LocalExecutor
from wnkd_tui.queue.slots import find_slots
from wnkd_tui.queue.supervisor import Supervisor

home = Home(Path(sys.argv[1]))
launcher = WarmLauncher(
    home.root / "warm.log", [*WARM, "--target", "fake_job:run", "--preload", "engine.events"]
)
supervisor = Supervisor(
    home,
    LocalExecutor(launcher),
    find_slots(int(sys.argv[2]), gpus=[]),
    config=config.load(home).queue,
    poll=0.05,
)
sys.exit(supervisor.run(drain="keep" not in sys.argv))
