"""How this machine's queue behaves: `config.toml` in the home, over `defaults.toml`."""

import tomllib
from importlib import resources
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from engine.errors import WnkdError
from wnkd_tui import toml_file
from wnkd_tui.home import Home

CONFIG = "config.toml"
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Event = Literal["failed", "finished", "empty"]
SCHEMES = ("http", "https")
WEEK, TEN_MINUTES = 604_800.0, 600.0  # seconds


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
    fuse: Annotated[int, Field(ge=1)]
    gpus_per_job: Annotated[int, Field(ge=1)]


class NotifyConfig(_Section):
    """Where notices go; nowhere where neither a command nor a webhook is given."""

    on: Annotated[tuple[Event, ...], Field(strict=False)]
    command: Annotated[tuple[str, ...], Field(strict=False)]
    webhook: str
    every: Annotated[NonNegative, Field(le=WEEK)]
    timeout: Annotated[Positive, Field(le=TEN_MINUTES)]

    @property
    def somewhere(self) -> bool:
        return bool(self.command or self.webhook)

    @field_validator("command")
    @classmethod
    def _can_be_started(cls, command: tuple[str, ...]) -> tuple[str, ...]:
        if command and not command[0]:
            raise ValueError("the first word is the program: it cannot be empty")
        if any("\0" in word for word in command):
            raise ValueError("a word cannot hold the sign with number 0")
        return command

    @field_validator("webhook")
    @classmethod
    def _is_of_the_web(cls, url: str) -> str:
        if not url:
            return url
        parts = urlsplit(url)  # raises ValueError, as `port` does, where one is no number
        plain = all("!" <= sign <= "~" for sign in url)
        if parts.scheme not in SCHEMES or not parts.hostname or parts.port == 0 or not plain:
            raise ValueError("write a URL such as https://example.org/hook, without blanks")
        return url


class Config(_Section):
    queue: QueueConfig
    notify: NotifyConfig


def load(home: Home) -> Config:
    """Raises ConfigError, which names the file and the value, where one cannot be."""
    path = home.root / CONFIG
    merged = tomllib.loads(resources.files("wnkd_tui").joinpath("defaults.toml").read_text("utf-8"))
    try:
        own = toml_file.read(path, ConfigError)
    except FileNotFoundError:
        own = {}
    for name, section in own.items():
        known = merged.get(name, {})
        merged[name] = {**known, **section} if isinstance(section, dict) else section
    return toml_file.checked(Config, merged, path, ConfigError)
