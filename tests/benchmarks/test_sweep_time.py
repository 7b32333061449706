"""What the arithmetic of a sweep goes by."""

import json
from collections import Counter
from pathlib import Path

import pytest
from sweep_time import Pixels, assumed, of_gpu, planned, reckoned
from sweep_time_shown import minutes


def test_the_jobs_are_the_sweeps() -> None:
    kinds = Counter(job.kind for _, job in planned())
    assert kinds["student"] == 19
    assert kinds["T_x"] == kinds["attribution"] == 9
    assert kinds["teacher"] == kinds["logits"] == 2


def test_rates_of_passes_come_from_those_of_steps() -> None:
    """A step of 1/100 s, with two teachers 1/50: each of them takes 1/200."""
    found = Pixels.of(tables=100, online=50, teachers=2, augmentation=1000, small=0.5)
    assert found.student == pytest.approx(0.02)
    assert found.forward == pytest.approx(0.005)
    assert found.teacher == pytest.approx(0.03)
    assert found.augmentation == pytest.approx(0.001)


def test_more_slots_share_the_hosts_part_alone() -> None:
    kinds = [{"gpu_s": 600.0, "host_s": 1200.0}]
    assert [minutes({"kinds": kinds}, slots) for slots in (1, 2, 4)] == [30, 20, 15]


def test_measured_rates_take_the_place_of_assumptions(tmp_path: Path) -> None:
    rows = [
        {"row": "32 px cached", "batch": 1024, "images_per_s": 50_000},
        {"row": "32 px cached", "batch": 128, "images_per_s": 30_000},
        {"row": "32 px online, two teachers", "batch": 1024, "images_per_s": 25_000},
        {"row": "32 px cached, augmented", "batch": 1024, "images_per_s": 40_000},
        {"row": "CLIP ViT-B/32", "batch": 256, "images_per_s": 21_000},
    ]
    path = tmp_path / "gpu.json"
    path.write_text(json.dumps({"date": "2030-01-01", "machine": "a GPU", "rows": rows}))
    found = of_gpu(assumed(), path)
    assert found["small_batch"]["rate"] == pytest.approx(0.6)
    assert found["augmentation"]["rate"] == pytest.approx(200_000)
    assert found["step_online"]["from"] == "measured 2030-01-01 on a GPU"
    assert found["T_x"] == assumed()["T_x"]
    cpu = Pixels(1.0, 1.0, 1.0, 0.0)
    seconds = {row["kind"]: row for row in reckoned(found, cpu)}
    # 1.5 million views of each of two teachers: a pass, and augmentation.
    assert seconds["logits"]["gpu_s"] == pytest.approx(3e6 * (0.5 / 50_000 + 1 / 200_000))
    assert seconds["logits"]["cpu_s"] == pytest.approx(3e6)
    assert seconds["relax"]["cpu_s"] is None
