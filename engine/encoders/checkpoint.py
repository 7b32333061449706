"""An open_clip model from its name: ARCH/TAG, ARCH/PATH or ARCH/file:NAME.

TAG is one that open_clip knows, fetched from the Hugging Face hub or found in its cache. PATH is a
checkpoint (.safetensors, or .pt, .pth and .bin that hold weights only), OpenAI's TorchScript
archive, or a folder as the hub has them. `file:NAME` is any of these, in the folder of given files.
Nothing in a file is ever run.
"""

import contextlib
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import huggingface_hub as hub
import open_clip
import torch
from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError
from torch import Tensor, nn

from engine.encoders import torchscript
from engine.errors import WnkdError
from engine.files import FILE, reason, resolve

PATIENCE = 10  # seconds that the hub has to answer
CONFIG = "open_clip_config.json"
# As the hub names them; "model.safetensors" there is another library's layout.
WEIGHTS = (
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.safetensors",
    "open_clip_pytorch_model.bin",
    "open_clip_pytorch_model.pt",
)
SUFFIXES = (".safetensors", ".bin", ".pt", ".pth")
# In OpenAI's archive beside the weights: numbers of the config, masks that follow from it.
NOT_WEIGHTS = ("input_resolution", "context_length", "vocab_size", "attn_mask")


class EncoderError(WnkdError, RuntimeError):
    """An encoder does not exist, or its weights cannot be had or are another model's."""


@dataclass(frozen=True)
class Clip:
    """`model` of open_clip, in eval mode, float32, without gradients; `tokenize` gives int64
    [n, context]; `preprocess` is the model's own (see `engine.encoders.preprocess`)."""

    model: Any
    tokenize: Callable[[list[str]], Tensor]
    preprocess: dict[str, Any]


def load(name: str, files: Path | None, device: torch.device) -> Clip:
    """The model `name` on `device`. Raises EncoderError, and ArtifactError for a missing file:NAME.

    Without a network a tag that is not in the cache fails within PATIENCE seconds.
    """
    arch, _, weights = name.partition("/")
    if arch not in open_clip.list_models() or not weights:
        raise EncoderError(
            f"{name}: no such encoder; give wordnet-graph, or ARCH/TAG of open_clip such as "
            "ViT-B-32-quickgelu/openai"
        )
    source, path, preprocess = _located(name, arch, weights, files)
    try:
        with _silent_root():
            # Weights of one tower are never fetched in the place of the checkpoint's.
            model = open_clip.create_model(
                source,
                load_weights=False,
                pretrained_text=False,
                force_quick_gelu=_is_quick(arch),
                force_preprocess_cfg=preprocess,
                device=device,
            )
            tokenize = open_clip.get_tokenizer(source)
    except Exception as error:  # a missing package, a config of nonsense, a tokenizer to fetch
        raise EncoderError(f"{name}: {arch} could not be built ({reason(error)})") from error
    try:
        with _silent_root():
            _fill(model, path)
    except Exception as error:  # zipfile, safetensors, pickle and torch have errors of their own
        raise EncoderError(f"{name}: not a checkpoint of {arch} ({reason(error)})") from error
    found = open_clip.get_model_preprocess_cfg(model)
    return Clip(model.eval().requires_grad_(False), tokenize, found)


def _located(
    name: str, arch: str, weights: str, files: Path | None
) -> tuple[str, Path, dict[str, Any]]:
    """Where the model is described, as open_clip says it; its checkpoint; and what the tag says of
    preprocessing."""
    tags = open_clip.list_pretrained_tags_by_model(arch)
    if weights in tags:
        config = open_clip.get_pretrained_cfg(arch, weights)
        if config.get("quick_gelu"):
            _check_activation(name, arch)
        return arch, _fetched(name, arch, config["hf_hub"]), config
    path = resolve(files, weights) if weights.startswith(FILE) else Path(weights).expanduser()
    if path.is_dir():
        checkpoint = _checkpoint_in(name, path)
        if not (path / CONFIG).is_file():
            return arch, checkpoint, {}
        _check_config(name, arch, path)
        return f"local-dir:{path}", checkpoint, {}
    if not path.is_file():
        known = ", ".join(tags[:3]) + (f" and {len(tags) - 3} more" if len(tags) > 3 else "")
        raise EncoderError(f"{name}: no such file, and no tag of {arch} ({known or 'it has none'})")
    if torchscript.is_torchscript(path):
        _check_activation(name, arch)
    return arch, path, {}


