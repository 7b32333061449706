"""The settings of a recipe: its tables, and which values each setting can have."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from engine.augment.policy import parse_policy
from engine.files import FILE

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
