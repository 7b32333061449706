"""What the benchmarks' jobs do in place of `engine.running.run` (`engine.warm --target`)."""

import json
import os
from pathlib import Path

from engine.events import EventWriter, write_exit
from engine.running import write_process_record

RUNS = "runs.txt"


def run(directory: Path) -> int:
    """Notes in RUNS that it ran, and reports `steps` steps of `values` numbers each."""
    write_process_record(directory)
    record = json.loads((directory / "job.json").read_text(encoding="utf-8"))
    settings = record["settings"]
    runs = os.open(directory.parent.parent / RUNS, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.write(runs, f"{record['key']}\n".encode())
    os.close(runs)
    with EventWriter(directory) as events:
        events.write("start", pid=os.getpid(), made=True)
        names = [f"value_{n}" for n in range(settings["values"])]
        for step in range(1, settings["steps"] + 1):
            events.metric(step, **{name: place / step for place, name in enumerate(names, 1)})
    end = {"state": "done", "cause": None, "reason": None, "result": {}, "memory": None}
    write_exit(directory, end)
    return 0
