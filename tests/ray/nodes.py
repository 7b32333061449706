"""A Ray cluster of three nodes on this machine, each with a folder and a GPU that it only says it
has. Needs ray."""

import os
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

NODES = ("box1", "box2", "box3")
STORE = 80 << 20  # bytes of each node's object store; Ray takes no less than 75 MiB
FOLDER = "WNKD_TEST_NODE"  # in the environment of a node: its folder
os.environ |= {
    "RAY_USAGE_STATS_ENABLED": "0",
    # Else torch is given GPUs that are not there.
    "RAY_EXPERIMENTAL_NOSET_CUDA_VISIBLE_DEVICES": "1",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DEDUP_LOGS": "0",
    # All nodes are this one host: Ray would kill jobs for what others have taken of its memory.
    "RAY_memory_monitor_refresh_ms": "0",
}


class Nodes:
    """The head, which has no GPU and from which run-queue works, and `NODES`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._nodes: dict[str, Any] = {}

    def __enter__(self) -> Self:
        from ray.cluster_utils import Cluster

        # Sockets have short names: not below a test's folder.
        self._temp = tempfile.TemporaryDirectory(prefix="wnkd-")
        os.environ["RAY_TMPDIR"] = self._temp.name
        (Path(self._temp.name) / "ray").mkdir()  # where Ray notes the cluster's address
        self._cluster = Cluster(
            initialize_head=True,
            head_node_args={
                "num_cpus": 1,
                "object_store_memory": STORE,
                "include_dashboard": False,
                "env_vars": {FOLDER: str(self.folder("head"))},
            },
        )
        for name in NODES:
            self.add(name)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        self._cluster.shutdown()
        self._temp.cleanup()

    @property
    def address(self) -> str:
        return str(self._cluster.address)

    def runs(self) -> list[str]:
        """Folders of runs that are on any node."""
        return [str(path.relative_to(self._root)) for path in self._root.glob("*/runs/*")]

    def folder(self, name: str) -> Path:
        return self._root / name

    def add(self, name: str) -> None:
        """A node that is new, with what an earlier one of its name left in its folder."""
        self._nodes[name] = self._cluster.add_node(
            num_cpus=2,
            num_gpus=1,
            object_store_memory=STORE,
            node_name=name,
            env_vars={FOLDER: str(self.folder(name))},
        )

    def kill(self, name: str) -> None:
        """All of Ray there by SIGKILL; what jobs began is left to itself."""
        node = self._nodes.pop(name)
        self._cluster.remove_node(node, allow_graceful=False)

    def processes(self) -> dict[int, str]:
        """What runs of jobs, on any node: pid and command, guards too."""
        found = {}
        for entry in Path("/proc").iterdir():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (OSError, ValueError):
                continue
            if str(self._root) in command and ("-m engine" in command or ".guard" in command):
                found[int(entry.name)] = command
        return found
