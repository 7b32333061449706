import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import SpecError
from wnkd_tui.cli.running import work
from wnkd_tui.home import Home
from wnkd_tui.queue.gpus import VISIBLE, Gpu
from wnkd_tui.queue.slots import find_slots

GPUS = [
    Gpu("0", "GPU-aaaa", "NVIDIA A100", 40, "GPU-aaaa"),
    Gpu("1:0", "MIG-bbbb", "NVIDIA A100 MIG 3g.20gb", None, "GPU-bbbb"),
]


def names(slots):
    return [slot.name for slot in slots]


def test_a_slot_each_gpu_which_its_environment_names_by_uuid():
    first, second = find_slots(gpus=GPUS)
    assert (first.name, first.gpus, first.memory) == ("GPU 0", ("GPU-aaaa",), 40)
    assert (second.name, second.gpus, second.memory) == ("GPU 1:0", ("MIG-bbbb",), None)
    assert (first.env, second.env) == ({VISIBLE: "GPU-aaaa"}, {VISIBLE: "MIG-bbbb"})


def test_several_slots_each_gpu_or_so_many_in_all_are_dealt_out():
    assert names(find_slots(per_gpu=2, gpus=GPUS)) == ["GPU 0", "GPU 1:0", "GPU 0 #2", "GPU 1:0 #2"]
    assert names(find_slots(3, gpus=GPUS)) == ["GPU 0", "GPU 1:0", "GPU 0 #2"]
    assert names(find_slots(1, gpus=GPUS)) == ["GPU 0"]


def test_without_gpus_slots_are_cores_and_no_gpu_is_seen():
    slots = find_slots(2, gpus=[])
    assert [(slot.name, slot.env, slot.gpus) for slot in slots] == [
        ("CPU 0", {VISIBLE: ""}, ()),
        ("CPU 1", {VISIBLE: ""}, ()),
    ]
    assert len(find_slots(gpus=[])) >= 1


def test_a_slot_of_several_gpus_names_them_all_and_what_is_left_over_is_idle():
    cards = [Gpu(str(n), f"GPU-{n}", "NVIDIA T4", 16 - n, f"GPU-{n}") for n in range(5)]
    first, second = find_slots(per_job=2, gpus=cards)
    assert (first.name, first.gpus, first.memory) == ("GPU 0+1", ("GPU-0", "GPU-1"), 15)
    assert (first.ranks, find_slots(gpus=cards)[0].ranks) == (2, 1)
    assert (second.name, second.env) == ("GPU 2+3", {VISIBLE: "GPU-2,GPU-3"})
    assert names(find_slots(3, per_job=2, gpus=cards))[2] == "GPU 0+1 #2"
    assert names(find_slots(per_job=5, gpus=cards)) == ["GPU 0+1+2+3+4"]


def test_numbers_that_do_not_fit_together_are_one_line():
    with pytest.raises(SpecError, match="give one of them"):
        find_slots(2, 2, gpus=GPUS)
    with pytest.raises(SpecError, match="there is no GPU here"):
        find_slots(None, 2, gpus=[])
    with pytest.raises(SpecError, match="--gpus-per-job 3: there are 2 GPUs for all jobs"):
        find_slots(per_job=3, gpus=GPUS)


def test_students_share_a_gpu_or_one_has_several(tmp_path):
    with pytest.raises(SpecError, match=r"fuse 3 and gpus-per-job 2: .* set one of them to 1"):
        work(Home(tmp_path), drain=True, fuse=3, gpus_per_job=2)


@given(st.integers(1, 9), st.integers(1, 9))
def test_names_are_unique_and_do_not_change_where_there_are_more(gpus, count):
    cards = [Gpu(str(n), f"GPU-{n}", "NVIDIA T4", None, f"GPU-{n}") for n in range(gpus)]
    few, more = names(find_slots(count, gpus=cards)), names(find_slots(count + 1, gpus=cards))
    assert len(set(more)) == count + 1
    assert more[:-1] == few
