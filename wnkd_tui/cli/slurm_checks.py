"""What `wnkd doctor --executor slurm` looks at beside the rest: whether a cluster would do jobs."""

import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock

from engine.errors import SpecError
from wnkd_tui.cli.checks import Check
from wnkd_tui.config import ConfigError, load
from wnkd_tui.home import Home, network_filesystem
from wnkd_tui.queue.executors.base import ExecutorError
from wnkd_tui.queue.executors.slurm import script
from wnkd_tui.queue.executors.slurm.allocation import Allocation
from wnkd_tui.queue.executors.slurm.commands import INSTALL, PREFIX, Slurm
from wnkd_tui.queue.executors.slurm.executor import slots_of
from wnkd_tui.queue.executors.slurm.profile import PROFILE, Profile, cluster_profile

SHOWN = 3  # nodes that are named


def slurm_checks(home: Home, path: Path | None) -> Iterator[Check]:
    """Every check of a cluster and of the profile at `path`; what one needs ends those after it."""
    try:
        profile = cluster_profile(home, path)
        ranks = max(load(home).queue.gpus_per_job, profile.nodes)
    except ExecutorError as error:
        yield Check("slurm profile", False, str(error))
        return
    except ConfigError:  # that is told by its check
        return
    where = path or home.root / PROFILE
    yield Check("slurm profile", True, f"{where}{'' if where.exists() else ': none, all as usual'}")
    slurm = Slurm()
    if missing := slurm.missing():
        yield Check("slurm", False, f"{', '.join(missing)}: not there: {INSTALL}")
        return
    try:
        yield Check("slurm", True, f"cluster {slurm.cluster()} answers")
        nodes = slurm.nodes()
    except ExecutorError as error:
        yield Check("slurm", False, str(error))
        return
    yield _accepted(slurm, profile, home, 1)
    if ranks > 1:
        yield _accepted(slurm, profile, home, ranks)
    yield _seen(home, nodes)
    yield _locks(home)
    yield _python(profile)
    yield _accounts(slurm)


def _accepted(slurm: Slurm, profile: Profile, home: Home, ranks: int) -> Check:
    """Whether sbatch would take what the profile asks for, for a job of so many processes."""
    name = "slurm job" if ranks == 1 else f"slurm job of {ranks}"
    allocation = Allocation(home.allocations / f"{PREFIX}doctor")
    with tempfile.NamedTemporaryFile("w", suffix=".sh") as file:
        file.write("#!/bin/bash\n")
        file.flush()
        try:
            if ranks > 1:
                slots_of(profile, 1, ranks)
            options = script.options(profile, allocation, "doctor", ranks)
            said = slurm.test(options, Path(file.name))
        except (ExecutorError, SpecError) as error:
            return Check(name, False, f"{error}: change {PROFILE} (docs/slurm.md)")
    return Check(name, True, said)


def _seen(home: Home, nodes: set[str]) -> Check:
    """Whether nodes can see jobs and artifacts."""
    others = sorted(nodes - {socket.gethostname().partition(".")[0]})
    kind = network_filesystem(home.shared)
    if kind:
        return Check("shared files", True, f"{home.shared} is on {kind}")
    if not others:
        return Check("shared files", True, f"{home.shared}: this host is the only node")
    named = ", ".join(others[:SHOWN]) + (", …" if len(others) > SHOWN else "")
    return Check(
        "shared files",
        False,
        f"{home.shared} is on a disk of this host, which other nodes ({named}) do not see: make a"
        f" directory on a file system that they share, and {home.shared_link} a link to it",
    )


def _locks(home: Home) -> Check:
    """Whether files can be locked there: two makers of one artifact tell each other by that."""
    path = home.artifacts / f".lock-{os.getpid()}"
    try:
        with FileLock(path, timeout=5):
            pass
    except (OSError, NotImplementedError) as error:
        says = f"files in {home.artifacts} cannot be locked ({error}): mount it with locks"
        return Check("shared locks", False, says)
    finally:
        path.unlink(missing_ok=True)
    return Check("shared locks", True, f"files in {home.artifacts} can be locked")


def _python(profile: Profile) -> Check:
    """The nodes' Python, as far as it can be told from here."""
    path = Path(profile.python or sys.executable)
    if path.is_absolute() and not os.access(path, os.X_OK):
        return Check("slurm python", False, f"{path} is no program: set python in {PROFILE}")
    return Check("slurm python", True, f"{path}; nodes must have it too, with wnkd installed")


def _accounts(slurm: Slurm) -> Check:
    """No accounting is no fault."""
    try:
        slurm.past([f"{PREFIX}doctor"])
    except ExecutorError as error:
        return Check("slurm accounts", True, f"none ({error}): squeue says how jobs ended")
    return Check("slurm accounts", True, "sacct tells how jobs ended that squeue has forgotten")
