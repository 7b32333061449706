"""A trial becomes jobs: a DAG whose nodes are named by what they compute.

A job's key hashes its own settings, its inputs' keys and its stage's version. Whatever two trials
have in common therefore has one key and is computed once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from engine.canonical import content_key
from engine.data.shots import shot_groups
from engine.encoders.names import is_stand_in
from engine.errors import SpecError
from engine.kept import top_k
from engine.recipe import Recipe, changed, load_recipe, settled
from engine.spec import Method, Modality, MultimodalSpec, TrialSpec

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
IMAGE_TEACHERS = {"T_1s": "strong", "T_2w": "weak", "T_3s": "strong"}
EXPERTS = {"many": "E_many", "medium": "E_medium", "few": "E_few"}


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


def plan(spec: TrialSpec, dataset: DatasetRef) -> Plan:
    """The jobs of `spec`, whose changes are brought to their one form.

    Raises SpecError for an unknown recipe or setting, and for LFME on a set without shot groups.
    """
    recipe = load_recipe(spec.recipe, spec.dataset)
    spec = replace(spec, changes=settled(recipe, spec.changes))
    return Plan(spec, tuple(_Planner(spec, dataset, changed(recipe, spec.changes)).jobs()))


class _Planner:
    """Holds what every job of one trial shares."""

    def __init__(self, spec: TrialSpec, dataset: DatasetRef, recipe: Recipe) -> None:
        self.spec, self.dataset, self.recipe = spec, dataset, recipe
        self.data = {
            "dataset": dataset.name,
            "dataset_key": dataset.key,
            "limit_train": spec.limit_train,
        }
        self.machine = {"cpu_threads": recipe.cpu_threads}
        # Only the image networks compute in the recipe's precision; the other jobs are shared
        # between recipes that differ in it.
        self.pixels = {"image_size": recipe.image_size, "precision": recipe.precision}

    def jobs(self) -> list[JobSpec]:
        jobs: list[JobSpec] = []
        taught_by: dict[str, str] = {}
        if self.spec.tx:
            of_tx = self._multimodal(self.spec.tx)
            jobs += of_tx
            taught_by["T_x"] = next(job.key for job in of_tx[::-1] if job.kind in ("logits", "T_x"))
        for name in self.spec.teachers.image:
            settings = self._teacher_settings(name, IMAGE_TEACHERS[name])
            jobs += self._taught(name, settings, taught_by)
        if self.spec.method is Method.LFME:
            for group, classes in self._shot_groups().items():
                name = EXPERTS[group]
                settings = self._teacher_settings(name, "strong") | {
                    "weights": "none",
                    "optimiser": self.recipe.lfme.expert.model_dump(),
                    "group": classes,
                }
                jobs += self._taught(name, settings, taught_by)
        return [*jobs, self._student(taught_by)]

    def _multimodal(self, tx: MultimodalSpec) -> list[JobSpec]:
        recipe = self.recipe
        stand_in = is_stand_in(tx.encoder)
        encoder = {
            "encoder": tx.encoder,
            **self.machine,
        }
        read_at = {"size": recipe.embed.stand_in_size if stand_in else recipe.embed.size}
        jobs = []
        wordnet = JobSpec("wordnet", "WordNet nouns", {})
        if tx.relaxes or stand_in:
            jobs.append(wordnet)
        reads_wordnet = {"wordnet": wordnet.key} if stand_in else {}
        embed = JobSpec(
            "embed",
            f"embed {self.spec.dataset}",
            {**self.data, **encoder, **read_at},
            reads_wordnet,
        )
        jobs.append(embed)
        inputs = {"embed": embed.key}
        if self._sees_views(tx):
            views = JobSpec(
                "views",
                "embed the student's views",
                {**self._views(), **encoder, **read_at},
                {**reads_wordnet, "embed": embed.key},
            )
            jobs.append(views)
            inputs["views"] = views.key
        temperature = None
        if tx.relaxes:
            relaxing = recipe.relax.model_dump()
            nouns = JobSpec(
                "nouns",
                f"embed {relaxing['nouns']} nouns",
                {**encoder, "nouns": relaxing.pop("nouns")},
                {"wordnet": wordnet.key},
            )
            temperature = relaxing["temperature"]
            relax = JobSpec(
                "relax",
                "noun bank",
                {**relaxing, "seed": self.spec.seed, **self.machine},
                {"wordnet": wordnet.key, "embed": embed.key, "nouns": nouns.key},
            )
            jobs += [nouns, relax]
            inputs["relax"] = relax.key
        teacher = JobSpec(
            "T_x",
            tx.name,
            {
                **recipe.T_x.model_dump(),
                **self._without_effect(tx),
                "modality": tx.modality.value,
                "wn": tx.wn,
                "noise": tx.noise,
                "temperature": temperature,
                "val_text": tx.val_text,
                "seed": self.spec.seed,
                **self.machine,
            },
            inputs,
        )
        jobs.append(teacher)
        if self._follows_student(tx):
            following = {"order": self._order(), **self.machine, "seed": self.spec.seed}
            jobs.append(
                JobSpec(
                    "logits",
                    f"logits of {tx.name}",
                    following | self._kept(),
                    {**inputs, "teacher": teacher.key},
                )
            )
        if tx.modality is Modality.IMG_TEXT:
            jobs.append(
                JobSpec(
                    "attribution",
                    f"attribution {tx.name}",
                    {**recipe.attribution.model_dump(), "seed": self.spec.seed, **self.machine},
                    {**inputs, "T_x": teacher.key},
                )
            )
        return jobs

    def _without_effect(self, tx: MultimodalSpec) -> dict[str, Any]:
        """Settings of T_x that cannot matter to `tx`, in one form."""
        out: dict[str, Any] = {}
        if self.recipe.T_x.stem != "conv1_replace":  # no ResNet, no ResNet's weights
            out["weights"] = "none"
        if tx.gt in (0, 100):
            out["mix"] = "per_sample"
        if not tx.wn:  # no sample trains the bank
            out |= {"text_update": "fixed", "bank_weight_decay": 0.0}
            out |= {"lambda_hier": 0.0, "lambda_cosreg": 0.0}
        return out

    def _follows_student(self, tx: MultimodalSpec) -> bool:
        """Whether T_x says something else of a sample in each of the student's epochs."""
        recipe = self.recipe
        return (
            recipe.student.teacher_bn == "batch"
            or (recipe.T_x.mix == "first_batches" and tx.gt not in (0, 100))
            or self._sees_views(tx)
        )

    def _sees_views(self, tx: MultimodalSpec) -> bool:
        """Whether T_x, or the retrieval of its text, looks at augmented images."""
        looks = tx.modality is not Modality.TEXT or tx.relaxes
        return self.recipe.embed.mode == "augmented" and looks

    def _teacher_settings(self, name: str, policy: str) -> dict[str, Any]:
        return {
            "member": name,
            **self.data,
            **self.recipe.teacher.model_dump(),
            "augment": self.recipe.augment[policy],  # type: ignore[index]
            "seed": self.spec.seed,
            **self.machine,
            **self.pixels,
        }

    def _taught(
        self, name: str, settings: dict[str, Any], taught_by: dict[str, str]
    ) -> list[JobSpec]:
        """An image teacher and its logits of the student's views, noted as the student's input; or
        the teacher alone, noted itself, where no logits are kept."""
        teacher = JobSpec("teacher", name, settings)
        if self._asks_networks:
            taught_by[name] = teacher.key
            return [teacher]
        following = {"order": self._order()} if self._order()["teacher_bn"] == "batch" else {}
        logits = JobSpec(
            "logits",
            f"logits of {name}",
            self._views() | following | self._kept(),
            {"teacher": teacher.key},
        )
        taught_by[name] = logits.key
        return [teacher, logits]

    @property
    def _asks_networks(self) -> bool:
        """Whether the student's job has its image teachers' networks and no tables of theirs.
        LFME's experts always have tables: it asks about every image before the first batch."""
        return self.recipe.logits.keep == "none" and bool(self.spec.teachers.image)

    def _kept(self) -> dict[str, Any]:
        """What a table of logits holds of each row; nothing is said where that is all of it. Only
        Eq. 2 can do with less: the baselines ask for more than a softmax at one temperature."""
        if self.spec.method is not Method.KD:
            return {}
        sizes = self.dataset.train_per_class
        samples = min(self.spec.limit_train or sum(sizes), sum(sizes))
        rows = samples * self._student_optimiser()["epochs"]
        k = top_k(self.recipe.logits, rows=rows, classes=len(sizes))
        return {} if k is None else {"logits": {"top_k": k, "tau": self.recipe.student.tau}}

    def _shot_groups(self) -> dict[str, list[int]]:
        groups = {
            name: ids for name, ids in shot_groups(self.dataset.train_per_class).items() if ids
        }
        if len(groups) < 2:
            raise SpecError(
                f"lfme is for long-tailed sets: all classes of {self.dataset.name} are"
                f" {'/'.join(groups)}-shot"
            )
        return groups

    def _student_optimiser(self) -> dict[str, Any]:
        lfme = self.spec.method is Method.LFME
        return (self.recipe.lfme if lfme else self.recipe.student).optimiser.model_dump()

    def _order(self) -> dict[str, Any]:
        """The student's batches, for teachers whose answer depends on them."""
        optimiser = self._student_optimiser()
        return {
            "epochs": optimiser["epochs"],
            "batch": optimiser["batch"],
            "teacher_bn": self.recipe.student.teacher_bn,
        }

    def _views(self) -> dict[str, Any]:
        """What decides the pixels that a student sees: logits made for them serve every student."""
        return {
            **self.data,
            "augment": self.recipe.augment["strong"],
            "epochs": self._student_optimiser()["epochs"],
            "seed": self.spec.seed,
            **self.machine,
            **self.pixels,
        }

    def _student(self, taught_by: dict[str, str]) -> JobSpec:
        student = self.recipe.student.model_dump()
        if not self._asks_networks:
            student.pop("teacher_bn")  # is in its inputs
        method: dict[str, Any] = {"method": self.spec.method.value}
        if self.spec.method is Method.LFME:
            method |= self.recipe.lfme.model_dump() | {"groups": self._shot_groups()}
            method.pop("expert")
        elif self.spec.method is Method.ZSCORE:
            method |= self.recipe.zscore.model_dump()
        if not taught_by or self.spec.method is not Method.KD:
            # τ, λ and the way of combining touch a student of Eq. 3 alone.
            student |= {"tau": None, "lam": None, "combine": None, "ema_decay": None}
        return JobSpec("student", self.spec.name, {**self._views(), **student, **method}, taught_by)
