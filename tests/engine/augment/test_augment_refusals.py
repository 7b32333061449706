"""What cannot be augmented, or how not, is told in one line."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.augment import Augment
from engine.augment.policy import parse_policy


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"flop": True}, "unknown key flop; allowed: crop, scale"),
        ({"crop": "centre"}, "crop must be one of resized, shift, not 'centre'"),
        ({"crop": ["shift"]}, "crop must be one of"),
        ({"scale": [0.2, 1.0]}, 'scale needs crop = "resized"'),
        ({"crop": "resized", "pad": 4}, 'pad needs crop = "shift"'),
        ({"crop": "resized", "scale": [0.5, 0.2]}, "scale must be two numbers"),
        ({"crop": "resized", "scale": [0.0, 1.0]}, "scale must be two numbers"),
        ({"crop": "resized", "scale": [0.5, 1.5]}, "scale must be two numbers"),
        ({"crop": "resized", "ratio": 1.0}, "ratio must be two numbers"),
        ({"crop": "shift", "pad": -1}, "pad must be a whole number"),
        ({"crop": "shift", "pad": 1.5}, "pad must be a whole number"),
        ({"flip": 0.5}, "flip must be true or false, not 0.5"),
        ({"rotation": 200}, "rotation must be a number between 0 and 180, not 200"),
        ({"rotation": True}, "rotation must be a number"),
        ({"rotation": float("nan")}, "rotation must be a number"),
        ({"auto": "svhn"}, "auto must be one of cifar10, imagenet, not 'svhn'"),
        ({"rand": 2}, "rand must be a table of ops, magnitude, std, not 2"),
        ({"rand": {"n": 2}}, "unknown key rand.n; allowed: rand.ops, rand.magnitude, rand.std"),
        ({"rand": {"magnitude": 11}}, "rand.magnitude must be a number between 0 and 10"),
        ({"rand": {"ops": 0}}, "rand.ops must be a whole number between 1 and 16, not 0"),
        ({"jitter": -0.1}, "jitter must be a number"),
        ({"cutout": 16.0}, "cutout must be a whole number"),
    ],
)
def test_bad_policies_are_told_in_one_line(bad: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=r"^augmentation: ") as caught:
        Augment(bad, size=32)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bad_batches_are_refused(pictures: Callable[..., Tensor]) -> None:
    augment, images, ids = Augment({"flip": True}, size=32), pictures(4), torch.arange(4)
    with pytest.raises(ValueError, match="images must be uint8"):
        augment(images.float(), ids, seed=0, epoch=0)
    with pytest.raises(ValueError, match="1 or 3 channels"):
        augment(images[:, :2], ids, seed=0, epoch=0)
    with pytest.raises(ValueError, match="4 images but 3 ids"):
        augment(images, ids[:3], seed=0, epoch=0)
    with pytest.raises(ValueError, match="ids must be int64"):
        augment(images, ids.int(), seed=0, epoch=0)
    with pytest.raises(ValueError, match="size must be at least 1"):
        Augment({}, size=0)


def test_policies_are_checked_without_torch() -> None:
    code = (
        "import sys; from engine.augment.policy import parse_policy; print('torch' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "False\n"
    assert parse_policy({}).rand is None
