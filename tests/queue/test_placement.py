"""Which slot a job gets, and when it has to wait for a GPU's memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wnkd_tui.config import QueueConfig
from wnkd_tui.queue.gpus import Gpu
from wnkd_tui.queue.placement import EMPTY, LOOK_AGAIN, NOTE_LASTS, SETTLES, Placement
from wnkd_tui.queue.slots import Slot, find_slots
from wnkd_tui.store.work import Candidate

MIB, GIB = 2**20, 2**30
MARGIN, UNKNOWN = 512, 2048  # MiB
CONFIG = QueueConfig(
    retries=0, backoff=0.0, backoff_limit=0.0, grace=0.0, free_disk=0,
    gpu_margin=MARGIN, gpu_unknown=UNKNOWN, fuse=1, gpus_per_job=1,
)  # fmt: skip


def job(id=7, memory=None, kind="teacher", host_memory=None):
    return Candidate(id, f"{id}", kind, "T_1s", "{}", memory, host_memory)


class Machine:
    """GPUs with so many free bytes; the host's, None: not told, and a clock, that tests set."""

    def __init__(self, *free, per_gpu=1, per_job=1, total=16 * GIB):
        cards = [Gpu(str(n), f"GPU-{n}", "NVIDIA T4", total, f"GPU-{n}") for n in range(len(free))]
        self.free = {card.uuid: bytes_ for card, bytes_ in zip(cards, free, strict=True)}
        self.host = None
        self.now = 1000.0
        self.asked = 0
        count, per_gpu = (None, per_gpu) if cards else (2, None)
        self.slots = find_slots(count, per_gpu, per_job, gpus=cards)
        self.place = Placement(
            self.slots, CONFIG, self.free_memory, lambda: self.host, lambda: self.now
        )

    def free_memory(self, uuid):
        self.asked += 1
        return self.free[uuid]


def test_a_job_needs_what_such_a_one_took_and_a_margin():
    machine = Machine(4 * GIB)
    assert machine.place(job(memory=4 * GIB - MARGIN * MIB), []) == "GPU 0"
    assert machine.place(job(memory=4 * GIB - MARGIN * MIB + 1), []) is None
    assert machine.place.note == (
        "waits for GPU memory: job 7 needs 4.0 GiB, GPU 0 has 4.0 GiB free"
    )


def test_a_job_that_was_never_measured_needs_the_unknowns_share():
    assert Machine(UNKNOWN * MIB).place(job(), []) == "GPU 0"
    assert Machine(UNKNOWN * MIB - 1).place(job(), []) is None


def test_it_goes_to_the_gpu_that_has_the_memory_then_to_the_one_with_fewest_of_ours():
    machine = Machine(1 * GIB, 9 * GIB, 9 * GIB, per_gpu=2)
    assert machine.place(job(memory=4 * GIB), []) == "GPU 1"
    assert machine.place(job(memory=4 * GIB), ["GPU 1"]) == "GPU 2"
    assert machine.place(job(memory=0), ["GPU 0 #2", "GPU 1", "GPU 2"]) == "GPU 0"
    assert machine.place(job(memory=0), ["GPU 0 #2", "GPU 1"]) == "GPU 2"


def test_what_a_job_that_has_just_started_needs_is_kept_for_it_a_while():
    machine = Machine(10 * GIB, per_gpu=2)
    assert machine.place(job(1, memory=6 * GIB), []) == "GPU 0"
    assert machine.place(job(2, memory=6 * GIB), ["GPU 0"]) is None
    assert machine.place.note == (
        "waits for GPU memory: job 2 needs 6.5 GiB, GPU 0 has 3.5 GiB free"
    )
    machine.now += SETTLES - 1
    assert machine.place(job(2, memory=6 * GIB), ["GPU 0"]) is None
    machine.now += 1  # it needed less than it said: what the driver tells counts now
    machine.free["GPU-0"] = 7 * GIB
    assert machine.place(job(2, memory=6 * GIB), ["GPU 0"]) == "GPU 0 #2"
    assert machine.place.note is None


def test_what_was_kept_for_a_job_that_has_ended_or_never_began_is_free_again():
    machine = Machine(10 * GIB, per_gpu=2)
    assert machine.place(job(1, memory=6 * GIB), []) == "GPU 0"
    assert machine.place(job(2, memory=6 * GIB), []) == "GPU 0"


