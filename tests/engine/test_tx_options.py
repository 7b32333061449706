"""The stage that trains T_x: every modality, stem and option trains, and each does what it says."""

import json
from itertools import product
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.errors import ArtifactError, SpecError
from engine.models.t_x import STEMS, Conv1ReplaceStem, multimodal_teacher
from engine.spec import Modality
from engine.stages import multimodal, tables

CLASSES, TRAIN, VAL, DIM, NOUNS, EPOCHS = 3, 40, 15, 8, 6, 3
OPTIMISER = {
    "epochs": 1,
    "batch": 10,
    "lr": 0.005,
    "momentum": 0.9,
    "nesterov": False,
    "weight_decay": 0.0,
    "schedule": "steps",
    "steps": [],
    "warmup_epochs": 0,
}


def unit(*shape: int, seed: int = 0) -> Tensor:
    return F.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


def settings(**changes: Any) -> dict[str, Any]:
    return {
        "stem": "linear",
        "weights": "none",
        "mix": "per_sample",
        "optimiser": OPTIMISER,
        "bank_weight_decay": 1e-4,
        "lambda_hier": 0.1,
        "lambda_cosreg": 0.01,
        "text_update": "learned",
        "modality": "img+text",
        "wn": 0,
        "noise": 0,
        "temperature": 0.005,
        "val_text": "mixed",
        "seed": 0,
    } | changes


@pytest.fixture
def desk(desk: Any) -> Any:
    desk.embedded(classes=CLASSES, train=TRAIN, val=VAL, dim=DIM)
    return desk


def with_bank(desk: Any) -> None:
    folder = desk.artifact("relax")
    tables.save({"bank": unit(NOUNS, DIM, seed=4)}, folder / tables.BANK)
    (folder / tables.NOUN_NAMES).write_text("\n".join(f"noun {i}" for i in range(NOUNS)))


def with_views(desk: Any) -> None:
    table = unit(EPOCHS, TRAIN, DIM, seed=5).half().numpy()
    desk.views(table)


def train(desk: Any, **changes: Any) -> tuple[dict[str, Any], Any]:
    job = desk.job("T_x", settings(**changes))
    return desk.result(multimodal.run(job)), job.out


TEXTS = ({}, {"wn": 50}, {"wn": 100, "text_update": "fixed"}, {"noise": 50})
SMALL = list(product(["linear", "mlp"], Modality, ["per_sample", "first_batches"], TEXTS, [0, 1]))
# The default stem is a hundred times as large: a few of its combinations.
LARGE = [
    ("conv1_replace", Modality.IMG_TEXT, "per_sample", {"wn": 50}, 0),
    ("conv1_replace", Modality.TEXT, "first_batches", {"wn": 100, "text_update": "fixed"}, 0),
    ("conv1_replace", Modality.IMG, "per_sample", {}, 1),
    ("conv1_replace", Modality.IMG_TEXT, "first_batches", {"noise": 50}, 1),
]


@pytest.mark.parametrize(("stem", "modality", "mix", "text", "augmented"), SMALL + LARGE)
def test_everything_trains(
    desk: Any,
    stem: str,
    modality: Modality,
    mix: str,
    text: dict[str, Any],
    augmented: int,
) -> None:
    assert {one[0] for one in SMALL + LARGE} == set(STEMS)
    if "wn" in text:
        with_bank(desk)
    if augmented:
        with_views(desk)
    result, out = train(desk, modality=modality.value, stem=stem, mix=mix, **text)
    assert result["train_n"] == TRAIN
    assert result["val_n"] == VAL
    val = tables.load(out / tables.VAL_LOGITS, "cpu")["logits"]
    assert val.shape == (VAL, CLASSES)
    # So short a training leaves the ResNet's running statistics far behind: its logits are huge.
    assert not val.isnan().any()
    assert stem == "conv1_replace" or val.isfinite().all()
    follows = augmented or mix == "first_batches"
    assert (out / tables.TX_LOGITS).exists() == (not follows)
    if not follows:
        logits = tables.load(out / tables.TX_LOGITS, "cpu")["train"]
        assert logits.shape == (TRAIN, CLASSES)
        assert logits.isfinite().all()
    assert (out / tables.NOUNS_BY_CLASS).exists() == ("wn" in text)
    bank = tables.load(out / tables.MODEL, "cpu").get("bank")
    assert (bank is None) == ("wn" not in text)


