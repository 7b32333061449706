"""Where open_clip's weights come from: files, folders, archives, tags. No network."""

import json
import pickle
import re
import socket
import time
import warnings
import zipfile
from pathlib import Path
from typing import Any

import huggingface_hub
import open_clip
import pytest
import torch
from safetensors.torch import save_file

from engine.encoders import torchscript
from engine.encoders.checkpoint import CONFIG, EncoderError, load
from engine.encoders.choice import load_encoder
from engine.errors import ArtifactError

ARCH, PLAIN = "wnkd-tiny-quickgelu", "wnkd-tiny"
MODEL: dict[str, Any] = {
    "embed_dim": 16,
    "quick_gelu": True,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "head_width": 32, "patch_size": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}
PREPROCESS = {"mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6], "resize_mode": "squash"}
CPU = torch.device("cpu")
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit")
Weights = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    folder = tmp_path_factory.mktemp("configs")
    for arch, model in ((ARCH, MODEL), (PLAIN, {**MODEL, "quick_gelu": False})):
        (folder / f"{arch}.json").write_text(json.dumps(model))
        open_clip.add_model_config(folder / f"{arch}.json")
    torch.manual_seed(0)
    return dict(open_clip.create_model(ARCH).state_dict())


@pytest.fixture(scope="module")
def archive(weights: Weights, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As OpenAI publishes CLIP: traced, in half precision, with numbers beside the weights."""
    model = open_clip.create_model(ARCH).eval()
    model.load_state_dict(weights)
    model.register_buffer("input_resolution", torch.tensor(32))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        images, texts = torch.zeros(1, 3, 32, 32), torch.zeros(1, 77, dtype=torch.int64)
        traced = torch.jit.trace_module(
            model,
            {"forward": (images, texts), "encode_text": texts, "encode_image": images},
            check_trace=False,
        )
        for name, parameter in traced.named_parameters():
            if "ln_" not in name:
                parameter.data = parameter.data.half()
        path = tmp_path_factory.mktemp("archive") / "ViT-tiny.pt"
        torch.jit.save(traced, path)
    return path


def state(name: str, files: Path | None = None) -> Weights:
    return dict(load(name, files, CPU).model.state_dict())


def refusal(name: str, files: Path | None = None) -> str:
    with pytest.raises(EncoderError) as caught:
        load_encoder(name, graph=None, files=files)
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 400
    return text


def assert_same(found: Weights, expected: Weights, tolerance: float = 0.0) -> None:
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=tolerance, atol=tolerance)


# Files


@pytest.mark.parametrize("suffix", [".safetensors", ".pt", ".bin"])
def test_a_file_by_its_path_or_among_the_given_files(
    weights: Weights, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"tiny{suffix}"
    if suffix == ".safetensors":
        save_file(weights, path)
    else:
        torch.save({"state_dict": {f"module.{k}": v for k, v in weights.items()}}, path)
    assert_same(state(f"{ARCH}/{path}"), weights)
    assert_same(state(f"{ARCH}/file:{path.name}", tmp_path), weights)


def test_a_given_file_that_is_gone(weights: Weights, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"'x\.pt' is not in .*give it again"):
        state(f"{ARCH}/file:x.pt", tmp_path)


@pytest.mark.parametrize("name", ["no-such-arch/openai", "ViT-B-32", "resnet50", "ViT-B-32/"])
def test_unknown_encoders_are_refused(name: str) -> None:
    assert "no such encoder" in refusal(name)


def test_a_missing_file_names_some_tags(weights: Weights) -> None:
    text = refusal("ViT-B-32/nowhere/weights.pt")
    assert re.search(r"no such file, and no tag of ViT-B-32 \(openai, .* and \d+ more\)", text)
    assert "(it has none)" in refusal(f"{ARCH}/nowhere")


def test_other_weights_are_one_line(weights: Weights, tmp_path: Path) -> None:
    save_file({"x": torch.zeros(2)}, tmp_path / "x.safetensors")
    assert "Missing key(s)" in refusal(f"{ARCH}/{tmp_path / 'x.safetensors'}")
    wider = {k: torch.zeros(v.shape[0] + 1) if v.ndim == 1 else v for k, v in weights.items()}
    torch.save(wider, tmp_path / "wide.pt")
    assert "size mismatch" in refusal(f"{ARCH}/{tmp_path / 'wide.pt'}")
    torch.save([1, 2], tmp_path / "list.pt")
    assert f"not a checkpoint of {ARCH}" in refusal(f"{ARCH}/{tmp_path / 'list.pt'}")
    (tmp_path / "text.pt").write_text("hello")
    assert "something else than weights" in refusal(f"{ARCH}/{tmp_path / 'text.pt'}")


@pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
def test_a_truncated_file(weights: Weights, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"tiny{suffix}"
    save_file(weights, path) if suffix == ".safetensors" else torch.save(weights, path)
    path.write_bytes(path.read_bytes()[:10_000])
    assert f"not a checkpoint of {ARCH} (" in refusal(f"{ARCH}/{path}")


class Trap:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("sprung"),))


def test_no_file_runs_code(
    weights: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, archive: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": weights, "x": Trap()}, "trap.pt")
    assert "something else than weights" in refusal(f"{ARCH}/trap.pt")
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile("archive.pt", "w") as target:
        for name in source.namelist():
            data = pickle.dumps(Trap()) if name.endswith("/data.pkl") else source.read(name)
            target.writestr(name, data)
    assert "something else than weights" in refusal(f"{ARCH}/archive.pt")
    assert not Path("sprung").exists()


def test_a_small_archive_does_not_become_a_large_one(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    packed = zipfile.ZipFile("packed.pt", "w", zipfile.ZIP_DEFLATED)
    with zipfile.ZipFile(archive) as source, packed as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
    assert "something else than weights" in refusal(f"{ARCH}/packed.pt")


# OpenAI's archives


def test_a_torchscript_archive_is_read_without_being_run(
    weights: Weights, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*arguments: object, **named: object) -> None:
        raise AssertionError("the archive was run")

    expected = dict(torch.jit.load(archive).state_dict())
    monkeypatch.setattr(torch.jit, "load", run)
    found = torchscript.tensors(archive)
    assert_same({name: found[name] for name in expected}, expected)
    assert expected["visual.proj"].dtype == torch.float16
    assert_same(state(f"{ARCH}/{archive}"), weights, tolerance=1e-3)


def test_openai_s_archive_wants_quickgelu(weights: Weights, archive: Path) -> None:
    assert f"give {ARCH}/{archive}" in refusal(f"{PLAIN}/{archive}")
    assert "give ViT-B-32-quickgelu/openai" in refusal("ViT-B-32/openai")


def test_an_archive_of_another_network(weights: Weights, tmp_path: Path) -> None:
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), tmp_path / "linear.pt")
    assert "Missing key(s)" in refusal(f"{ARCH}/{tmp_path / 'linear.pt'}")


class Shapes(torch.nn.Module):
    """Views of one storage, of many types; attributes that are no weights."""

    numbers: list[int]

    def __init__(self) -> None:
        super().__init__()
        self.numbers, self.rate, self.nothing = [1, 2], 0.5, None
        whole = torch.arange(12.0).reshape(3, 4)
        for name, tensor in {
            "transposed": whole.t(),
            "part": whole[1:, 2:],
            "scalar": torch.tensor(7),
            "empty": torch.empty(0, 3),
            "brain": torch.ones(2, dtype=torch.bfloat16),
            "bools": torch.tensor([True, False]),
        }.items():
            self.register_buffer(name, tensor)
        self.inner = torch.nn.ModuleList([torch.nn.BatchNorm1d(2), torch.nn.Linear(2, 1).half()])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def test_archives_of_any_tensors(tmp_path: Path) -> None:
    torch.save(Shapes().state_dict(), tmp_path / "plain.pt")
    torch.jit.save(torch.jit.script(Shapes()), tmp_path / "shapes.pt")
    expected = dict(torch.jit.load(tmp_path / "shapes.pt").state_dict())
    assert_same(torchscript.tensors(tmp_path / "shapes.pt"), expected)
    assert torchscript.is_torchscript(tmp_path / "shapes.pt")
    assert not torchscript.is_torchscript(tmp_path / "plain.pt")


# Folders


@pytest.fixture
def folder(weights: Weights, tmp_path: Path) -> Path:
    """As a repository of the hub lies on disk."""
    path = tmp_path / "hub"
    path.mkdir()
    config = {"model_cfg": MODEL, "preprocess_cfg": PREPROCESS}
    (path / CONFIG).write_text(json.dumps(config))
    save_file(weights, path / "open_clip_model.safetensors")
    save_file({"x": torch.zeros(1)}, path / "model.safetensors")  # another library's
    (path / "README.md").write_text("read me")
    return path


def test_a_folder_of_the_hub(weights: Weights, folder: Path) -> None:
    for name, files in ((f"{ARCH}/{folder}", None), (f"{ARCH}/file:hub", folder.parent)):
        clip = load(name, files, CPU)
        assert_same(dict(clip.model.state_dict()), weights)
        assert clip.preprocess["mean"] == [0.1, 0.2, 0.3]
        assert clip.preprocess["resize_mode"] == "squash"
        assert clip.tokenize(["a dog"]).shape == (1, 77)


@pytest.mark.parametrize("kind", [".bin", ".pt"])
def test_a_folder_without_safetensors(weights: Weights, folder: Path, kind: str) -> None:
    (folder / "open_clip_model.safetensors").unlink()
    torch.save(weights, folder / f"open_clip_pytorch_model{kind}")
    assert_same(state(f"{ARCH}/{folder}"), weights)
    (folder / f"open_clip_pytorch_model{kind}").unlink()
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / f"mine{kind}")  # the only one there is
    assert_same(state(f"{ARCH}/{folder}"), weights)


def test_a_folder_of_another_model(weights: Weights, folder: Path) -> None:
    assert f"(quick_gelu is True, not False); give {ARCH}/…" in refusal(f"{PLAIN}/{folder}")
    silent = {key: value for key, value in MODEL.items() if key != "quick_gelu"}
    (folder / CONFIG).write_text(json.dumps({"model_cfg": silent}))
    for arch, quick in ((ARCH, True), (PLAIN, False)):  # then the name decides
        model = load(f"{arch}/{folder}", None, CPU).model
        assert ("QuickGELU" in str(model.transformer)) is quick
    other = {**MODEL, "vision_cfg": {**MODEL["vision_cfg"], "patch_size": 8}}
    (folder / CONFIG).write_text(json.dumps({"model_cfg": other}))
    text = refusal(f"{ARCH}/{folder}")
    assert text.endswith(f"not {ARCH} by its {CONFIG} (vision_cfg.patch_size is 8, not 16)")


@pytest.mark.parametrize("config", ["{", "[]", '{"model_cfg": 3}', '{"embed_dim": 16}'])
def test_a_folder_with_a_broken_config(weights: Weights, folder: Path, config: str) -> None:
    (folder / CONFIG).write_text(config)
    assert f"{CONFIG} is no JSON that holds a model_cfg" in refusal(f"{ARCH}/{folder}")


def test_a_folder_without_a_config_is_arch(weights: Weights, folder: Path) -> None:
    (folder / CONFIG).unlink()
    assert_same(state(f"{ARCH}/{folder}"), weights)
    (folder / "open_clip_model.safetensors").unlink()
    save_file(weights, folder / "other.safetensors")
    assert "which one? give it as a file (model.safetensors" in refusal(f"{ARCH}/{folder}")
    for path in folder.glob("*.safetensors"):
        path.unlink()
    assert "open_clip_model.safetensors should be there" in refusal(f"{ARCH}/{folder}")


# Tags


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the hub, and no network."""

    def cut(*arguments: object, **named: object) -> None:
        raise OSError("Network is unreachable")

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(socket.socket, "connect", cut)
    monkeypatch.setattr(socket, "getaddrinfo", cut)
    monkeypatch.setattr(time, "sleep", cut)  # who retries sleeps
    return tmp_path


def test_without_a_network_a_tag_says_which_file_to_get(hub: Path) -> None:
    text = refusal("ViT-B-32-quickgelu/openai")
    place = open_clip.get_pretrained_cfg("ViT-B-32-quickgelu", "openai")["hf_hub"]
    assert re.fullmatch(
        r"ViT-B-32-quickgelu/openai: its weights could not be fetched \(\w+\); get "
        rf"open_clip_model\.safetensors of huggingface\.co/{re.escape(place.rstrip('/'))} "
        r"and give --encoder ViT-B-32-quickgelu/PATH",
        text,
    )


def test_a_tag_in_the_cache_needs_no_network(
    weights: Weights, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = {"hf_hub": "someone/tiny/", "quick_gelu": True, **PREPROCESS}
    monkeypatch.setitem(open_clip.pretrained._PRETRAINED, ARCH, {"test": tag})
    snapshot = hub / "models--someone--tiny" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text("abc")
    assert "get open_clip_model.safetensors of huggingface.co/someone/tiny" in refusal(
        f"{ARCH}/test"
    )
    torch.save(weights, snapshot / "open_clip_pytorch_model.bin")
    clip = load(f"{ARCH}/test", None, CPU)
    assert_same(dict(clip.model.state_dict()), weights)
    assert clip.preprocess["std"] == [0.4, 0.5, 0.6]
