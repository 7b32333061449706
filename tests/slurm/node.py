"""A Slurm of one node in a directory: munged, slurmctld and slurmd, without systemd or slurmdbd.

`with Node(root) as node:` sets SLURM_CONF in this process's environment, so that sbatch and its
like find it. It needs neither root nor files outside of `root`.
"""

import getpass
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol")
PATIENCE = 30.0  # seconds for a daemon to answer
SYSTEM = "/usr/sbin:/usr/local/sbin"  # where daemons are, for who is not root
# Partition `high` preempts jobs of `low`, which Slurm then puts back into its queue if it may.
CONF = """
ClusterName=wnkdtest
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ctld_port}
SlurmdPort={slurmd_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={root}/munge.socket
CryptoType=crypto/munge
StateSaveLocation={root}/state
SlurmdSpoolDir={root}/spool
SlurmctldPidFile={root}/slurmctld.pid
SlurmdPidFile={root}/slurmd.pid
SlurmctldLogFile={root}/slurmctld.log
SlurmdLogFile={root}/slurmd.log
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=2,bf_interval=2
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=1
KillWait=5
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=1000 State=UNKNOWN
PartitionName=low Nodes={host} Default=YES PriorityTier=1 State=UP
PartitionName=high Nodes={host} PriorityTier=10 State=UP
"""


def missing() -> list[str]:
    """The programs that are not installed."""
    return [name for name in PROGRAMS if _program(name) is None]


class Node:
    """The daemons, as long as the context lasts. `root` is an empty directory."""

    def __init__(self, root: Path, cpus: int | None = None) -> None:
        self._root = root
        self._cpus = cpus or os.cpu_count() or 1
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}
        self._conf = root / "slurm.conf"

    def __enter__(self) -> Self:
        for name in ("state", "spool"):
            (self._root / name).mkdir(parents=True)
        self._root.chmod(0o755)
        key = self._root / "munge.key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o400)
        ports = _free_ports(2)
        self._conf.write_text(
            CONF.format(
                host=socket.gethostname().partition(".")[0],
                user=getpass.getuser(),
                root=self._root,
                cpus=self._cpus,
                ctld_port=ports[0],
                slurmd_port=ports[1],
            )
        )
        os.environ["SLURM_CONF"] = str(self._conf)
        try:
            self._start_munged()
            self.start_controller()
            self._start("slurmd", "-D")
            self._wait(lambda: "idle" in _said("sinfo", "-h", "-o", "%t"), "slurmd")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if "slurmctld" in self._daemons:
            subprocess.run(["scancel", "--user", getpass.getuser()], check=False, timeout=20)
        for process in reversed(self._daemons.values()):
            process.terminate()
        for process in self._daemons.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()

    def start_controller(self) -> None:
        self._start("slurmctld", "-D")
        self._wait(lambda: " is UP" in _said("scontrol", "ping"), "slurmctld")

    def kill_controller(self) -> None:
        self._daemons["slurmctld"].send_signal(signal.SIGKILL)
        self._daemons.pop("slurmctld").wait()

    def resume(self) -> None:
        """Takes the node back into service. A controller that was killed may have forgotten that a
        job runs; it then starts it once more, and drains the node that refuses."""
        name = socket.gethostname().partition(".")[0]
        _said("scontrol", "update", f"NodeName={name}", "State=RESUME")

    def _start_munged(self) -> None:
        at = self._root
        self._start(
            "munged",
            "--foreground",
            "--force",
            f"--key-file={at}/munge.key",
            f"--socket={at}/munge.socket",
            f"--pid-file={at}/munged.pid",
            f"--log-file={at}/munged.log",
            f"--seed-file={at}/munged.seed",
        )
        self._wait((at / "munge.socket").exists, "munged")

    def _start(self, name: str, *arguments: str) -> None:
        program = _program(name)
        assert program is not None, name
        with (self._root / f"{name}.out").open("ab") as log:
            self._daemons[name] = subprocess.Popen(
                [program, *arguments], stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )

    def _wait(self, is_there: Callable[[], bool], name: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not is_there():
            if time.monotonic() > deadline or self._daemons[name].poll() is not None:
                log = self._root / f"{name}.out"
                raise SystemExit(f"{name} does not answer: {log.read_text()[-2000:]}")
            time.sleep(0.1)


def _program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path=SYSTEM)


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=20).stdout


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
