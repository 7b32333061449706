import pytest

from wnkd_tui.queue.slots import VISIBLE, Gpu, find_gpus, find_slots, parse_gpus

LISTING = """\
GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-aaaa)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-bbbb)
  MIG 3g.20gb     Device  0: (UUID: MIG-cccc)
  MIG 3g.20gb     Device  1: (UUID: MIG-dddd)
GPU 2: NVIDIA A100-SXM4-40GB (UUID: GPU-eeee)
"""
GPUS = [Gpu("0", "GPU-aaaa"), Gpu("1:0", "MIG-cccc"), Gpu("1:1", "MIG-dddd"), Gpu("2", "GPU-eeee")]


def test_nvidia_smis_listing_is_read_with_mig_devices():
    assert parse_gpus(LISTING) == GPUS
    assert parse_gpus("No devices found.\n") == []


@pytest.mark.parametrize(
    ("visible", "expected"),
    [(None, GPUS), ("2,0", [GPUS[0], GPUS[3]]), ("GPU-ee", [GPUS[3]]), ("", []), ("-1", [])],
)
def test_only_visible_gpus_count(tmp_path, monkeypatch, visible, expected):
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\ncat <<'E'\n{LISTING}E\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    if visible is None:
        monkeypatch.delenv(VISIBLE, raising=False)
    else:
        monkeypatch.setenv(VISIBLE, visible)

    assert find_gpus() == expected


def test_a_machine_without_nvidia_smi_or_with_a_broken_driver_has_no_gpu(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_gpus() == []
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\nexit 9\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    assert find_gpus() == []


def test_a_slot_each_gpu_or_several_dealt_out():
    slots = find_slots(gpus=GPUS[:2])
    assert [(slot.name, slot.env[VISIBLE]) for slot in slots] == [
        ("GPU 0", "GPU-aaaa"),
        ("GPU 1:0", "MIG-cccc"),
    ]
    names = [slot.name for slot in find_slots(3, gpus=GPUS[:2])]
    assert names == ["GPU 0", "GPU 1:0", "GPU 0 #2"]


def test_without_gpus_slots_are_cores_and_no_gpu_is_seen():
    slots = find_slots(2, gpus=[])
    assert [(slot.name, slot.env[VISIBLE]) for slot in slots] == [("CPU 0", ""), ("CPU 1", "")]
    assert len(find_slots(gpus=[])) >= 1