def test_an_empty_gpu_is_big_enough_for_what_ran_on_it_before():
    total = 16 * GIB
    machine = Machine(int(EMPTY * total) + 1, total=total)
    took = int(EMPTY * total)
    assert machine.place(job(memory=took), []) == "GPU 0"
    assert machine.place(job(memory=took + 2), []) is None
    machine = Machine(int(EMPTY * total) - 1, total=total)
    assert machine.place(job(memory=took - 2), []) is None
    small = Machine(1 * GIB, total=1 * GIB)  # smaller than what is asked for the unknown
    assert small.place(job(), []) == "GPU 0"


def test_a_job_on_several_gpus_needs_the_memory_on_each_and_keeps_it_on_each():
    machine = Machine(9 * GIB, 3 * GIB, None, 9 * GIB, per_gpu=2, per_job=2)
    assert machine.place(job(1, memory=4 * GIB), []) == "GPU 2+3"
    assert machine.place(job(2, memory=4 * GIB), ["GPU 2+3"]) == "GPU 2+3 #2"
    taken = ["GPU 2+3", "GPU 2+3 #2"]
    assert machine.place(job(3, memory=4 * GIB), taken) is None
    assert machine.place.note == (
        "waits for GPU memory: job 3 needs 4.5 GiB, GPU 0+1 has 3.0 GiB free"
    )
    assert machine.place(job(3, memory=2 * GIB), taken) == "GPU 0+1"


def test_a_gpu_whose_driver_tells_nothing_and_a_cpu_take_every_job():
    assert Machine(None).place(job(memory=99 * GIB), []) == "GPU 0"
    machine = Machine()
    assert machine.place(job(memory=99 * GIB), ["CPU 0"]) == "CPU 1"
    assert machine.place(job(memory=99 * GIB), ["CPU 0", "CPU 1"]) is None
    assert (machine.asked, machine.place.note) == (0, None)


def test_a_kind_that_needs_no_gpu_takes_any_slot():
    assert Machine(0).place(job(kind="wordnet"), []) == "GPU 0"


def test_the_note_is_of_the_first_that_waits_and_goes_when_it_no_longer_does():
    machine = Machine(3 * GIB, per_gpu=3)
    assert machine.place.note is None
    machine.place(job(1, memory=8 * GIB), [])
    machine.place(job(2, memory=9 * GIB), [])
    assert "job 1 needs 8.5 GiB" in machine.place.note
    assert machine.place(job(3, memory=0), []) == "GPU 0"
    assert "job 1" in machine.place.note
    machine.now += NOTE_LASTS + 1  # job 1 was cancelled: it is tried no more
    assert machine.place.note is None
    machine.place(job(2, memory=9 * GIB), [])
    assert "job 2" in machine.place.note
    assert machine.place(job(2, memory=0), []) == "GPU 0"
    assert machine.place.note is None


def test_where_all_slots_are_taken_nothing_waits_for_memory():
    machine = Machine(0)
    assert machine.place(job(), ["GPU 0"]) is None
    assert machine.place.note is None


def test_the_driver_is_asked_once_a_second_however_many_jobs_wait():
    machine = Machine(0, 0, per_gpu=4)
    for id in range(50):
        machine.place(job(id), [])
    assert machine.asked == 2
    machine.now += LOOK_AGAIN
    machine.place(job(), [])
    assert machine.asked == 4


@pytest.mark.parametrize("per_gpu", [1, 3])
@given(
    free=st.lists(st.integers(0, 16 * 1024), min_size=1, max_size=3),  # MiB
    wishes=st.lists(
        st.tuples(
            st.one_of(st.none(), st.integers(0, 9 * 1024)),  # memory in MiB
            st.sampled_from(["teacher", "wordnet"]),
            st.floats(0, 40),  # seconds since the wish before
            st.booleans(),  # whether the job that runs longest ends first
        ),
        max_size=25,
    ),
)
def test_no_slot_gets_two_jobs_and_no_gpu_more_than_it_has(per_gpu, free, wishes):
    """With jobs that take all they declare, 59 seconds after their start."""
    machine = Machine(*(n * MIB for n in free), per_gpu=per_gpu, total=1024 * GIB)
    gpu_of = {slot.name: slot.gpus[0] for slot in machine.slots}
    running = {}  # slot → (bytes, start)
    for id, (memory, kind, pause, ends) in enumerate(wishes):
        machine.now += pause + LOOK_AGAIN
        if ends and running:
            del running[next(iter(running))]
        for uuid, whole in zip(machine.free, free, strict=True):
            took = sum(n for slot, (n, at) in running.items()
                       if gpu_of[slot] == uuid and machine.now - at >= SETTLES - 1)  # fmt: skip
            machine.free[uuid] = whole * MIB - took
        need = 0 if kind == "wordnet" else (UNKNOWN if memory is None else memory + MARGIN) * MIB
        wish = job(id, None if memory is None else memory * MIB, kind)
        slot = machine.place(wish, list(running))
        assert slot not in running
        if slot is None:
            assert machine.place.note or len(running) == len(machine.slots)
            continue
        running[slot] = (need, machine.now)
        for uuid, whole in zip(machine.free, free, strict=True):
            assert sum(n for one, (n, _) in running.items() if gpu_of[one] == uuid) <= whole * MIB


