"""A job and its key, and a trial as its jobs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from engine.canonical import content_key
from engine.spec import TrialSpec

# A stage's version goes up whenever its output for the same settings may change.
STAGE_VERSIONS = {
    "wordnet": 1,
    "nouns": 1,
    "embed": 2,
    "views": 1,
    "relax": 2,
    "teacher": 3,
    "T_x": 3,
    "logits": 4,
    "student": 4,
    "attribution": 2,
}


@dataclass(frozen=True)
class DatasetRef:
    """What a plan needs to know of a dataset: its name, its content's key, its class sizes."""

    name: str
    key: str
    train_per_class: tuple[int, ...]


@dataclass(frozen=True)
class JobSpec:
    """One job: `kind` is its stage, `name` what people call it, `inputs` role → key."""

    kind: str
    name: str
    settings: Mapping[str, Any]
    inputs: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def key(self) -> str:
        """Content key; the name is for people and has no part in it."""
        return content_key(
            {
                "kind": self.kind,
                "version": STAGE_VERSIONS[self.kind],
                "settings": dict(self.settings),
                "inputs": dict(self.inputs),
            }
        )


@dataclass(frozen=True)
class Plan:
    """A trial's jobs, inputs before users, each once."""

    spec: TrialSpec
    jobs: tuple[JobSpec, ...]

    @cached_property
    def key(self) -> str:
        """Key of the trial: its spec and everything that is computed for it."""
        return content_key({"spec": self.spec.to_dict(), "jobs": [job.key for job in self.jobs]})
