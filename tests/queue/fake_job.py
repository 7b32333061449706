"""A stand-in for `engine.job`: writes the same files, and does as its settings say.

steps, delay: counts so many steps, so long each (seconds), resuming from its checkpoint.
gate: waits at step 2 until this file exists. fail_at: raises at that step.
die: [signals] by which its first runs end, each at step `die_at` (1) before that step is done.
memory, host_memory: what it says that it took of the GPU and of the host.
fill: writes so many bytes before its first step.
stubborn: takes no notice of SIGTERM. child: starts a process of its own group that sleeps.
silent: is gone without a last word. torch: multiplies in several threads.
"""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from engine.artifacts import ArtifactStore
from engine.errors import Paused
from engine.events import EventWriter, write_exit
from engine.running import write_process_record


class Stopped(BaseException):
    pass


def run(directory: Path) -> int:
    record = json.loads((directory / "job.json").read_text())
    settings = record["settings"]
    with (directory / "runs.txt").open("a") as runs:
        runs.write(f"{os.getpid()}\n")
    if settings.get("stubborn"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        signal.signal(signal.SIGTERM, _stop)
    write_process_record(directory)
    if settings.get("child"):
        child = subprocess.Popen(["sleep", "120"])
        (directory / "child.txt").write_text(str(child.pid))
    end = {"state": "done", "cause": None, "reason": None, "result": None}
    end |= {name: settings.get(name) for name in ("memory", "host_memory")}
    try:
        with EventWriter(directory) as events:
            device = os.environ.get("FAKE_DEVICE", "fake")
            events.write("start", pid=os.getpid(), device=device, engine="fake engine")
            end["result"] = _steps(directory, settings, events)
            _publish(record)
            events.write("end", **end)
    except Stopped:
        end |= {"state": "cancelled", "reason": "stopped by SIGTERM"}
    except Paused:
        end["state"] = "paused"
    except ValueError as error:
        end |= {"state": "failed", "reason": str(error)}
    except OSError as error:
        cause = "disk full" if error.errno == errno.ENOSPC else None
        end |= {"state": "failed", "cause": cause, "reason": str(error)}
    (directory / "fill").unlink(missing_ok=True)
    if not settings.get("silent"):
        write_exit(directory, end)
    return 0 if end["state"] == "done" else 1


def _steps(directory: Path, settings: dict, events: EventWriter) -> dict:
    checkpoint = directory / "checkpoint.pt"
    first = int(checkpoint.read_text()) + 1 if checkpoint.exists() else 1
    total = settings.get("steps", 1)
    if settings.get("fill"):
        (directory / "fill").write_bytes(bytes(settings["fill"]))
    for step in range(first, total + 1):
        if step == 2 and "gate" in settings:
            while not Path(settings["gate"]).exists():
                time.sleep(0.02)
        if step == settings.get("fail_at"):
            raise ValueError(f"step {step} went wrong")
        if step == settings.get("die_at", 1):
            _die(directory, settings.get("die", ()))
        time.sleep(settings.get("delay", 0))
        events.metric(step, loss=1 / step, top1=float(step))
        checkpoint.with_suffix(".new").write_text(str(step))
        checkpoint.with_suffix(".new").replace(checkpoint)
        events.progress(step, total, "steps")
        if events.pause_wanted() and step < total:
            raise Paused
    if settings.get("torch"):
        import torch

        torch.set_num_threads(2)
        grid = torch.ones(256, 256, requires_grad=True)
        (grid @ grid).sum().backward()
        return {"sum": float(grid.grad.sum()), "cuda": torch.cuda.is_initialized()}
    return {"first": first, "steps": total}


def _die(directory: Path, signals: list[int]) -> None:
    """By the signal of this run's turn, if there is one."""
    runs = len((directory / "runs.txt").read_text().split())
    if runs <= len(signals):
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signals[runs - 1])
        time.sleep(60)


def _publish(record: dict) -> None:
    store = ArtifactStore(Path(record["run"]["artifacts"]))
    with store.publish(record["key"], {"key": record["key"]}):
        pass


def _stop(*_: object) -> None:
    raise Stopped


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1])))
