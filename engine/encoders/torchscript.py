"""The tensors of a TorchScript archive, read without running anything that is in it.

OpenAI publishes CLIP so. Such an archive is a zip of code and of a pickle that says which tensor
belongs to which module; `torch.jit.load` would run the code. Here the pickle is read by an
unpickler that knows tensors and modules' names and refuses everything else.
"""

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

DTYPES = {
    "BFloat16Storage": torch.bfloat16,
    "BoolStorage": torch.bool,
    "ByteStorage": torch.uint8,
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "IntStorage": torch.int32,
    "LongStorage": torch.int64,
}
LISTS = ("build_boollist", "build_doublelist", "build_intlist", "build_tensorlist")


def is_torchscript(path: Path) -> bool:
    """Whether `path` is such an archive; torch.save's files have no constants of code."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())


def tensors(path: Path) -> dict[str, Tensor]:
    """Parameters and buffers by their dotted names, on the CPU.

    Raises UnpicklingError where the archive asks for anything but modules and tensors, and what
    zipfile and torch raise for a damaged one.
    """
    with zipfile.ZipFile(path) as archive:
        records = (name for name in archive.namelist() if name.endswith("/data.pkl"))
        folder = min(records, key=len).removesuffix("data.pkl")
        module = _Unpickler(archive, folder).load()
    return dict(_state(module, ""))


class _Module:
    """Stands for a module of whatever class; its attributes are data."""

    attributes: dict[str, Any]

    def __setstate__(self, attributes: dict[str, Any]) -> None:
        self.attributes = attributes


class _Unpickler(pickle.Unpickler):
    def __init__(self, archive: zipfile.ZipFile, folder: str) -> None:
        super().__init__(io.BytesIO(_stored(archive, f"{folder}data.pkl")))
        self._archive, self._folder = archive, folder
        self._storages: dict[str, Tensor] = {}

    def find_class(self, module: str, name: str) -> Any:
        if module == "__torch__" or module.startswith("__torch__."):
            return _Module
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch.jit._pickle" and name in LISTS:
            return list
        raise pickle.UnpicklingError(f"asks for {module}.{name}")

    def persistent_load(self, pid: Any) -> Tensor:
        """A storage as a tensor [numel]; modules may share one."""
        _, dtype, key, _, count = pid
        if key not in self._storages:
            data = bytearray(_stored(self._archive, f"{self._folder}data/{key}"))
            self._storages[key] = (
                torch.frombuffer(data, dtype=dtype, count=count) if count else torch.empty(0)
            ).to(dtype)
        return self._storages[key]


def _stored(archive: zipfile.ZipFile, name: str) -> bytes:
    """A member as torch writes data, which is not compressed: none is larger than the file."""
    if archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
        raise pickle.UnpicklingError(f"{name} is compressed")
    return archive.read(name)


def _tensor(storage: Tensor, offset: int, size: Any, stride: Any, *unused: Any) -> Tensor:
    """torch raises RuntimeError where the view would leave the storage."""
    return storage.as_strided(size, stride, offset)


def _state(module: _Module, prefix: str) -> Iterator[tuple[str, Tensor]]:
    for name, value in module.attributes.items():
        if isinstance(value, Tensor):
            yield prefix + name, value
        elif isinstance(value, _Module):
            yield from _state(value, f"{prefix}{name}.")