def _fill(model: nn.Module, path: Path) -> None:
    """Puts the checkpoint's weights into the model; every one must be there and fit."""
    if torchscript.is_torchscript(path):
        found = torchscript.tensors(path)
        weights = {k: v for k, v in found.items() if k.rpartition(".")[2] not in NOT_WEIGHTS}
        model.load_state_dict(weights)
    else:
        open_clip.load_checkpoint(model, str(path), weights_only=True)


def _fetched(name: str, arch: str, place: str) -> Path:
    """The file of a tag, from the hub's cache or the hub; `place` is REPOSITORY/[FILE].

    open_clip would ask for each file in turn and the hub's client would try each several times.
    """
    repository, _, file = place.rpartition("/")
    names = [WEIGHTS[0], WEIGHTS[2]]
    if file not in ("", *names):
        names = list(dict.fromkeys([f"{file.rpartition('.')[0]}.safetensors", file]))
    for each in names:
        cached = hub.try_to_load_from_cache(repository, each)
        if isinstance(cached, str):
            return Path(cached)
    why = "not on the hub"
    for each in names:
        try:
            url = hub.hf_hub_url(repository, each)
            hub.get_hf_file_metadata(url, token=hub.get_token(), timeout=PATIENCE)
            return Path(hub.hf_hub_download(repository, each))
        except EntryNotFoundError as error:
            if isinstance(error, LocalEntryNotFoundError):
                why = "the connection broke off"
                break
        except Exception as error:  # noqa: BLE001 - the client has many errors, a socket more
            why = type(error).__name__
            break
    raise EncoderError(
        f"{name}: its weights could not be fetched ({why}); get {names[0]} of "
        f"huggingface.co/{repository} and give --encoder {arch}/PATH"
    )


def _check_activation(name: str, arch: str) -> None:
    """Weights trained with QuickGELU, OpenAI's above all, load without it too, and are then bad."""
    quick = f"{arch}-quickgelu"
    if not _is_quick(arch) and quick in open_clip.list_models():
        weights = name.partition("/")[2]
        raise EncoderError(f"{name}: these weights need QuickGELU; give {quick}/{weights}")


def _is_quick(arch: str) -> bool:
    return bool(open_clip.get_model_config(arch).get("quick_gelu"))


def _checkpoint_in(name: str, folder: Path) -> Path:
    found = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES)
    preferred = [folder / each for each in WEIGHTS if folder / each in found] or found
    if not preferred:
        raise EncoderError(f"{name}: no weights in this folder; {WEIGHTS[0]} should be there")
    if len(found) > 1 and preferred == found:
        names = ", ".join(path.name for path in found[:3])
        raise EncoderError(f"{name}: which one? give it as a file ({names})")
    return preferred[0]


def _check_config(name: str, arch: str, folder: Path) -> None:
    """A folder says itself which model it holds; ARCH must be that one."""
    ours = open_clip.get_model_config(arch)
    try:
        theirs = json.loads((folder / CONFIG).read_text(encoding="utf-8"))["model_cfg"]
        wrong = _difference(ours, theirs)
    except (ValueError, LookupError, TypeError, AttributeError):
        raise EncoderError(f"{name}: {CONFIG} is no JSON that holds a model_cfg") from None
    if wrong:
        configs = {each: open_clip.get_model_config(each) for each in open_clip.list_models()}
        fits = [each for each, config in configs.items() if not _difference(config, theirs)]
        advice = f"; give {fits[0]}/…" if fits else ""
        raise EncoderError(f"{name}: not {arch} by its {CONFIG} ({wrong}){advice}")


def _difference(ours: dict[str, Any], theirs: dict[str, Any]) -> str:
    """The first thing that both configs say, but not alike; "" where there is none.

    A config that is silent on quick_gelu means that it has none here, where `ours` is open_clip's,
    and leaves it open there: OpenAI's weights are on the hub under more than one name.
    """
    ours = {"quick_gelu": False, **ours} if "quick_gelu" in theirs else ours
    for key in sorted(ours.keys() & theirs.keys()):
        mine, other = ours[key], theirs[key]
        if isinstance(mine, dict) and isinstance(other, dict):
            if deeper := _difference(mine, other):
                return f"{key}.{deeper}"
        elif mine != other:
            return f"{key} is {other}, not {mine}"
    return ""


@contextlib.contextmanager
def _silent_root() -> Iterator[None]:
    """open_clip repeats what it raises on the root logger, where it would break a progress bar."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        root.setLevel(level)
