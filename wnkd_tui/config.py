"""How this machine's queue behaves: `config.toml` in the home, over `defaults.toml`."""

import tomllib
from importlib import resources
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.errors import WnkdError
from wnkd_tui.home import Home

CONFIG = "config.toml"
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Event = Literal["failed", "finished", "empty"]


class ConfigError(WnkdError):
    """`config.toml` cannot be read, or says what cannot be."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class QueueConfig(_Section):
    """Times in seconds, sizes in MiB; `defaults.toml` says what each one does."""

    retries: Annotated[int, Field(ge=0)]
    backoff: NonNegative
    backoff_limit: NonNegative
    grace: NonNegative
    free_disk: Annotated[int, Field(ge=0)]
    gpu_margin: Annotated[int, Field(ge=0)]
    gpu_unknown: Annotated[int, Field(ge=0)]


class NotifyConfig(_Section):
    """Where notices go; nowhere where neither a command nor a webhook is given."""

    on: Annotated[tuple[Event, ...], Field(strict=False)]
    command: Annotated[tuple[str, ...], Field(strict=False)]
    webhook: Annotated[str, Field(pattern=r"^(https?://\S+)?$")]
    every: NonNegative
    timeout: Positive


class Config(_Section):
    queue: QueueConfig
    notify: NotifyConfig


def load(home: Home) -> Config:
    """Raises ConfigError, which names the file and the value, where one cannot be."""
    path = home.root / CONFIG
    merged = tomllib.loads(resources.files("wnkd_tui").joinpath("defaults.toml").read_text("utf-8"))
    try:
        own = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        own = {}
    except (OSError, ValueError) as error:  # TOML's and UTF-8's errors are ValueErrors
        raise ConfigError(f"cannot read {path}: {error}") from None
    for name, section in own.items():
        known = merged.get(name, {})
        merged[name] = {**known, **section} if isinstance(section, dict) else section
    try:
        return Config.model_validate(merged)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigError(
            f"{path}: {where}: {first['msg']} (found {_shown(first['input'])})"
        ) from None


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
