"""A stand-in for `python -m engine`: trains for `settings.steps` steps and keeps checkpoints.

The artifact is what its inputs hold, its given file, its dataset, and the steps of its last run.
`gate`: waits behind step 2 until that file exists.
"""

import json
import signal
import sys
import time
from pathlib import Path

from engine.artifacts import ArtifactStore
from engine.events import EventWriter, write_exit
from engine.running import write_process_record


def run(directory: Path) -> None:
    record = json.loads((directory / "job.json").read_text())
    settings, where = record["settings"], record["run"]
    signal.signal(signal.SIGTERM, lambda *_: stop(directory, "cancelled"))
    write_process_record(directory)
    folder = directory / "checkpoints"
    folder.mkdir(exist_ok=True)
    kept = sorted(folder.glob("*.pt"))
    first = int(kept[-1].read_text()) + 1 if kept else 1
    print(f"begins at {first}", flush=True)
    with EventWriter(directory) as events:
        for step in range(first, settings["steps"] + 1):
            events.metric(step, loss=1 / step)
            (folder / f"checkpoint-{step:05}.pt").write_text(str(step))
            for old in sorted(folder.glob("*.pt"))[:-2]:
                old.unlink()
            while step == 2 and "gate" in settings and not Path(settings["gate"]).exists():
                if events.pause_wanted():
                    stop(directory, "paused")
                time.sleep(0.02)
    store = ArtifactStore(Path(where["artifacts"]))
    with store.publish(record["key"], {"key": record["key"], "result": {}}) as out:
        for role, key in record["inputs"].items():
            (out / role).write_bytes((store.path(key) / "data").read_bytes())
        (out / "given").write_bytes((Path(where["files"]) / "nouns.txt").read_bytes())
        (out / "dataset").write_bytes((Path(where["data"]["path"]) / "a/0.png").read_bytes())
        (out / "empty").touch()
    say(directory, "done")


def stop(directory: Path, state: str) -> None:
    say(directory, state)
    sys.exit(1)


def say(directory: Path, state: str) -> None:
    write_exit(directory, {"state": state, "cause": None, "reason": None, "result": {}})


if __name__ == "__main__":
    run(Path(sys.argv[1]))
