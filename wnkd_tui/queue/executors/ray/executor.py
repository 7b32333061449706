"""Jobs with a Ray cluster, an actor each; this process is their driver, and they end with it."""

import uuid
from collections.abc import Mapping
from pathlib import Path

from engine.errors import SpecError
from wnkd_tui.home import Home
from wnkd_tui.queue.executors.base import Alive, Gone
from wnkd_tui.queue.executors.launchers import News
from wnkd_tui.queue.executors.ray.cluster import Cluster, RayCluster
from wnkd_tui.queue.executors.ray.courier import Courier
from wnkd_tui.queue.executors.ray.profile import Profile
from wnkd_tui.queue.slots import Slot

LEAVES = 5.0  # seconds that a courier has to see that its worker is ended
FORGOTTEN = Gone(told="its run-queue ended, and with it all that Ray did for it")


def slots_of(profile: Profile, count: int | None, ranks: int) -> list[Slot]:
    """As many as jobs may be with the cluster at a time: `count`, else what the profile says. So
    many `ranks` share a teacher or a student on one node, each with its GPUs.

    Raises SpecError where they cannot.
    """
    if ranks > 1 and profile.num_gpus != 1:
        raise SpecError(
            f"gpus-per-job {ranks} needs num_gpus = 1 in the profile, not {profile.num_gpus:g}:"
            " each of the processes that share a job has a GPU"
        )
    return [Slot(f"Ray {n}", ranks=ranks) for n in range(count or profile.max_jobs)]


class RayExecutor:
    """A handle is `ray RUN`, good for as long as this executor is: what another one began has ended
    with that, and is lost. Where nodes see the home's shared directory jobs are done in place.

    Raises ExecutorError where ray is not installed, or the cluster does not answer.
    """

    def __init__(self, profile: Profile, home: Home, cluster: Cluster | None = None) -> None:
        self._profile = profile
        self._in_place = profile.is_seen(home.shared)
        self._cluster = cluster or RayCluster(profile.address)
        self._couriers: dict[str, Courier] = {}
        self._ended: dict[str, Gone] = {}
        self._bell = News()

    @property
    def note(self) -> None:
        """What jobs wait for is told of each."""
        return None

    def ready(self) -> bool:
        return True

    def submit(self, job_dir: Path, env: Mapping[str, str]) -> str:
        """`env` is empty: what a job gets of a node is Ray's to say."""
        courier = Courier(
            self._cluster, self._profile, job_dir, self._bell, in_place=self._in_place
        )
        handle = f"ray {uuid.uuid4().hex}"
        self._couriers[handle] = courier
        courier.start()
        return handle

    def find(self, job_dir: Path) -> None:
        """None: a job whose submitter died has ended with it."""
        return None

    def poll(self, handle: str) -> Alive | Gone:
        courier = self._couriers.get(handle)
        if courier is None:
            return self._ended.get(handle, FORGOTTEN)
        courier.end_if_it_does_not()
        status = courier.status
        if isinstance(status, Gone):
            self._ended[handle] = status  # and lets go of all that it took
            del self._couriers[handle]
        return status

    def cancel(self, handle: str, grace: float) -> None:
        if courier := self._couriers.get(handle):
            courier.cancel(grace)

    def wait(self, seconds: float) -> None:
        self._bell.wait(seconds)

    def close(self) -> None:
        """Jobs that run end: nobody else can hear of them."""
        for courier in self._couriers.values():
            courier.end()
        for courier in self._couriers.values():
            courier.join(LEAVES)
        self._cluster.close()
