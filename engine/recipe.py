"""Recipes: the numbers of a run, read from TOML and checked. Code holds no such number.

A recipe file has base tables and, under `[datasets.NAME]`, what differs for one dataset.
"""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from engine.augment.policy import parse_policy
from engine.changes import Changes, frozen_changes
from engine.errors import SpecError
from engine.files import FILE

POLICIES = ("weak", "strong")
Positive = Annotated[int, Field(ge=1)]
NonNegative = Annotated[float, Field(ge=0)]


def _published_or_file(*published: str) -> AfterValidator:
    """One of the names, or `file:NAME`, a file that a person gave."""

    def check(value: str) -> str:
        if value not in published and not value.startswith(FILE):
            raise ValueError(f"{value!r} is none of {', '.join(published)}, and no file's path")
        return value

    return AfterValidator(check)


def _policy(table: dict[str, Any]) -> dict[str, Any]:
    parse_policy(table)  # raises ValueError where it is none
    return table


# The names of engine.models.resnet.ARCHITECTURES, which imports torch.
Architecture = Literal[
    "resnet8",
    "resnet20",
    "resnet32",
    "resnet56",
    "resnet18-cifar",
    "resnet50-cifar",
    "resnet18",
    "resnet50",
]
# Published names of what may also be a person's own file, by the last part of a setting's name.
PUBLISHED = {"nouns": ("distinct", "tac"), "weights": ("none", "imagenet")}
Nouns = Annotated[str, _published_or_file(*PUBLISHED["nouns"])]
Weights = Annotated[str, _published_or_file(*PUBLISHED["weights"])]


class Table(BaseModel):
    """A part of a recipe: unknown keys are refused, values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Optimiser(Table):
    """SGD and its schedule. `steps` are the epochs after which lr falls to a tenth."""

    epochs: Positive
    batch: Positive
    lr: Annotated[float, Field(gt=0)]
    momentum: Annotated[float, Field(ge=0, lt=1)]
    nesterov: bool
    weight_decay: NonNegative
    schedule: Literal["steps", "cosine", "onecycle"]
    steps: list[Positive] = []
    warmup_epochs: Annotated[int, Field(ge=0)]


class EmbedRecipe(Table):
    """T_x's image side. cached: the clean image's embedding, once. augmented: the embedding of each
    of the student's views. `size` is the side in pixels at which image files are read for a CLIP
    tower, `stand_in_size` for the stand-in."""

    mode: Literal["cached", "augmented"]
    size: Positive
    stand_in_size: Positive


class RelaxRecipe(Table):
    """Algorithm 1. `nouns`: distinct lemmas, TAC's rows, or a file of one's own. `clusters` is M,
    or "tac" for TAC's rule max(N/300, 3·C)."""

    nouns: Nouns
    exclude_class_names: bool
    clusters: Positive | Literal["tac"]
    per_centre: Positive
    restarts: Positive
    iterations: Positive
    temperature: Annotated[float, Field(gt=0)]


class TeacherRecipe(Table):
    """T_1s, T_2w and T_3s. `weights` they start from: none, imagenet, or a file."""

    arch: Architecture
    weights: Weights
    optimiser: Optimiser


class MultimodalRecipe(Table):
    """T_x. Weight decay of the bank is apart from that of the network.

    `mix`: per_sample is a fixed draw of samples; first_batches gives gt text to the first batches
    of each epoch. `weights` as in TeacherRecipe, for the conv1_replace stem.
    """

    stem: Literal["conv1_replace", "linear", "mlp"]
    weights: Weights
    mix: Literal["per_sample", "first_batches"]
    optimiser: Optimiser
    bank_weight_decay: NonNegative
    lambda_hier: NonNegative
    lambda_cosreg: NonNegative
    text_update: Literal["learned", "fixed"]


class StudentRecipe(Table):
    """S_s and equations 1 to 3. `combine`: logit_mean is Eq. 1, loss_mean the mean of the teachers'
    losses, ema_inverse_loss weighs them by the inverse of their running training loss (whose decay
    is `ema_decay`). `teacher_bn`: whether teachers normalise by their own statistics (eval) or by
    the batch's."""

    arch: Architecture
    tau: Annotated[float, Field(gt=0)]
    lam: NonNegative
    combine: Literal["logit_mean", "loss_mean", "ema_inverse_loss"]
    ema_decay: Annotated[float, Field(ge=0, lt=1)]
    teacher_bn: Literal["eval", "batch"]
    optimiser: Optimiser

    @model_validator(mode="after")
    def _batches_have_statistics(self) -> Self:
        if self.teacher_bn == "batch" and self.optimiser.batch < 2:
            raise ValueError("teacher_bn batch needs batches of at least 2 samples")
        return self


class LogitsRecipe(Table):
    """How a student hears its image teachers. `keep` table: what they say of its views is computed
    once for every student that sees them; none: each student's job asks their networks. A table of
    more than `limit_gb` (1e9 bytes) holds the `top_k` largest logits of each row, where the method
    is Eq. 3's and that is smaller (engine.kept)."""

    keep: Literal["table", "none"]
    limit_gb: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    top_k: Positive


