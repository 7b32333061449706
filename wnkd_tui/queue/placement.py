"""Which free slot a job gets: one whose GPU has enough free memory for it, on a host that has."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from wnkd_tui.config import QueueConfig
from wnkd_tui.queue import gpus, vitals
from wnkd_tui.queue.slots import Slot
from wnkd_tui.store.work import Candidate

MIB, GIB = 2**20, 2**30
WITHOUT_GPU = ("wordnet",)  # kinds that compute nothing on a GPU
SETTLES = 60.0  # seconds in which a job that has started takes the memory it needs
LOOK_AGAIN = 1.0  # seconds for which free memory is taken as read
HOST = "host"  # where memory is read, beside the GPUs
NOTE_LASTS = 5.0  # seconds after which what did not fit is no news any more
EMPTY = 0.95  # of a GPU's memory: where so much is free, nobody is on it; the driver has the rest


@dataclass(frozen=True)
class _Start:
    """Jobs that were given a slot lately, and the bytes of each of its GPUs, and of the host, that
    are kept for them."""

    gpus: tuple[str, ...]
    need: int
    host_need: int
    at: float


class Placement:
    """Gives jobs the slots of one supervisor; `clock` and all times are in seconds.

    A job needs what such a one took last time and `gpu_margin` beyond, or `gpu_unknown` where none
    was measured. What our own jobs of the last minute need counts as gone, whether they have taken
    it or not. A GPU that nobody uses is big enough for what a job took last time, without margin.
    Where the driver tells no figure, every job fits.

    The host must have what such a job took of it last time, unless nobody's job runs there: then it
    has to be enough, and no job waits for ever.
    """

    def __init__(
        self,
        slots: Sequence[Slot],
        config: QueueConfig,
        free_memory: Callable[[str], int | None] = gpus.free_memory,
        host_memory: Callable[[], int | None] = vitals.free_memory,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._slots = {slot.name: slot for slot in slots}
        self._here = any(slot.here for slot in slots)
        self._margin = config.gpu_margin * MIB
        self._unknown = config.gpu_unknown * MIB
        self._free_memory = free_memory
        self._host_memory = host_memory
        self._clock = clock
        self._starts: dict[str, _Start] = {}  # slot → the job started there last
        self._read: dict[str, tuple[float, int | None]] = {}  # GPU or HOST → when, its free bytes
        self._misfit: tuple[int, float, str] | None = None  # job, when, and the note

    @property
    def note(self) -> str | None:
        """Which job waits for memory, and for how much; None where none does."""
        if self._misfit is None or self._clock() - self._misfit[1] > NOTE_LASTS:
            return None
        return self._misfit[2]

    def __call__(self, candidate: Candidate, taken: Collection[str]) -> str | None:
        """The slot for a job, of those not `taken`, on the GPU with the fewest others of ours.

        None where none is free, or none has the memory: `note` then says so.
        """
        free = [slot for slot in self._slots.values() if slot.name not in taken]
        if not free or not self._here:  # a cluster's slots are alike
            return free[0].name if free else None
        self._forget(taken)
        if not self._host_has(candidate, taken):
            self._say(candidate, self._host_note(candidate))
            return None
        fitting = [slot for slot in free if self._fits(candidate, slot)]
        if not fitting:
            self._say(candidate, self._gpu_note(candidate, free))
            return None
        if self._misfit and self._misfit[0] == candidate.id:
            self._misfit = None
        chosen = min(fitting, key=lambda slot: self._others(slot, taken))
        need, host_need = self._need(candidate), candidate.host_memory or 0
        self._starts[chosen.name] = _Start(chosen.gpus, need, host_need, self._clock())
        return chosen.name

    def beside(self, name: str, candidate: Candidate) -> bool:
        """Whether the slot `name`, which was just given to a job, and the host have the memory for
        this one too; it is kept then."""
        if not self._fits(candidate, self._slots[name]) or not self._host_has(candidate, [name]):
            return False
        if start := self._starts.get(name):
            need = start.need + self._need(candidate)
            host_need = start.host_need + (candidate.host_memory or 0)
            self._starts[name] = replace(start, need=need, host_need=host_need)
        return True

    def _host_has(self, candidate: Candidate, taken: Collection[str]) -> bool:
        """Whether this host has the memory; `taken` are its slots in use, those of others too."""
        if not taken or candidate.host_memory is None:
            return True
        room = self._host_room()
        return room is None or room >= candidate.host_memory

    def _fits(self, candidate: Candidate, slot: Slot) -> bool:
        room = self._room(slot)
        if room is None or room >= self._need(candidate):
            return True
        if slot.memory is None or room < EMPTY * slot.memory:
            return False
        return room >= (candidate.memory or 0)

    def _need(self, candidate: Candidate) -> int:
        """Bytes of a GPU."""
        if candidate.kind in WITHOUT_GPU:
            return 0
        return self._unknown if candidate.memory is None else candidate.memory + self._margin

    def _room(self, slot: Slot) -> int | None:
        """Free bytes, kept for nobody, of that of the slot's GPUs that has fewest; None: no GPU, or
        not known."""
        rooms = (self._room_on(gpu) for gpu in slot.gpus)
        return min((room for room in rooms if room is not None), default=None)

    def _room_on(self, gpu: str) -> int | None:
        free = self._look(gpu, lambda: self._free_memory(gpu))
        kept = sum(start.need for start in self._starts.values() if gpu in start.gpus)
        return None if free is None else max(0, free - kept)

    def _host_room(self) -> int | None:
        free = self._look(HOST, self._host_memory)
        kept = sum(start.host_need for start in self._starts.values())
        return None if free is None else max(0, free - kept)

    def _look(self, what: str, read: Callable[[], int | None]) -> int | None:
        when, free = self._read.get(what, (float("-inf"), None))
        if self._clock() - when >= LOOK_AGAIN:
            free = read()
            self._read[what] = (self._clock(), free)
        return free

    def _others(self, slot: Slot, taken: Collection[str]) -> int:
        """Our own slots on the same GPUs that are in use."""
        if not slot.gpus:
            return 0
        return sum(one.gpus == slot.gpus for one in self._slots.values() if one.name in taken)

    def _forget(self, taken: Collection[str]) -> None:
        """Starts whose job has ended or was never begun, and those of a while ago."""
        since = self._clock() - SETTLES
        self._starts = {
            name: start
            for name, start in self._starts.items()
            if name in taken and start.at > since
        }

    def _say(self, candidate: Candidate, note: str) -> None:
        """Keeps that of the first job that does not fit, until it fits or is no longer tried."""
        if self.note and self._misfit and self._misfit[0] != candidate.id:
            return
        self._misfit = (candidate.id, self._clock(), note)

    def _host_note(self, candidate: Candidate) -> str:
        need, room = candidate.host_memory or 0, self._host_room() or 0
        return (
            f"waits for host memory: job {candidate.id} needs about {need / GIB:.1f} GiB,"
            f" {room / GIB:.1f} GiB free"
        )

    def _gpu_note(self, candidate: Candidate, free: Sequence[Slot]) -> str:
        rooms = {slot.name.partition(" #")[0]: self._room(slot) or 0 for slot in free}
        name, room = max(rooms.items(), key=lambda item: item[1])
        return (
            f"waits for GPU memory: job {candidate.id} needs {self._need(candidate) / GIB:.1f} GiB,"
            f" {name} has {room / GIB:.1f} GiB free"
        )
