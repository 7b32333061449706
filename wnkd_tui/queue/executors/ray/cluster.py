"""Ray itself, which nothing else imports: workers begun on its nodes and asked, nodes looked at."""

import logging
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from wnkd_tui.queue.executors.base import ExecutorError
from wnkd_tui.queue.executors.ray.arrivals import FULL
from wnkd_tui.queue.executors.ray.node import Place, Worker
from wnkd_tui.queue.executors.ray.profile import GIB

INSTALL = "pip install 'wnkd-tui[ray]', the same version on all nodes"
NODES_EVERY = 5.0  # seconds for which what nodes have is taken as read
_VERSIONS = re.compile(r"Ray: (\S+)\s+Python: (\S+).*Ray: (\S+)\s+Python: (\S+)", re.S)


class LostError(ExecutorError):
    """The worker is gone, its node, or the room on that node's disk: another one may do."""


class ShortOfMemoryError(LostError):
    """Ray has ended the worker, for its node is short of memory: not always for what it took."""


class RefusedError(ExecutorError):
    """The worker cannot do the job, and could not the next time."""


class Remote(Protocol):
    """A worker somewhere."""

    def ask(self, method: str, *values: Any, meanwhile: Callable[[], None] | None = None) -> Any:
        """What `Worker.method` gives; `meanwhile` is called every second until it does.

        Raises LostError, ShortOfMemoryError among them, or RefusedError for a fault of the method.
        """

    def end(self) -> None:
        """Ends it, or has it never begin; returns at once."""


class Cluster(Protocol):
    """Where workers begin."""

    def begin(self, needs: Mapping[str, float], cache: str) -> Remote:
        """A worker on any node that has what it `needs`, once there is one; returns at once."""

    def waits_for(self, needs: Mapping[str, float]) -> str:
        """Why there is no such node just now, in one line."""

    def close(self) -> None:
        """Ends all its workers."""


@dataclass(frozen=True)
class Node:
    """A node that is alive; `has` by Ray's names, memory in bytes."""

    id: str
    name: str
    has: Mapping[str, float]


class RayCluster:
    """The cluster at `address`: this process becomes a driver of it, once and for all.

    Raises ExecutorError where ray is not installed, or does not fit, or no cluster answers.
    """

    def __init__(self, address: str) -> None:
        os.environ["RAY_ENABLE_AUTO_CONNECT"] = "0"  # else what is late starts a Ray of its own
        try:
            self._ray: Any = import_module("ray")
        except ImportError:
            raise ExecutorError(f"ray is not installed here: {INSTALL}") from None
        self._errors = self._ray.exceptions
        main = threading.current_thread() is threading.main_thread()
        before = signal.getsignal(signal.SIGTERM) if main else None
        try:
            self._ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError, ValueError, self._errors.RayError) as error:
            raise ExecutorError(_refusal(address, str(error))) from None
        finally:
            if main:  # Ray has one of its own that exits at once
                signal.signal(signal.SIGTERM, before)
        self._worker = self._ray.remote(Worker)
        self._looked, self._nodes, self._free = float("-inf"), list[Node](), dict[str, float]()
        self._lock = threading.Lock()

    @property
    def version(self) -> str:
        return str(self._ray.__version__)

    def begin(self, needs: Mapping[str, float], cache: str, node: str | None = None) -> "RayRemote":
        """`node`: the id of the only one that will do."""
        affinity = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        actor = self._worker.options(
            num_gpus=needs.get("GPU", 0),
            num_cpus=needs.get("CPU", 0),
            memory=int(needs.get("memory", 0)) or None,
            max_restarts=0,  # the queue tries again, by its own rules
            max_task_retries=0,
            scheduling_strategy=affinity(node, soft=False) if node else "DEFAULT",
        )
        return RayRemote(self._ray, actor.remote(cache, whereabouts))

    def nodes(self) -> list[Node]:
        """Those that are alive, as of a moment ago."""
        with self._lock:
            if time.monotonic() - self._looked > NODES_EVERY:
                with suppress(self._errors.RayError):  # the head is slow: what is known will do
                    self._nodes = [_node(one) for one in self._ray.nodes() if one["Alive"]]
                    self._free = self._ray.available_resources()
                self._looked = time.monotonic()
            return self._nodes

    def waits_for(self, needs: Mapping[str, float]) -> str:
        nodes = self.nodes()
        wanted = shown(needs)
        if not any(fits(needs, node.has) for node in nodes):
            has = "; ".join(f"{one.name} has {shown(one.has, needs)}" for one in nodes[:3])
            more = ", …" if len(nodes) > 3 else ""
            return f"no node of the cluster has {wanted} ({has or 'there is none'}{more})"
        return f"all nodes with {wanted} are taken (free in all: {shown(self._free, needs)})"

    def close(self) -> None:
        self._ray.shutdown()


