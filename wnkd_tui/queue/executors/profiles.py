"""A cluster's profile: a TOML file over the defaults of its executor."""

import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from wnkd_tui.queue.executors.base import ExecutorError

DEFAULTS = "defaults.toml"  # beside the module of a profile's model
Model = TypeVar("Model", bound=BaseModel)


def load(
    model: type[Model],
    path: Path,
    given: Mapping[str, object] | None = None,
    *,
    needed: bool,
    page: str,
) -> Model:
    """The profile at `path`; where there is none and none is `needed`, all is as usual. What was
    `given` on the command line counts first. `page` of the documentation shows one.

    Raises ExecutorError, which names the file and the value, where one cannot be.
    """
    package = model.__module__.rpartition(".")[0]
    merged = tomllib.loads(resources.files(package).joinpath(DEFAULTS).read_text("utf-8"))
    try:
        merged |= tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if needed:
            raise ExecutorError(f"no profile {path}: {page} shows one") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ExecutorError(f"cannot read {path}: {error}") from None
    try:
        return model.model_validate(merged | dict(given or {}))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        fault = first["msg"].removeprefix("Value error, ").replace("valid tuple", "list")
        raise ExecutorError(f"{path}: {where}: {fault} (found {first['input']!r})") from None
