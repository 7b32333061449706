"""What NVML lists, what CUDA_VISIBLE_DEVICES leaves of it, and why there may be no GPU."""

import subprocess
import sys
from dataclasses import dataclass
from types import SimpleNamespace

import pynvml
import pytest

from engine.errors import SpecError
from wnkd_tui.queue.gpus import VISIBLE, Found, Gpu, choose, free_memory, look

GIB = 2**30


@dataclass
class Card:
    """A GPU, or a MIG device of one. `parts` holds None for a place that no device takes."""

    uuid: str
    name: str = "NVIDIA A100"
    total: int | None = 40 * GIB
    free: int = 40 * GIB
    parts: list["Card | None"] | None = None  # None: not in MIG mode
    error: int | None = None  # what every question about it is answered with


class FakeNvml:
    """Stands for pynvml: the functions that are called, errors included.

    `start` is the code that nvmlInit fails with, if it does.
    """

    NVMLError = pynvml.NVMLError

    def __init__(self, *cards: Card, start: int | None = None) -> None:
        self.cards = list(cards)
        self.start = start
        self.opened = False
        for name in dir(pynvml):
            if name.startswith(("NVML_ERROR_", "NVML_DEVICE_MIG_")):
                setattr(self, name, getattr(pynvml, name))

    def nvmlInit(self) -> None:
        self._fail(self.start)
        self.opened = True

    def nvmlDeviceGetCount(self) -> int:
        self._fail(None if self.opened else pynvml.NVML_ERROR_UNINITIALIZED)
        return len(self.cards)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> Card:
        return self._asked(self.cards[index])

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> Card:
        everyone = [
            *self.cards,
            *(part for card in self.cards for part in card.parts or () if part),
        ]
        for card in everyone:
            if card.uuid == uuid:
                return self._asked(card)
        raise self.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)

    def nvmlDeviceGetUUID(self, card: Card) -> str:
        return self._asked(card).uuid

    def nvmlDeviceGetName(self, card: Card) -> str:
        return self._asked(card).name

    def nvmlDeviceGetMemoryInfo(self, card: Card) -> SimpleNamespace:
        if self._asked(card).total is None:
            raise self.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return SimpleNamespace(total=card.total, free=card.free)

    def nvmlDeviceGetMigMode(self, card: Card) -> list[int]:
        if not card.name.endswith("A100"):
            raise self.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        cut = self._asked(card).parts is not None
        return [int(cut), int(cut)]

    def nvmlDeviceGetMaxMigDeviceCount(self, card: Card) -> int:
        return len(card.parts or ())

    def nvmlDeviceGetMigDeviceHandleByIndex(self, card: Card, index: int) -> Card:
        part = (card.parts or [])[index]
        if part is None:
            raise self.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)
        return self._asked(part)

    def _asked(self, card: Card) -> Card:
        self._fail(card.error)
        return card

    def _fail(self, code: int | None) -> None:
        if code is not None:
            raise self.NVMLError(code)


PARTS = [Card("MIG-cc1", "NVIDIA A100 MIG 3g.20gb", 20 * GIB, 19 * GIB), None, Card("MIG-dd")]
CARDS = (Card("GPU-aa1"), Card("GPU-bb", parts=PARTS), Card("GPU-aa2", "NVIDIA T4", 16 * GIB))
NUMBERS = ["0", "1:0", "1:2", "2"]


@pytest.fixture
def machine(monkeypatch):
    """Makes this a machine with these cards."""

    def of(*cards, visible=None, **options):
        nvml = FakeNvml(*cards, **options)
        monkeypatch.setitem(sys.modules, "pynvml", nvml)
        monkeypatch.delenv(VISIBLE, raising=False)
        if visible is not None:
            monkeypatch.setenv(VISIBLE, visible)
        return nvml

    return of


def test_gpus_have_number_uuid_name_and_memory_and_mig_devices_count_as_such(machine):
    machine(*CARDS)
    assert look() == Found(
        (
            Gpu("0", "GPU-aa1", "NVIDIA A100", 40 * GIB, "GPU-aa1"),
            Gpu("1:0", "MIG-cc1", "NVIDIA A100 MIG 3g.20gb", 20 * GIB, "GPU-bb"),
            Gpu("1:2", "MIG-dd", "NVIDIA A100", 40 * GIB, "GPU-bb"),
            Gpu("2", "GPU-aa2", "NVIDIA T4", 16 * GIB, "GPU-aa2"),
        )
    )
    assert [gpu.number for gpu in look().gpus] == NUMBERS


