"""What is asked of a Ray cluster: a TOML profile over `defaults.toml`."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from wnkd_tui.home import Home
from wnkd_tui.queue.executors import profiles

PROFILE = "ray.toml"  # in the home
CLIENT = "ray://"
GIB = 2**30
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False, strict=False)]


class Profile(BaseModel):
    """`defaults.toml` says what each one is. `memory` in GiB, `every` in seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    address: Annotated[str, Field(pattern=r"^[!-~]+$")]
    num_gpus: Amount
    num_cpus: Amount
    memory: Amount
    max_jobs: Annotated[int, Field(ge=1, le=1_000)]  # a thread each
    cache: str
    seen: Annotated[tuple[str, ...], Field(strict=False)]
    every: Annotated[float, Field(ge=0.1, allow_inf_nan=False, strict=False)]

    @field_validator("address")
    @classmethod
    def _is_of_a_node(cls, address: str) -> str:
        if address.startswith(CLIENT):
            raise ValueError("a host that is no node cannot run this: docs/ray.md")
        return address

    @field_validator("num_gpus")
    @classmethod
    def _is_for_ray(cls, gpus: float) -> float:
        if gpus > 1 and gpus != int(gpus):
            raise ValueError("more than one GPU is a whole number of them")
        return gpus

    @field_validator("cache")
    @classmethod
    def _is_anywhere(cls, path: str) -> str:
        if path and not path.startswith(("/", "~", "$")):
            raise ValueError("must begin with /, ~ or a variable of the nodes' ($SCRATCH/wnkd)")
        return path

    @field_validator("seen")
    @classmethod
    def _are_paths(cls, paths: tuple[str, ...]) -> tuple[str, ...]:
        for path in paths:
            if not path.startswith("/"):
                raise ValueError(f"{path!r} is no absolute path")
        return paths

    def is_seen(self, path: Path) -> bool:
        """Whether nodes have `path` themselves."""
        return any(path.is_relative_to(one) for one in self.seen)

    def needs(self, gpus: int) -> dict[str, float]:
        """What a job that computes on so many GPUs takes of a node, by Ray's names; memory in
        bytes."""
        wanted = {
            "GPU": self.num_gpus * gpus,
            "CPU": self.num_cpus,
            "memory": self.memory * GIB,
        }
        return {name: amount for name, amount in wanted.items() if amount}


def cluster_profile(home: Home, path: Path | None, address: str | None) -> Profile:
    """The one at `path`, which must be there, or the home's, which need not; `address` is instead
    of its own. Raises ExecutorError where one cannot be."""
    where, needed = path or home.root / PROFILE, path is not None
    given = {"address": address} if address else {}
    return profiles.load(Profile, where, given, needed=needed, page="docs/ray.md")
