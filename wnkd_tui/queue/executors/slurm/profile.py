"""What is asked of the cluster: a TOML profile over `defaults.toml`."""

import os
import re
from math import inf
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from wnkd_tui.home import Home
from wnkd_tui.queue.executors import profiles

PROFILE = "slurm.toml"  # in the home
# Options of sbatch by which the executor knows its jobs again, and that are not for a profile.
OURS = (
    *("-J", "--job-name", "-o", "--output", "-e", "--error", "--open-mode", "-a", "--array"),
    *("--signal", "--requeue", "--no-requeue", "--parsable", "--test-only", "-W", "--wait"),
    *("--comment", "--wrap", "-D", "--chdir", "-N", "--nodes", "-n", "--ntasks"),
    *("--ntasks-per-node", "-M", "--clusters"),
)
COUNTED = re.compile(r"(.+?)(?::(\d+))?")  # one of gres: its name and how many of it, 1 if not told
Word = Annotated[str, Field(pattern=r"^[!-~]*$")]
Line = Annotated[str, Field(pattern=r"^[^\x00-\x08\x0a-\x1f]*$")]


class Profile(BaseModel):
    """`defaults.toml` says what each one is. Times in seconds but for `time`, which is sbatch's."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    partition: Word
    account: Word
    gres: Word
    nodes: Annotated[int, Field(ge=1)]
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

    def options(self, ranks: int) -> list[str]:
        """What sbatch is given of it for a job of so many processes, a multiple of `nodes`."""
        here = ranks if ranks == 1 else ranks // self.nodes
        named = {
            "partition": self.partition,
            "account": self.account,
            "gres": _times(self.gres, here),
            "time": self.time,
        }
        if ranks > 1:
            named |= {"nodes": str(self.nodes), "ntasks-per-node": str(here)}
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

    @field_validator("python")
    @classmethod
    def _is_a_path(cls, python: str) -> str:
        """No shell reads it, so what a shell would put in is put in here."""
        return str(Path(os.path.expandvars(python)).expanduser()) if python else ""

    @field_validator("warning")
    @classmethod
    def _is_within_the_time(cls, warning: int, info: ValidationInfo) -> int:
        time = info.data.get("time", "")
        if _seconds(time) <= warning:
            raise ValueError(f"a job would be asked to go at once: time is {time!r}")
        return warning

    @field_validator("together")
    @classmethod
    def _are_kinds(cls, kinds: tuple[str, ...]) -> tuple[str, ...]:
        from engine.job import STAGES  # half a second that a profile alone needs

        for kind in kinds:
            if kind not in STAGES:
                raise ValueError(f"{kind!r} is no kind of job; known: {', '.join(STAGES)}")
        return kinds


def _times(gres: str, count: int) -> str:
    """gres of so many: "gpu:a100" as "gpu:a100:4"."""
    if count == 1 or not gres:
        return gres
    each = [COUNTED.fullmatch(one) for one in gres.split(",")]
    return ",".join(f"{one[1]}:{count * int(one[2] or 1)}" for one in each if one)


def _seconds(time: str) -> float:
    """Of a time limit as sbatch reads it: minutes, M:S, H:M:S, D-H, D-H:M or D-H:M:S. Infinite for
    0, and where it is none of these: that is sbatch's to refuse."""
    days, dash, rest = time.rpartition("-")
    parts = rest.split(":")
    units = (3600, 60, 1) if dash or len(parts) == 3 else (60, 1)
    try:
        whole = int(days) * 86_400 if dash else 0
        told = whole + sum(int(part) * unit for part, unit in zip(parts, units, strict=False))
    except ValueError:
        return inf
    return told or inf


def cluster_profile(home: Home, path: Path | None) -> Profile:
    """The one at `path`, which must be there, or the home's, which need not.

    Raises ExecutorError where one cannot be.
    """
    where, needed = path or home.root / PROFILE, path is not None
    return profiles.load(Profile, where, needed=needed, page="docs/slurm.md")
