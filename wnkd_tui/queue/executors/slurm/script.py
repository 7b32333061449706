"""What sbatch is given for an allocation."""

import shlex
import sys
from pathlib import Path

from wnkd_tui.queue.executors.slurm.allocation import OUTPUT, SCRIPT, Allocation
from wnkd_tui.queue.executors.slurm.profile import Profile

NODE = "wnkd_tui.queue.executors.slurm.node"


def options(profile: Profile, allocation: Allocation, comment: str, ranks: int) -> list[str]:
    """Of sbatch, for a job of so many processes. The time limit is told beforehand to the script
    alone, which passes it on; and a job that the cluster would run again by itself is run again by
    wnkd."""
    return [
        *profile.options(ranks),
        f"--job-name={allocation.name}",
        f"--comment={comment}",
        f"--output={str(allocation.folder / OUTPUT).replace('%', '%%')}",
        "--open-mode=append",
        "--no-requeue",
        f"--signal=B:USR1@{profile.warning}",
    ]


def write(profile: Profile, allocation: Allocation, jobs: Path, *, linger: float) -> Path:
    """The script: it works through the allocation's list of directories in `jobs`."""
    command = [
        profile.python or sys.executable,
        *("-m", NODE, str(allocation.folder), str(jobs), str(linger)),
    ]
    # The signal that the time is up soon would end a shell that is still at `setup`.
    lines = ["#!/bin/bash", "trap '' USR1", *profile.setup, f"exec {shlex.join(command)}", ""]
    path = allocation.folder / SCRIPT
    path.write_text("\n".join(lines), encoding="utf-8")
    return path