@pytest.mark.parametrize(
    ("visible", "numbers"),
    [
        (None, NUMBERS),
        ("2,0", ["2", "0"]),
        (" 2 , 0", ["2", "0"]),
        ("0,7,2", ["0"]),  # CUDA reads no further than the first that is not there
        ("7,0", []),
        ("0,-1,2", ["0"]),
        ("-1", []),
        ("", []),
        ("NoDevFiles", []),
        ("0,2,0", []),  # named twice: CUDA sees none
        ("GPU-aa1", ["0"]),
        ("GPU-aa2,GPU-aa1", ["2", "0"]),
        ("GPU-aa", []),  # of two GPUs
        ("GPU-aa1,GPU-aa", ["0"]),
        ("MIG-c,GPU-aa1", ["1:0", "0"]),
        ("MIG-", []),
        ("1", ["1:0", "1:2"]),
        ("GPU-b", ["1:0", "1:2"]),
        ("aa1", []),
    ],
)
def test_cuda_visible_devices_is_read_as_cuda_reads_it(machine, visible, numbers):
    machine(*CARDS, visible=visible)
    found = look()
    assert [gpu.number for gpu in found.gpus] == numbers
    assert bool(found.why) is (not numbers)
    if not numbers:
        assert found.why.startswith(f"{VISIBLE}={visible} ")


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (pynvml.NVML_ERROR_LIBRARY_NOT_FOUND, "NVIDIA's driver library is not there"),
        (pynvml.NVML_ERROR_DRIVER_NOT_LOADED, "NVIDIA's driver is not loaded"),
        (pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH, "different versions"),
        (pynvml.NVML_ERROR_NO_PERMISSION, "may not use"),
        (pynvml.NVML_ERROR_UNKNOWN, "NVIDIA's driver says 'Unknown Error'"),
    ],
)
def test_a_driver_that_does_not_answer_is_no_gpu_and_one_line_says_why(machine, code, why):
    machine(*CARDS, start=code)
    found = look()
    assert found.gpus == ()
    assert why in found.why
    assert "\n" not in found.why
    assert free_memory("GPU-aa1") is None


def test_every_error_that_nvml_knows_is_borne(machine):
    codes = [getattr(pynvml, name) for name in dir(pynvml) if name.startswith("NVML_ERROR_")]
    for code in codes:
        machine(Card("GPU-a", error=code), Card("GPU-b", "NVIDIA T4", total=None))
        assert [gpu.uuid for gpu in look().gpus] == ["GPU-b"]
        machine(Card("GPU-a", error=code))
        assert look().why.startswith("GPU 0 cannot be used: ")


def test_a_machine_without_gpus_or_with_an_empty_mig_gpu_has_none(machine, monkeypatch):
    machine()
    assert look().why == "NVIDIA's driver knows of none"
    machine(Card("GPU-a", parts=[None, None]))
    assert look().why == "GPU 0 is in MIG mode and has no MIG device"
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert look().why == "the package nvidia-ml-py is not installed"
    assert free_memory("GPU-a") is None


def test_free_memory_is_told_for_gpus_and_mig_devices(machine):
    nvml = machine(*CARDS)
    assert free_memory("GPU-aa1") == 40 * GIB
    nvml.cards[0].free = 3
    assert free_memory("GPU-aa1") == 3
    assert free_memory("MIG-cc1") == 19 * GIB


def test_free_memory_that_is_not_told_is_unknown_and_a_lost_gpu_has_none(machine):
    nvml = machine(Card("GPU-a", total=None), Card("GPU-b"))
    assert free_memory("GPU-a") is None
    assert free_memory("GPU-none") is None
    for code, free in ((pynvml.NVML_ERROR_UNKNOWN, None), (pynvml.NVML_ERROR_GPU_IS_LOST, 0),
                       (pynvml.NVML_ERROR_RESET_REQUIRED, 0)):  # fmt: skip
        nvml.cards[1].error = code
        assert free_memory("GPU-b") == free


def test_a_person_chooses_gpus_by_number_or_uuid(machine):
    machine(*CARDS)
    found = look()
    expected = {
        None: NUMBERS,
        "2,0": ["2", "0"],
        "1": ["1:0", "1:2"],
        "1:2": ["1:2"],
        "GPU-aa2, MIG-cc1": ["2", "1:0"],
        "0,0,GPU-aa1": ["0"],
    }
    for wanted, numbers in expected.items():
        assert [gpu.number for gpu in choose(found, wanted)] == numbers


@pytest.mark.parametrize("wanted", ["7", "", "0,7", "GPU-aa", "0,", "x"])
def test_a_gpu_that_is_not_here_is_one_line_that_lists_those_that_are(machine, wanted):
    machine(Card("GPU-aa1"), Card("GPU-aa2", "NVIDIA T4"))
    with pytest.raises(SpecError) as raised:
        choose(look(), wanted)
    assert f"{wanted.split(',')[-1]!r} is no GPU here" in str(raised.value)
    assert "0 (NVIDIA A100, GPU-aa1), 1 (NVIDIA T4, GPU-aa2)" in str(raised.value)


def test_to_choose_where_there_is_no_gpu_is_one_line_that_says_why(machine):
    machine(start=pynvml.NVML_ERROR_DRIVER_NOT_LOADED)
    with pytest.raises(SpecError, match=r"no GPU here: NVIDIA's driver is not loaded"):
        choose(look(), "0")


def test_the_command_line_does_not_load_nvml():
    code = "import sys, wnkd_tui.cli.root, wnkd_tui.queue.placement; print('pynvml' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.gpu
def test_cuda_sees_the_one_gpu_that_a_slot_names():
    found = look()
    if not found.gpus:
        pytest.skip(f"no GPU: {found.why}")
    code = (
        "import torch; print(torch.cuda.device_count(), torch.cuda.get_device_properties(0).uuid)"
    )
    for gpu in found.gpus:
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env={VISIBLE: gpu.uuid}
        )
        count, uuid = done.stdout.split()
        assert count == "1", done.stderr
        assert gpu.card.removeprefix("GPU-") in uuid or gpu.uuid.removeprefix("MIG-") in uuid
        assert 0 < free_memory(gpu.uuid) <= gpu.memory
