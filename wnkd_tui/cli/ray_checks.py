"""What `wnkd doctor --executor ray` looks at beside the rest: whether Ray would do jobs."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from engine.code import DIGEST
from wnkd_tui.cli.checks import Check
from wnkd_tui.home import Home
from wnkd_tui.queue.executors.base import ExecutorError
from wnkd_tui.queue.executors.ray.cluster import Node, RayCluster, fits, shown
from wnkd_tui.queue.executors.ray.node import Greeting
from wnkd_tui.queue.executors.ray.profile import PROFILE, Profile, cluster_profile

PATIENCE = 60  # seconds for a worker that needs nothing to begin on a node
SHOWN = ("GPU", "CPU", "memory")


def ray_checks(home: Home, path: Path | None, address: str | None) -> Iterator[Check]:
    """Every check of a cluster and of the profile at `path`; what one needs ends those after it."""
    try:
        profile = cluster_profile(home, path, address)
    except ExecutorError as error:
        yield Check("ray profile", False, str(error))
        return
    where = path or home.root / PROFILE
    yield Check("ray profile", True, f"{where}{'' if where.exists() else ': none, all as usual'}")
    try:
        cluster = RayCluster(profile.address)
    except ExecutorError as error:
        yield Check("ray", False, str(error))
        return
    with closing(cluster):
        nodes = cluster.nodes()
        yield Check("ray", True, f"Ray {cluster.version}, {len(nodes)} nodes, {profile.address}")
        yield _fitting(profile, nodes)
        yield _seen(profile, home)
        for node in nodes:
            yield _greeted(cluster, profile, node)


def _fitting(profile: Profile, nodes: list[Node]) -> Check:
    """Whether a job would begin anywhere."""
    needs = profile.needs(1)
    fitting = [node.name for node in nodes if fits(needs, node.has)]
    if fitting:
        return Check("ray job", True, f"{shown(needs)}: fits on {', '.join(fitting)}")
    return Check("ray job", False, f"no node has {shown(needs)}: change {PROFILE} (docs/ray.md)")


def _seen(profile: Profile, home: Home) -> Check:
    if profile.is_seen(home.shared):
        return Check("ray files", True, f"all nodes are to see {home.shared}: nothing is copied")
    return Check("ray files", True, "what jobs read is sent to nodes, what they make comes home")


def _greeted(cluster: RayCluster, profile: Profile, node: Node) -> Check:
    """Whether wnkd is on a node, the same as here."""
    name = f"node {node.name}"[:15]
    remote = cluster.begin({}, profile.cache, node.id)
    left = PATIENCE

    def wait() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            remote.end()

    try:
        greeting: Greeting = remote.ask("greet", meanwhile=wait)
    except ExecutorError as error:
        return Check(name, False, f"{error}: install wnkd-tui[ray] there, in the Python of its Ray")
    finally:
        remote.end()
    if greeting.engine != DIGEST:
        return Check(name, False, f"has engine {greeting.engine}, not {DIGEST}: install the same")
    return Check(name, True, f"the same wnkd; {shown(node.has, dict.fromkeys(SHOWN, 0.0))}")
