"""A trial becomes jobs: a DAG whose nodes are named by what they compute.

A job's key hashes its own settings, its inputs' keys and its stage's version. Whatever two trials
have in common therefore has one key and is computed once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from engine.canonical import content_key
from engine.encoders.names import is_stand_in
from engine.recipe import Recipe, load_recipe
from engine.spec import Modality, MultimodalSpec, TrialSpec, ValidationText

# A stage's version goes up whenever its output for the same settings may change.
STAGE_VERSIONS = {
    "wordnet": 1,
    "nouns": 1,
    "embed": 1,
    "relax": 1,
    "teacher": 1,
    "T_x": 1,
    "logits": 1,
    "student": 1,
    "attribution": 1,
}
IMAGE_TEACHERS = {"T_1s": "strong", "T_2w": "weak"}


@dataclass(frozen=True)
class DatasetRef:
    """What a plan needs to know of a dataset: its name and the key of its content."""

    name: str
    key: str


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


def plan(spec: TrialSpec, dataset: DatasetRef) -> Plan:
    """The jobs of `spec`. Raises SpecError for an unknown recipe."""
    return Plan(spec, tuple(_Planner(spec, dataset).jobs()))


class _Planner:
    """Holds what every job of one trial shares."""

    def __init__(self, spec: TrialSpec, dataset: DatasetRef) -> None:
        self.spec = spec
        self.recipe: Recipe = load_recipe(spec.recipe, spec.dataset)
        self.data = {
            "dataset": dataset.name,
            "dataset_key": dataset.key,
            "limit_train": spec.limit_train,
        }
        self.machine = {"cpu_threads": self.recipe.cpu_threads}
        # Only the image networks compute in the recipe's precision; the other jobs are shared
        # between recipes that differ in it.
        self.image_machine = {**self.machine, "precision": self.recipe.precision}

    def jobs(self) -> list[JobSpec]:
        jobs: list[JobSpec] = []
        taught_by: dict[str, str] = {}
        if self.spec.tx:
            of_tx = self._multimodal(self.spec.tx)
            jobs += of_tx
            taught_by["T_x"] = next(job.key for job in of_tx if job.kind == "T_x")
        if self.spec.teachers.image:
            for name, policy in IMAGE_TEACHERS.items():
                teacher = self._teacher(name, policy)
                logits = self._logits(name, teacher)
                jobs += [teacher, logits]
                taught_by[name] = logits.key
        return [*jobs, self._student(taught_by)]

    def _multimodal(self, tx: MultimodalSpec) -> list[JobSpec]:
        encoder = {"encoder": tx.encoder}
        relaxes = tx.wn > 0 or tx.val_text is ValidationText.WN
        jobs = []
        wordnet = JobSpec("wordnet", "WordNet nouns", {})
        if relaxes or is_stand_in(tx.encoder):
            jobs.append(wordnet)
        embed = JobSpec(
            "embed",
            f"embed {self.spec.dataset}",
            {**self.data, **encoder, **self.machine},
            {"wordnet": wordnet.key} if is_stand_in(tx.encoder) else {},
        )
        jobs.append(embed)
        inputs = {"embed": embed.key}
        if relaxes:
            recipe = self.recipe.relax.model_dump()
            nouns = JobSpec(
                "nouns",
                f"embed {recipe['nouns']} nouns",
                {**encoder, "nouns": recipe.pop("nouns"), **self.machine},
                {"wordnet": wordnet.key},
            )
            temperature = recipe["temperature"]
            relax = JobSpec(
                "relax",
                "noun bank",
                {**recipe, "seed": self.spec.seed, **self.machine},
                {"wordnet": wordnet.key, "embed": embed.key, "nouns": nouns.key},
            )
            jobs += [nouns, relax]
            inputs["relax"] = relax.key
        else:
            temperature = None
        text = {
            "modality": tx.modality.value,
            "wn": tx.wn,
            "noise": tx.noise,
            "temperature": temperature,
        }
        teacher = JobSpec(
            "T_x",
            tx.name,
            {
                **self.recipe.T_x.model_dump(),
                **text,
                "val_text": tx.val_text,
                "seed": self.spec.seed,
                **self.machine,
            },
            inputs,
        )
        jobs.append(teacher)
        if tx.modality is Modality.IMG_TEXT:
            jobs.append(
                JobSpec(
                    "attribution",
                    f"attribution {tx.name}",
                    {
                        **self.recipe.attribution.model_dump(),
                        "seed": self.spec.seed,
                        **self.machine,
                    },
                    {**inputs, "T_x": teacher.key},
                )
            )
        return jobs

    def _teacher(self, name: str, policy: str) -> JobSpec:
        return JobSpec(
            "teacher",
            name,
            {
                "member": name,
                **self.data,
                **self.recipe.teacher.model_dump(),
                "augment": self.recipe.augment[policy],  # type: ignore[index]
                "seed": self.spec.seed,
                **self.image_machine,
            },
        )

    def _logits(self, name: str, teacher: JobSpec) -> JobSpec:
        return JobSpec("logits", f"logits of {name}", self._views(), {"teacher": teacher.key})

    def _views(self) -> dict[str, Any]:
        """What decides the pixels that a student sees: logits made for them serve every student."""
        return {
            **self.data,
            "augment": self.recipe.augment["strong"],
            "epochs": self.recipe.student.optimiser.epochs,
            "seed": self.spec.seed,
            **self.image_machine,
        }

    def _student(self, taught_by: dict[str, str]) -> JobSpec:
        student = self.recipe.student.model_dump()
        if not taught_by:  # τ and λ do not touch a student without teachers
            student |= {"tau": None, "lam": None}
        return JobSpec("student", self.spec.name, {**self._views(), **student}, taught_by)
