"""The open_clip encoder on a tiny model registered and saved here; no network."""

import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import save_file

from engine.encoders.choice import load_encoder
from engine.encoders.open_clip import OpenClipEncoder
from engine.encoders.preprocess import CIFAR_MEAN, CIFAR_STD, prepare, prepare_view
from engine.encoders.prompts import TEMPLATES, prompts

ARCH = "wnkd-tiny-towers"
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
def encoder(tmp_path_factory: pytest.TempPathFactory) -> OpenClipEncoder:
    import open_clip

    folder = tmp_path_factory.mktemp("clip")
    (folder / f"{ARCH}.json").write_text(json.dumps(CONFIG))
    open_clip.add_model_config(folder / f"{ARCH}.json")
    torch.manual_seed(0)
    save_file(open_clip.create_model(ARCH).state_dict(), folder / "tiny.safetensors")
    found = load_encoder(f"{ARCH}/{folder / 'tiny.safetensors'}", graph=None, batch=16)
    assert isinstance(found, OpenClipEncoder)
    return found


def by_hand(encoder: OpenClipEncoder, texts: list[str]) -> torch.Tensor:
    """Texts one by one, averaged, of length 1: [D]."""
    with torch.no_grad():
        rows = [encoder.model.encode_text(encoder.tokenize([text]))[0] for text in texts]
    mean = torch.stack(rows).mean(0)
    return mean / mean.norm()


def test_it_says_what_it_is(encoder: OpenClipEncoder) -> None:
    assert encoder.name.startswith(f"{ARCH}/")
    assert (encoder.dim, encoder.stand_in, encoder.notes(["xyzzy"])) == (16, False, [])
    assert not encoder.model.training
    assert not any(p.requires_grad for p in encoder.model.parameters())


def test_nouns_are_averaged_over_the_templates(encoder: OpenClipEncoder) -> None:
    seen: list[tuple[int, int]] = []
    names = ["dog", "pine_tree", "Adam Smith", "VII", "sea lion"]
    found = encoder.embed_nouns(names, lambda done, total: seen.append((done, total)))
    for row, name in zip(found, names, strict=True):
        texts = [t.format(name.replace("_", " ")) for t in TEMPLATES]
        torch.testing.assert_close(row, by_hand(encoder, texts), rtol=0, atol=1e-5)
    assert found.dtype == torch.float32
    assert seen == [(2, 5), (4, 5), (5, 5)]
    torch.testing.assert_close(encoder.embed_classes(names, {}).embeddings, found)


def test_a_class_s_own_prompts_take_the_templates_place(encoder: OpenClipEncoder) -> None:
    own = {
        "Others": tuple(f"a person, number {i}, of {{}}" for i in range(9)),
        "pine_tree": ("{} and {braces} of a {}",),
        "dog": (),
    }
    names = ["dog", "Others", "pine_tree"]
    texts = encoder.embed_classes(names, own)
    assert texts.notes == []
    expected = [
        [template.format("dog") for template in TEMPLATES],
        [f"a person, number {i}, of Others" for i in range(9)],
        ["pine tree and {braces} of a pine tree"],
    ]
    for row, sentences in zip(texts.embeddings, expected, strict=True):
        torch.testing.assert_close(row, by_hand(encoder, sentences), rtol=0, atol=1e-5)


def test_images_and_batches(encoder: OpenClipEncoder) -> None:
    rng = np.random.default_rng(1)
    train = rng.integers(0, 256, (11, 3, 8, 8), np.uint8)
    val = rng.integers(0, 256, (5, 1, 48, 40), np.uint8)
    told: list[tuple[int, int]] = []
    tower = encoder.fit(train, torch.zeros(11), torch.empty(0, 16), silent)
    seen = tower.training(lambda *at: told.append(at))
    unseen = tower.unseen(val, silent)
    assert (seen.shape, unseen.shape, seen.dtype) == ((11, 16), (5, 16), torch.float32)
    assert told == [(4, 11), (8, 11), (11, 11)]
    torch.testing.assert_close(seen.norm(dim=1), torch.ones(11))
    for found, images, i in ((seen, train, 9), (unseen, val, 4)):
        one = torch.from_numpy(images[i : i + 1])
        with torch.no_grad():
            alone = F.normalize(encoder.model.encode_image(prepare(one, encoder.preprocess)))
        torch.testing.assert_close(found[i : i + 1], alone, rtol=0, atol=1e-5)


def test_views_have_cifar_s_statistics(encoder: OpenClipEncoder) -> None:
    images = np.random.default_rng(2).integers(0, 256, (6, 3, 32, 32), np.uint8)
    tower = encoder.fit(images, torch.zeros(6), torch.empty(0, 16), silent)
    pixels = torch.from_numpy(images).double() / 255
    mean, std = ((0.5071, 0.4867, 0.4408), (0.2675, 0.2565, 0.2761))
    normal = [(pixels[:, c] - mean[c]) / std[c] for c in range(3)]
    with torch.no_grad():
        expected = F.normalize(encoder.model.encode_image(torch.stack(normal, 1).float()))
    found = tower.views(torch.arange(6), pixels.float())
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
    assert (found - tower.training(silent)).abs().max() > 1e-4  # which has CLIP's own


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
    # A view is resized alike, and differs in its statistics and in half a level of rounding.
    view = prepare_view(pixels / 255, {"size": 32})[0]
    both = [torch.tensor(s)[:, None, None] for s in (cfg.std, cfg.mean, CIFAR_MEAN, CIFAR_STD)]
    assert (view - (found * both[0] + both[1] - both[2]) / both[3]).abs().max() < 0.6 / 255 / 0.25


def test_grey_views_become_three_channels() -> None:
    grey = torch.full((2, 1, 8, 8), 0.5)
    found = prepare_view(grey, {"size": 16})
    assert found.shape == (2, 3, 16, 16)
    expected = (0.5 - torch.tensor(CIFAR_MEAN)) / torch.tensor(CIFAR_STD)
    torch.testing.assert_close(found[0, :, 3, 3], expected)


def test_prompts() -> None:
    assert len(prompts("a")) == 7
    assert prompts("sea_lion")[0] == "itap of a sea lion."
    assert prompts("x", ["{} {y}", "no name"]) == ["x {y}", "no name"]
