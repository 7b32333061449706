"""A cluster's profile: a TOML file over the defaults of its executor."""

import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from wnkd_tui import toml_file
from wnkd_tui.queue.executors.base import ExecutorError

DEFAULTS = "defaults.toml"  # beside the module of a profile's model


def load(
    model: type[toml_file.Model],
    path: Path,
    given: Mapping[str, object] | None = None,
    *,
    needed: bool,
    page: str,
) -> toml_file.Model:
    """The profile at `path`; where there is none and none is `needed`, all is as usual. What was
    `given` on the command line counts first. `page` of the documentation shows one.

    Raises ExecutorError, which names the file and the value, where one cannot be.
    """
    package = model.__module__.rpartition(".")[0]
    merged = tomllib.loads(resources.files(package).joinpath(DEFAULTS).read_text("utf-8"))
    try:
        merged |= toml_file.read(path, ExecutorError)
    except FileNotFoundError:
        if needed:
            raise ExecutorError(f"no profile {path}: {page} shows one") from None
    return toml_file.checked(model, merged | dict(given or {}), path, ExecutorError)