def test_jobs_of_one_slot_take_their_memory_together():
    machine = Machine(10 * GIB, per_gpu=2)
    one = job(memory=4 * GIB - MARGIN * MIB)
    assert machine.place(one, []) == "GPU 0"
    assert machine.place.beside("GPU 0", job(8, memory=one.memory))
    assert not machine.place.beside("GPU 0", job(9, memory=one.memory))
    assert machine.place(job(10, memory=2 * GIB - MARGIN * MIB + 1), ["GPU 0"]) is None
    assert machine.place(job(10, memory=2 * GIB - MARGIN * MIB), ["GPU 0"]) == "GPU 0 #2"


def test_without_a_gpu_jobs_of_one_slot_always_fit():
    machine = Machine()
    assert machine.place(job(), []) == "CPU 0"
    assert machine.place.beside("CPU 0", job(8))


def test_a_job_waits_for_the_memory_of_the_host_while_another_runs_there():
    machine = Machine()
    machine.host = 8 * GIB
    large = job(8, host_memory=12 * GIB)
    assert machine.place(large, ["CPU 0"]) is None
    assert machine.place.note == ("waits for host memory: job 8 needs about 12.0 GiB, 8.0 GiB free")
    assert machine.place(job(9), ["CPU 0"]) == "CPU 1"  # never measured
    assert machine.place(job(9, host_memory=8 * GIB), ["CPU 0"]) == "CPU 1"
    assert machine.place(large, []) == "CPU 0"  # alone it has to do with what there is
    assert machine.place.note is None


def test_what_a_job_that_has_just_started_needs_of_the_host_is_kept_for_it_a_while():
    machine = Machine()
    machine.host = 8 * GIB
    assert machine.place(job(8, host_memory=5 * GIB), []) == "CPU 0"
    assert machine.place(job(9, host_memory=5 * GIB), ["CPU 0"]) is None
    assert "needs about 5.0 GiB, 3.0 GiB free" in machine.place.note
    machine.now += SETTLES  # it took less
    assert machine.place(job(9, host_memory=5 * GIB), ["CPU 0"]) == "CPU 1"


def test_on_a_gpu_both_memories_count():
    machine = Machine(16 * GIB, per_gpu=2)
    machine.host = 8 * GIB
    assert machine.place(job(8, memory=1 * GIB, host_memory=9 * GIB), ["GPU 0"]) is None
    assert machine.place.note.startswith("waits for host memory")
    assert machine.place(job(8, memory=99 * GIB, host_memory=1 * GIB), ["GPU 0"]) is None
    assert machine.place(job(8, memory=1 * GIB, host_memory=8 * GIB), ["GPU 0"]) == "GPU 0 #2"


def test_one_that_would_share_a_slot_needs_memory_of_the_host_as_well():
    machine = Machine()
    machine.host = 8 * GIB
    one = job(8, host_memory=4 * GIB)
    assert machine.place(one, []) == "CPU 0"
    assert machine.place.beside("CPU 0", one)
    assert not machine.place.beside("CPU 0", one)
    assert machine.place(one, ["CPU 0"]) is None


def test_where_the_host_tells_nothing_and_with_a_cluster_no_job_waits_for_it():
    machine = Machine()
    assert machine.place(job(8, host_memory=99 * GIB), ["CPU 0"]) == "CPU 1"
    slots = [Slot("Slurm 0"), Slot("Slurm 1")]
    place = Placement(slots, CONFIG, host_memory=lambda: 0)
    assert place(job(8, host_memory=99 * GIB), ["Slurm 0"]) == "Slurm 1"
