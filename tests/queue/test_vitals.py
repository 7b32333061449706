"""How busy the machine is, with NVML stood for and what cannot be told left out."""

import os
import sys
import time
from types import SimpleNamespace

import psutil
import pynvml
import pytest

from wnkd_tui.queue import gpus, vitals
from wnkd_tui.queue.gpus import Found, Gpu

GIB = 2**30
CARD = Gpu("0", "GPU-a", "NVIDIA H100", 80 * GIB, "GPU-a")
PART = Gpu("1:0", "MIG-b", "NVIDIA H100 MIG 1g.10gb", 10 * GIB, "GPU-b")


class Nvml(SimpleNamespace):
    """Stands for pynvml: a card that tells all, a part of one that tells its memory, one lost."""

    NVMLError = pynvml.NVMLError
    NVML_TEMPERATURE_GPU = pynvml.NVML_TEMPERATURE_GPU
    lost = False

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> str:
        if self.lost:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)
        return uuid

    def nvmlDeviceGetUtilizationRates(self, handle: str) -> SimpleNamespace:
        if handle.startswith("MIG"):
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return SimpleNamespace(gpu=63, memory=10)

    def nvmlDeviceGetMemoryInfo(self, handle: str) -> SimpleNamespace:
        return SimpleNamespace(used=3 * GIB, total=80 * GIB if handle == "GPU-a" else 10 * GIB)

    def nvmlDeviceGetTemperature(self, handle: str, sensor: int) -> int:
        if handle.startswith("MIG"):
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return 54


@pytest.fixture
def nvml(monkeypatch):
    nvml = Nvml()
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    monkeypatch.setattr(gpus, "look", lambda: Found((CARD, PART)))
    return nvml


def test_gpus_tell_what_they_can(nvml, tmp_path):
    card, part = vitals.Reader(tmp_path).read().gpus
    assert (card.load, card.used, card.memory, card.temperature) == (63, 3 * GIB, 80 * GIB, 54)
    assert (part.number, part.load, part.used, part.memory) == ("1:0", None, 3 * GIB, 10 * GIB)
    assert part.temperature is None


def test_a_lost_gpu_tells_nothing_and_may_come_back(nvml, tmp_path):
    reader = vitals.Reader(tmp_path)
    nvml.lost = True
    card, _ = reader.read().gpus
    assert (card.load, card.used, card.memory, card.temperature) == (None, None, 80 * GIB, None)
    nvml.lost = False
    assert reader.read().gpus[0].load == 63


def test_no_gpu_is_no_error(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    found = vitals.Reader(tmp_path).read()
    assert found.gpus == ()
    assert "not installed" in found.no_gpu


def test_the_host(monkeypatch, tmp_path):
    monkeypatch.setattr(psutil, "cpu_percent", lambda interval: 12.5)
    memory = SimpleNamespace(total=100, available=30)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    reader = vitals.Reader(tmp_path)
    assert reader.read().cpu is None  # of no time at all
    found = reader.read()
    assert (found.cpu, found.used, found.memory) == (12.5, 70, 100)
    disk = os.statvfs(tmp_path)
    assert found.disk == disk.f_blocks * disk.f_frsize
    assert 0 <= found.disk_left <= found.disk


def test_what_the_host_hides_is_left_out(monkeypatch, tmp_path):
    def hidden(*_, **__):
        raise PermissionError("/proc/stat")

    monkeypatch.setattr(psutil, "cpu_percent", hidden)
    found = vitals.Reader(tmp_path / "gone").read()
    assert (found.cpu, found.used, found.memory, found.disk, found.disk_left) == (None,) * 5
    assert found.cores >= 1


def test_a_reading_is_cheap(tmp_path):
    reader = vitals.Reader(tmp_path)
    reader.read()
    took = []
    for _ in range(5):
        began = time.thread_time()
        reader.read()
        took.append(time.thread_time() - began)
    assert min(took) < 0.005
