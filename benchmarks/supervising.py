"""A run-queue with the benchmarks' jobs, in a process of its own: HOME SLOTS.

When it ends it prints as JSON how often it found the database locked.
"""

import json
import os
import sys
from pathlib import Path

import counting

from engine.plan import JobSpec, Plan
from engine.spec import Teachers, TrialSpec
from wnkd_tui import config
from wnkd_tui.home import Home
from wnkd_tui.queue.executors.launchers import WARM, WarmLauncher
from wnkd_tui.queue.executors.local import LocalExecutor
from wnkd_tui.queue.slots import find_slots
from wnkd_tui.queue.supervisor import Supervisor
from wnkd_tui.store import commands
from wnkd_tui.store.database import connect

HERE = Path(__file__).parent
TARGET = ("--target", "targets:run", "--preload", "engine.events")


def make_home(
    root: Path, *, trials: int, jobs: int, steps: int, values: int, needs: bool = False
) -> Home:
    """A home with so many trials of so many jobs each, of which all others may need the first."""
    home = Home(root)
    for directory in (home.root, home.jobs, home.artifacts, home.cache, home.files):
        directory.mkdir()
    connect(home).close()
    plans = []
    for trial in range(trials):
        planned: list[JobSpec] = []
        for number in range(jobs):
            settings = {"trial": trial, "number": number, "steps": steps, "values": values}
            inputs = {"first": planned[0].key} if needs and planned else {}
            planned.append(JobSpec("teacher", f"job {trial}-{number}", settings, inputs))
        spec = TrialSpec("digits", "demo", Teachers.NONE, None, seed=trial)
        plans.append(Plan(spec, planned))
    commands.add_trials(home, plans, None)
    return home


def environment() -> dict[str, str]:
    """For processes that find the benchmarks' modules and the wnkd that runs here."""
    paths = [str(HERE), str(Path(config.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


def main(root: Path, slots: int) -> int:
    home = Home(root)
    launcher = WarmLauncher(home.root / "warm.log", [*WARM, *TARGET])
    supervisor = Supervisor(
        home, LocalExecutor(launcher), find_slots(slots, gpus=[]), config=config.load(home).queue
    )
    code = supervisor.run(drain=True)
    print(json.dumps({"locked": counting.locked}))
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