class ZScoreRecipe(Table):
    """Logit standardisation (Sun et al. 2024): ce · CE + kd · τ² · KL of standardised logits."""

    tau: Annotated[float, Field(gt=0)]
    ce: NonNegative
    kd: NonNegative


class LfmeRecipe(Table):
    """Learning from multiple experts (Xiang et al. 2020); `expert` trains the experts, `optimiser`
    the student. An expert weighs 1 in the distillation while the student's accuracy is below
    `start` of the expert's, and 0 once it is level. The curriculum on CE is whole after
    `curriculum` of the training."""

    tau: Annotated[float, Field(gt=0)]
    start: Annotated[float, Field(ge=0, lt=1)]
    curriculum: Annotated[float, Field(gt=0, le=1)]
    expert: Optimiser
    optimiser: Optimiser


class AttributionRecipe(Table):
    """IntegratedGradients on T_x. `samples` 0 is the whole validation set; `baseline` mean is that
    of the training inputs; `target` is the logit that is explained; `share` per_sample is the mean
    of each sample's own share."""

    steps: Positive
    samples: Annotated[int, Field(ge=0)]
    baseline: Literal["zero", "mean"]
    target: Literal["label", "prediction"]
    share: Literal["pooled", "per_sample"]


class Recipe(Table):
    """All of a run's numbers for one dataset. Augmentation policies are read by engine.augment.

    `image_size` is the side in pixels of what the image networks see.
    """

    summary: str
    encoder: str
    cpu_threads: Positive
    precision: Literal["fp32", "bf16"]
    image_size: Positive
    embed: EmbedRecipe
    relax: RelaxRecipe
    teacher: TeacherRecipe
    T_x: MultimodalRecipe
    student: StudentRecipe
    logits: LogitsRecipe
    zscore: ZScoreRecipe
    lfme: LfmeRecipe
    attribution: AttributionRecipe
    augment: dict[Literal["weak", "strong"], Annotated[dict[str, Any], AfterValidator(_policy)]]


def recipe_names() -> list[str]:
    """Names of the shipped recipes, sorted."""
    files = resources.files("engine.recipes").iterdir()
    return sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml"))


@cache
def load_recipe(name: str, dataset: str) -> Recipe:
    """The recipe `name` as it applies to `dataset`. Raises SpecError for an unknown or bad one."""
    if name not in recipe_names():
        raise SpecError(f"unknown recipe {name!r}; known: {', '.join(recipe_names())}")
    text = resources.files("engine.recipes").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return parse_recipe(text, dataset, where=f"recipe {name}")


def parse_recipe(text: str, dataset: str, *, where: str) -> Recipe:
    """A recipe from TOML text. Raises SpecError in one line that names table, key and fault."""
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, deep lists
        raise SpecError(f"{where}: not TOML: {error}") from None
    overrides = tables.pop("datasets", {})
    if not (isinstance(overrides, dict) and isinstance(overrides.get(dataset, {}), dict)):
        raise SpecError(f"{where}: datasets: write a table [datasets.NAME]")
    return _validated(_merged(tables, overrides.get(dataset, {})), where)


def settled(recipe: Recipe, changes: Changes) -> Changes:
    """`changes` in their one form: whole names, values as the recipe has them, none without effect.

    A name may be its last part where only one setting has it: `stem` is T_x.stem. Raises SpecError
    for an unknown or ambiguous name and for a value that the setting cannot have.
    """
    known = dict(settings_of(recipe.model_dump()))
    named = frozen_changes((_whole_name(name, known), value) for name, value in changes)
    after = dict(settings_of(changed(recipe, named).model_dump()))
    return frozen_changes((name, after[name]) for name, _ in named if after[name] != known[name])


def changed(recipe: Recipe, changes: Changes) -> Recipe:
    """The recipe with `changes`, whole names. Raises SpecError for a value that it cannot have."""
    tables = recipe.model_dump()
    for name, value in changes:
        *path, last = name.split(".")
        table = tables
        for part in path:
            table = table[part]
        is_float = isinstance(table.get(last), float) and type(value) is int
        listed = list(value) if isinstance(value, tuple) else value
        table[last] = float(value) if is_float and isinstance(value, int) else listed
    return _validated(tables, "change")


def settings_of(tables: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting of a recipe as (dotted name, value)."""
    for name, value in tables.items():
        if isinstance(value, dict):
            yield from settings_of(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _whole_name(name: str, known: Mapping[str, Any]) -> str:
    found = [name] if name in known else [one for one in known if one.endswith(f".{name}")]
    if not found:
        raise SpecError(f"no setting {name!r}: wnkd recipe show NAME lists a recipe's settings")
    if len(found) > 1:
        raise SpecError(f"{name!r} may be {', '.join(found)}: give the whole name")
    return found[0]


def _validated(tables: dict[str, Any], where: str) -> Recipe:
    try:
        return Recipe.model_validate(tables)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise SpecError(f"{where}: {place}: {message}") from None


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """`over` on top of `base`, table by table; an augmentation policy is replaced as a whole."""
    out = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(out.get(key), dict)
        out[key] = _merged(out[key], value) if both and key not in POLICIES else value
    return out
