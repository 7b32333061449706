"""A Slurm of several nodes on this host, in a directory, without systemd or slurmdbd.

munged, slurmctld, and a slurmd for each node, which Slurm must be built for
(`--enable-multiple-slurmd`; Debian's is). `with Daemons(root) as slurm:` sets SLURM_CONF in this
process's environment, so that sbatch and its like find it. It needs neither root nor files outside
of `root`.
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

import psutil

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol", "srun")
NODES = ("n1", "n2")
CPUS = 2  # that each node says it has
PATIENCE = 30.0  # seconds for a daemon to answer
SYSTEM = "/usr/sbin:/usr/local/sbin"  # where daemons are, for who is not root
# Partition `high` preempts jobs of `low`, which Slurm then puts back into its queue if it may. Jobs
# go to the node that has least to do.
CONF = """
ClusterName=wnkdtest
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={root}/munge.socket
CryptoType=crypto/munge
StateSaveLocation={root}/state
SlurmdSpoolDir={root}/spool/%n
SlurmctldPidFile={root}/slurmctld.pid
SlurmdPidFile={root}/slurmd-%n.pid
SlurmctldLogFile={root}/slurmctld.log
SlurmdLogFile={root}/slurmd-%n.log
SlurmdParameters=config_overrides
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU,CR_LLN
SchedulerParameters=sched_interval=2,bf_interval=2
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=1
KillWait=5
SlurmdTimeout=10
ReturnToService=2
{nodes}
PartitionName=low Nodes=ALL Default=YES PriorityTier=1 State=UP
PartitionName=high Nodes=ALL PriorityTier=10 State=UP
"""
NODE = (
    "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cpus} RealMemory=1000"
)


def missing() -> list[str]:
    """The programs that are not installed."""
    return [name for name in PROGRAMS if _program(name) is None]


class Daemons:
    """They live as long as the context lasts. `root` is an empty directory."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}  # by their names, or their nodes'

    def __enter__(self) -> Self:
        for name in ("state", "spool"):
            (self._root / name).mkdir(parents=True)
        self._root.chmod(0o755)
        key = self._root / "munge.key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o400)
        host = socket.gethostname().partition(".")[0]
        port, *ports = _free_ports(1 + len(NODES))
        nodes = [
            NODE.format(name=name, host=host, port=own, cpus=CPUS)
            for name, own in zip(NODES, ports, strict=True)
        ]
        conf = self._root / "slurm.conf"
        conf.write_text(
            CONF.format(
                host=host,
                port=port,
                user=getpass.getuser(),
                root=self._root,
                nodes="\n".join(nodes),
            )
        )
        os.environ["SLURM_CONF"] = str(conf)
        try:
            self._start_munged()
            self.start_controller()
            for name in NODES:
                self.start_node(name)
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
        self._start("slurmctld", "slurmctld", "-D")
        self._wait(lambda: " is UP" in _said("scontrol", "ping"), "slurmctld")

    def kill_controller(self) -> None:
        self._kill("slurmctld")

    def start_node(self, name: str) -> None:
        self._start(name, "slurmd", "-D", "-N", name)
        states = ("sinfo", "--noheader", f"--nodes={name}", "--format=%t")
        self._wait(lambda: _said(*states).strip() in ("idle", "mix", "alloc"), name)

    def kill_node(self, name: str) -> None:
        """As where its power fails: slurmd and all that runs for it."""
        self._kill(name)
        for keeper, jobs in _at_work(name).items():
            for process in (keeper, *jobs):  # first who would tell how jobs ended
                with suppress(psutil.NoSuchProcess):
                    process.kill()

    def resume(self) -> None:
        """Takes the nodes back into service. A controller that was killed may have forgotten that a
        job runs; it then starts it once more, and drains the node that refuses."""
        _said("scontrol", "update", f"NodeName={','.join(NODES)}", "State=RESUME")

    def _start_munged(self) -> None:
        at = self._root
        self._start(
            "munged",
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

    def _start(self, name: str, program: str, *arguments: str) -> None:
        path = _program(program)
        assert path is not None, program
        with (self._root / f"{name}.out").open("ab") as log:
            self._daemons[name] = subprocess.Popen(
                [path, *arguments], stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )

    def _kill(self, name: str) -> None:
        self._daemons[name].send_signal(signal.SIGKILL)
        self._daemons.pop(name).wait()

    def _wait(self, is_there: Callable[[], bool], name: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not is_there():
            if time.monotonic() > deadline or self._daemons[name].poll() is not None:
                log = self._root / f"{name}.out"
                raise SystemExit(f"{name} does not answer: {log.read_text()[-2000:]}")
            time.sleep(0.1)


def _at_work(node: str) -> dict[psutil.Process, list[psutil.Process]]:
    """Each slurmstepd of the node, and the processes that it looks after."""
    found = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            jobs = process.children(recursive=True) if process.name() == "slurmstepd" else []
            if any(one.environ().get("SLURMD_NODENAME") == node for one in jobs):
                found[process] = jobs
    return found


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
