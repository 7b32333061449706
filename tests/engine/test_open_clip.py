"""The open_clip encoder, on a tiny model registered and saved here; no network."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import save_file

from engine.encoders import load_encoder
from engine.encoders.open_clip import EncoderError, OpenClipEncoder, prepare
from engine.encoders.prompts import TEMPLATES, prompts

ARCH = "wnkd-tiny"
CONFIG = {
    "embed_dim": 16,
    "quick_gelu": True,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "head_width": 32, "patch_size": 16},
    "text_cfg": {
        "context_length": 77,
        "vocab_size": 49408,
        "width": 32,
        "heads": 2,
        "layers": 1,
    },
}


def silent(done: int, total: int) -> None:
    pass


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import open_clip

    folder = tmp_path_factory.mktemp("clip")
    (folder / f"{ARCH}.json").write_text(json.dumps(CONFIG))
    open_clip.add_model_config(folder / f"{ARCH}.json")
    torch.manual_seed(0)
    weights = open_clip.create_model(ARCH).state_dict()
    save_file(weights, folder / "tiny.safetensors")
    torch.save(weights, folder / "tiny.pt")
    return folder / "tiny.safetensors"


@pytest.fixture(scope="module")
def encoder(checkpoint: Path) -> OpenClipEncoder:
    found = load_encoder(f"{ARCH}/{checkpoint}", graph=None, batch=16)
    assert isinstance(found, OpenClipEncoder)
    return found


def test_it_says_what_it_is(encoder: OpenClipEncoder, checkpoint: Path) -> None:
    assert encoder.name == f"{ARCH}/{checkpoint}"
    assert (encoder.dim, encoder.stand_in) == (16, False)
    assert not encoder.model.training
    assert not any(p.requires_grad for p in encoder.model.parameters())


def test_nouns_are_averaged_over_the_templates(encoder: OpenClipEncoder) -> None:
    seen: list[tuple[int, int]] = []
    names = ["dog", "pine_tree", "Adam Smith", "VII", "sea lion"]
    found = encoder.embed_nouns(names, lambda done, total: seen.append((done, total)))
    with torch.no_grad():
        for row, name in zip(found, names, strict=True):
            texts = [t.format(name.replace("_", " ")) for t in TEMPLATES]
            mean = encoder.model.encode_text(encoder.tokenize(texts)).mean(0)
            torch.testing.assert_close(row, mean / mean.norm(), rtol=0, atol=1e-5)
    assert found.dtype == torch.float32
    assert seen == [(2, 5), (4, 5), (5, 5)]
    torch.testing.assert_close(encoder.embed_classes(names).embeddings, found)


def test_images_and_batches(encoder: OpenClipEncoder) -> None:
    rng = torch.Generator().manual_seed(1)
    train = torch.randint(0, 256, (37, 3, 8, 8), generator=rng, dtype=torch.uint8)
    val = torch.randint(0, 256, (5, 1, 48, 40), generator=rng, dtype=torch.uint8)
    texts = torch.empty(0, 16)
    seen, unseen = encoder.embed_images(train, torch.zeros(37), val, texts, silent)
    assert (seen.shape, unseen.shape) == ((37, 16), (5, 16))
    torch.testing.assert_close(seen.norm(dim=1), torch.ones(37))
    with torch.no_grad():
        alone = F.normalize(encoder.model.encode_image(prepare(train[20:21], encoder.preprocess)))
    torch.testing.assert_close(seen[20:21], alone, rtol=0, atol=1e-5)


@pytest.mark.parametrize("shape", [(8, 8), (60, 44), (33, 70), (32, 32)])
def test_prepare_is_open_clips_own_preprocessing(shape: tuple[int, int]) -> None:
    from open_clip.transform import PreprocessCfg, image_transform_v2

    cfg = PreprocessCfg(size=32)
    smooth = np.random.default_rng(0).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    image = Image.fromarray(smooth).resize(shape[::-1], Image.Resampling.BILINEAR)
    expected = image_transform_v2(cfg, is_train=False)(image)
    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None]
    found = prepare(pixels, {"size": 32, "mean": cfg.mean, "std": cfg.std})[0]
    # PIL resizes in 8-bit fixed point: a level or two of 255 apart.
    assert (found - expected).abs().max() < 2.5 / 255 / min(cfg.std)


def test_prompts_are_name_by_name() -> None:
    assert len(prompts(["a", "b"])) == 14
    assert prompts(["sea_lion"])[0] == "itap of a sea lion."


def test_pt_checkpoints_load_too(checkpoint: Path, encoder: OpenClipEncoder) -> None:
    other = OpenClipEncoder(f"{ARCH}/{checkpoint.with_name('tiny.pt')}")
    torch.testing.assert_close(
        other.embed_classes(["dog"]).embeddings, encoder.embed_classes(["dog"]).embeddings
    )


@pytest.mark.parametrize("name", ["no-such-arch/openai", "ViT-B-32", "resnet50"])
def test_unknown_encoders_are_refused(name: str) -> None:
    with pytest.raises(EncoderError, match="no such encoder"):
        load_encoder(name, graph=None)


def test_a_missing_file_lists_the_tags(checkpoint: Path) -> None:
    with pytest.raises(EncoderError, match=r"neither a file nor a tag of ViT-B-32 \(tags: openai,"):
        OpenClipEncoder("ViT-B-32/nowhere/weights.pt")


def test_weights_of_another_architecture_are_one_line(tmp_path: Path, checkpoint: Path) -> None:
    save_file({"x": torch.zeros(2)}, tmp_path / "x.safetensors")
    with pytest.raises(EncoderError, match="not a checkpoint of wnkd-tiny") as caught:
        OpenClipEncoder(f"{ARCH}/{tmp_path / 'x.safetensors'}")
    assert "\n" not in str(caught.value)


def test_a_tag_that_cannot_be_fetched_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    import open_clip.factory

    def offline(*args: object, **kwargs: object) -> str:
        raise OSError("no network\nmany lines of advice")

    monkeypatch.setattr(open_clip.factory, "download_pretrained", offline)
    with pytest.raises(EncoderError, match=r"'openai'.* give a local file") as caught:
        OpenClipEncoder("ViT-B-32-quickgelu/openai")
    assert isinstance(caught.value, RuntimeError)
    assert "\n" not in str(caught.value)