@pytest.mark.parametrize("text_update", ["learned", "fixed"])
def test_a_learned_bank_moves_and_a_fixed_one_does_not(desk: Any, text_update: str) -> None:
    with_bank(desk)
    optimiser = OPTIMISER | {"epochs": 3, "lr": 0.1}
    _, out = train(desk, wn=100, text_update=text_update, optimiser=optimiser)
    bank = tables.load(out / tables.MODEL, "cpu")["bank"]
    torch.testing.assert_close(bank.norm(dim=1), torch.ones(NOUNS))
    assert torch.equal(bank, unit(NOUNS, DIM, seed=4)) == (text_update == "fixed")
    history = json.loads((out / "history.json").read_text())
    moved = [epoch["train_loss_cosreg"] > 1e-9 for epoch in history]
    assert any(moved) == (text_update == "learned")


def test_mixes_differ_and_views_matter(desk: Any) -> None:
    with_bank(desk)

    def weights(**changes: Any) -> Tensor:
        _, out = train(desk, wn=50, **changes)
        return tables.load(out / tables.MODEL, "cpu")["network.fc.weight"]

    per_sample, first = weights(), weights(mix="first_batches")
    assert not torch.equal(per_sample, first)
    assert torch.equal(per_sample, weights())
    with_views(desk)
    assert not torch.equal(per_sample, weights())


def test_a_killed_t_x_goes_on_to_the_same_bits(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with_bank(desk)
    with_views(desk)
    options: dict[str, Any] = {"wn": 50, "mix": "first_batches", "stem": "mlp"}
    options["optimiser"] = OPTIMISER | {"epochs": 4}
    train(desk, **options)
    whole = (desk.root / "out" / tables.MODEL).read_bytes()

    begin = multimodal.MultimodalTask.begin_epoch

    def stop(self: Any, epoch: int) -> None:
        if epoch == 2:
            raise KeyboardInterrupt
        begin(self, epoch)

    monkeypatch.setattr("engine.train.checkpoint.SAVE_SHARE", float("inf"))
    monkeypatch.setattr(multimodal.MultimodalTask, "begin_epoch", stop)
    with pytest.raises(KeyboardInterrupt):
        train(desk, **options)
    monkeypatch.setattr(multimodal.MultimodalTask, "begin_epoch", begin)
    train(desk, **options)
    assert "resumed after epoch 2" in desk.said("T_x")
    assert (desk.root / "out" / tables.MODEL).read_bytes() == whole


def resnet50(folder: Any) -> dict[str, Tensor]:
    """A ResNet50's weights in a file, as a person gives them."""
    import torchvision

    with torch.device("meta"):
        shapes = torchvision.models.resnet50(weights=None).state_dict()
    generator = torch.Generator().manual_seed(6)
    state = {
        name: torch.rand(tensor.shape, generator=generator)
        if tensor.is_floating_point()
        else torch.zeros(tensor.shape, dtype=tensor.dtype)
        for name, tensor in shapes.items()
    }
    tables.save(state, folder / "resnet50-0123.safetensors")
    return state


def test_pretrained_weights_are_what_training_begins_with(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = resnet50(desk.job("T_x", {}).files)
    began: dict[str, Tensor] = {}

    def remember(task: Any, *_: object, **__: object) -> None:
        began.update(task.module.network.state_dict())
        raise KeyboardInterrupt

    monkeypatch.setattr(multimodal, "train", remember)
    with pytest.raises(KeyboardInterrupt):
        train(desk, stem="conv1_replace", weights="file:resnet50-0123.safetensors")
    seeded = multimodal_teacher(
        "conv1_replace",
        dim=2 * DIM,
        classes=CLASSES,
        seed=multimodal.subseed(0, multimodal.PART),
    )
    assert isinstance(seeded, Conv1ReplaceStem)
    for name, tensor in seeded.state_dict().items():
        theirs = state[name][:, :, 1, 1] if "conv2" in name else state[name].squeeze()
        kept = name in ("conv1.weight", "fc.weight", "fc.bias")
        assert torch.equal(began[name], tensor if kept else theirs), name
    assert desk.said("T_x") == [
        "begins with weights file:resnet50-0123.safetensors; as initialised:"
        " conv1.weight, fc.weight, fc.bias"
    ]


def test_weights_that_do_not_fit_are_told(desk: Any) -> None:
    with pytest.raises(ArtifactError, match=r"gone\.pth"):
        train(desk, stem="conv1_replace", weights="file:gone.pth")
    tables.save({"a": torch.zeros(1)}, desk.job("T_x", {}).files / "other.safetensors")
    with pytest.raises(ArtifactError, match=r"other\.safetensors"):
        train(desk, stem="conv1_replace", weights="file:other.safetensors")
    resnet50(desk.job("T_x", {}).files)
    with pytest.raises(SpecError, match="conv1_replace"):
        train(desk, stem="linear", weights="file:resnet50-0123.safetensors")
