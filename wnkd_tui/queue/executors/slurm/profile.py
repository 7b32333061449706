"""What is asked of the cluster: a TOML profile over `defaults.toml`."""

import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from wnkd_tui.home import Home
from wnkd_tui.queue.executors.base import ExecutorError

PROFILE = "slurm.toml"  # in the home
# Options of sbatch by which the executor knows its jobs again, and that are not for a profile.
OURS = (
    *("-J", "--job-name", "-o", "--output", "-e", "--error", "--open-mode", "-a", "--array"),
    *("--signal", "--requeue", "--no-requeue", "--parsable", "--test-only", "-W", "--wait"),
    *("--comment", "--wrap", "-D", "--chdir"),
)
Word = Annotated[str, Field(pattern=r"^[!-~]*$")]
Line = Annotated[str, Field(pattern=r"^[^\x00-\x08\x0a-\x1f]*$")]


class Profile(BaseModel):
    """`defaults.toml` says what each one is. Times in seconds but for `time`, which is sbatch's."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    partition: Word
    account: Word
    gres: Word
    time: Word
    extra: Annotated[tuple[Line, ...], Field(strict=False)]
    setup: Annotated[tuple[Line, ...], Field(strict=False)]
    python: Line
    max_jobs: Annotated[int, Field(ge=1, le=10_000)]
    together: Annotated[tuple[str, ...], Field(strict=False)]
    together_jobs: Annotated[int, Field(ge=1)]
    linger: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    warning: Annotated[int, Field(ge=0, le=65535)]
    every: Annotated[float, Field(ge=1, allow_inf_nan=False)]

    @property
    def options(self) -> list[str]:
        """What sbatch is given of it."""
        named = {
            "partition": self.partition,
            "account": self.account,
            "gres": self.gres,
            "time": self.time,
        }
        return [f"--{name}={value}" for name, value in named.items() if value] + [*self.extra]

    @field_validator("extra")
    @classmethod
    def _are_for_profiles(cls, extra: tuple[str, ...]) -> tuple[str, ...]:
        for option in extra:
            if not option.startswith("-"):
                raise ValueError(f"{option!r} is no option: write --name=value")
            short = not option.startswith("--")
            if (option[:2] if short else option.partition("=")[0]) in OURS:
                raise ValueError(f"{option!r} is wnkd's own")
        return extra

    @field_validator("together")
    @classmethod
    def _are_kinds(cls, kinds: tuple[str, ...]) -> tuple[str, ...]:
        from engine.job import STAGES  # half a second that a profile alone needs

        for kind in kinds:
            if kind not in STAGES:
                raise ValueError(f"{kind!r} is no kind of job; known: {', '.join(STAGES)}")
        return kinds


def cluster_profile(home: Home, path: Path | None) -> Profile:
    """The one at `path`, which must be there, or the home's, which need not."""
    return load(path or home.root / PROFILE, needed=path is not None)


def load(path: Path, *, needed: bool = False) -> Profile:
    """The profile at `path`; where there is none and none is `needed`, all is as usual.

    Raises ExecutorError, which names the file and the value, where one cannot be.
    """
    merged = tomllib.loads(
        resources.files(__package__).joinpath("defaults.toml").read_text("utf-8")
    )
    try:
        merged |= tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if needed:
            raise ExecutorError(f"no profile {path}: docs/slurm.md shows one") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ExecutorError(f"cannot read {path}: {error}") from None
    try:
        return Profile.model_validate(merged)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        fault = first["msg"].removeprefix("Value error, ").replace("valid tuple", "list")
        raise ExecutorError(f"{path}: {where}: {fault} (found {first['input']!r})") from None
