"""What the benchmark takes away is away, and what it compares with is the same augmentation."""

import pytest
import torch
from features import Variant, otherwise, variants
from features_shown import sheets
from per_image import PerImage

from engine.augment import Augment
from engine.data import digits
from engine.plan import DatasetRef, plan
from engine.recipe import load_recipe
from engine.spec import MultimodalSpec, Teachers, TrialSpec


def jobs():
    spec = TrialSpec("digits", "demo", Teachers.TM_TX, MultimodalSpec("wordnet-graph", wn=100))
    return plan(spec, DatasetRef(digits.NAME, digits.KEY, digits.TRAIN_PER_CLASS)).jobs


def test_touched_jobs_and_what_needs_them_are_done_anew() -> None:
    before, after = jobs(), otherwise(jobs(), ("logits",), "unfolded")
    anew = [job.name for job, other in zip(before, after, strict=True) if job.key != other.key]
    assert [name.split()[0] for name in anew] == ["logits", "logits", "T_m"]
    student = after[-1]
    assert set(student.inputs.values()) <= {job.key for job in after}


def test_what_nothing_touches_stays() -> None:
    assert otherwise(jobs(), (), "") == list(jobs())


def test_every_feature_changes_something() -> None:
    for name, variant in variants(3).items():
        assert name.count(" | ") == 1
        assert variant.changes or (variant.kinds and variant.before != Variant().before), name


@pytest.mark.parametrize(
    "policy",
    [
        *load_recipe("fast", "digits").augment.values(),
        {"crop": "resized", "scale": [0.2, 1.0], "flip": True, "cutout": 16},
    ],
    ids=["digits, weak", "digits, strong", "cifar, without AutoAugment"],
)
def test_pillows_images_have_the_same_draws(policy) -> None:
    draw = torch.Generator().manual_seed(0)
    blobs = torch.rand(40, 3, 5, 5, generator=draw)
    soft = torch.nn.functional.interpolate(blobs, size=32, mode="bicubic").clamp(0, 1)
    images, ids = (soft * 255).to(torch.uint8), torch.arange(40)
    ours = Augment(policy, size=32)(images, ids, seed=3, epoch=2)
    theirs = PerImage(policy, size=32)(images, ids, seed=3, epoch=2)
    # Two steps resample the edge of what a shift uncovers twice.
    off = (ours - theirs)[:, :, 4:-4, 4:-4].abs() * 255
    assert off.max() < 1.01
    assert off.mean() < 0.5  # of a level: Pillow rounds down


def test_a_difference_is_told_with_its_interval_and_equal_bits_as_such() -> None:
    found = {
        "recipe": [50.0, 52.0],
        "otherwise": {"a | b": [49.0, 51.5], "c | d": [50.0, 52.0], "top-3 | e": [51.0, 53.0]},
        "same_bits": ["c | d"],
        "not_run": ["bf16 | float32"],
        "changes": {"student.arch": "resnet8"},
        "limit_train": 2000,
        **dict.fromkeys(("date", "machine", "python", "torch", "precision"), ""),
    }
    rows = [
        [cell.text for cell in row] for row in sheets({"digits": found})["features digits"].rows
    ]
    assert rows[0] == ["a", "b", "51.00 ± 1.41 (2)", "50.25 ± 1.77 (2)", "+0.75 ± 3.18", "no"]
    assert rows[1][-2:] == ["same bits", ""]
    assert rows[2][-2:] == ["+1.00 ± 0.00", "yes"]
    assert rows[3] == ["bf16", "float32", "not run: no GPU", "", "", ""]