class RayRemote:
    """An actor: a task of Ray's that keeps its resources and can be talked to until it is ended, or
    its driver has ended."""

    def __init__(self, ray: Any, actor: Any) -> None:
        self._ray, self._actor = ray, actor

    def ask(self, method: str, *values: Any, meanwhile: Callable[[], None] | None = None) -> Any:
        errors = self._ray.exceptions
        try:
            answer = getattr(self._actor, method).remote(*values)
            while meanwhile and not self._ray.wait([answer], timeout=1.0)[0]:
                meanwhile()
            return self._ray.get(answer)
        except errors.RayTaskError as error:
            cause = error.cause
            kind = LostError if getattr(cause, "errno", None) in FULL else RefusedError
            raise kind(f"{type(cause).__name__}: {cause}") from None
        except errors.ActorUnavailableError:
            raise LostError("Ray cannot reach the job's worker any more") from None
        except errors.RayActorError as error:
            never = "creation task" in str(error)
            raise (RefusedError if never else LostError)(told(str(error))) from None
        except errors.OutOfMemoryError as error:
            raise ShortOfMemoryError(told(str(error))) from None
        except errors.RayError as error:
            raise LostError(told(str(error))) from None

    def end(self) -> None:
        with suppress(self._ray.exceptions.RayError):  # it has left the cluster already
            self._ray.kill(self._actor)


def whereabouts() -> Place:
    """Of the worker that asks."""
    ray: Any = import_module("ray")
    context = ray.get_runtime_context()
    here = next(one for one in ray.nodes() if one["NodeID"] == context.get_node_id())
    return Place(_node(here).name, tuple(map(str, context.get_accelerator_ids().get("GPU", ()))))


def fits(needs: Mapping[str, float], has: Mapping[str, float]) -> bool:
    return all(has.get(name, 0.0) >= amount for name, amount in needs.items())


def shown(amounts: Mapping[str, float], names: Mapping[str, float] | None = None) -> str:
    """As people write it: `1 GPU, 8 CPU, 64 GiB`; only of `names`, where some are given."""
    return ", ".join(
        f"{amounts.get(name, 0.0) / GIB:.0f} GiB"
        if name == "memory"
        else f"{amounts.get(name, 0.0):g} {name}"
        for name in names or amounts
    )


def told(text: str) -> str:
    """The plainest line of what Ray says at length: why an actor died, or the error itself."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if "creation task" in text:
        return lines[-1]
    why = [line for line in lines if " because " in line]
    return (why or lines or ["Ray says nothing"])[0].partition(". ")[0].rstrip(".")


def _node(found: Mapping[str, Any]) -> Node:
    """Named as it was started, or else as its host."""
    named, address = found.get("NodeName"), found["NodeManagerAddress"]
    name = named if named and named != address else found["NodeManagerHostname"]
    return Node(found["NodeID"], str(name), found["Resources"])


def _refusal(address: str, said: str) -> str:
    if versions := _VERSIONS.search(said):
        ray, python, our_ray, our_python = versions.groups()
        return (
            f"the cluster has Ray {ray} and Python {python}, this host Ray {our_ray} and Python"
            f" {our_python}: they must be the same"
        )
    line = said.strip().partition("\n")[0].partition(". ")[0]
    return f"no Ray cluster at {address} ({line}): start one with ray start (docs/ray.md)"
