"""One step of distillation, each in its own library's way: a function of a setting that gives back
the library's version and a function that takes a step and returns its loss."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from importlib.metadata import version
from types import SimpleNamespace
from typing import Self

import torch
from torch import Tensor, nn

from engine.losses import student_loss
from engine.models.folded import folded
from engine.models.prepacked import prepacked
from engine.models.resnet import image_model
from engine.settings import Optimiser
from engine.train.batch import Batch
from engine.train.half import halved
from engine.train.image import ImageTask
from engine.train.loop import sgd_of, step
from engine.train.methods.kd import Distillation
from engine.train.teachers import Constant, Network, Teacher
from engine.train.teaching import TeacherLogits

CLASSES, SIDE, TAU, LAM = 100, 32, 3.0, 2 / 3
SGD = {"lr": 0.01, "momentum": 0.9, "nesterov": True, "weight_decay": 5e-4}
CPU = torch.device("cpu")
Way = tuple[str, Callable[[], Tensor]]


@dataclass(frozen=True)
class Setting:
    """A batch of normalised `images` float32 [B, 3, 32, 32], and `labels` int64 [B]."""

    images: Tensor
    labels: Tensor

    @classmethod
    def drawn(cls, batch: int) -> Self:
        generator = torch.Generator().manual_seed(0)
        images = torch.randn(batch, 3, SIDE, SIDE, generator=generator)
        return cls(images, torch.randint(CLASSES, (batch,), generator=generator))

    def student(self) -> nn.Module:
        return image_model("resnet18-cifar", classes=CLASSES, channels=3, seed=1).train()

    def teacher(self) -> nn.Module:
        module = image_model("resnet50-cifar", classes=CLASSES, channels=3, seed=2)
        return module.eval().requires_grad_(False)


def plain(setting: Setting) -> Way:
    """What one writes by hand."""
    student, teacher = setting.student(), setting.teacher()
    sgd = torch.optim.SGD(student.parameters(), **SGD)

    def take() -> Tensor:
        logits = student(setting.images)
        with torch.no_grad():
            taught = teacher(setting.images)
        loss = student_loss(logits, setting.labels, taught, TAU, LAM)
        sgd.zero_grad()
        loss.backward()
        sgd.step()
        return loss.detach()

    return torch.__version__.split("+")[0], take


def torchdistill(setting: Setting) -> Way:
    """Its distillation box, with its own forward passes, hooks and loss."""
    from torchdistill.core.distillation import DistillationBox

    kd = {"temperature": TAU, "alpha": 1.0, "beta": LAM}
    for side in ("student", "teacher"):
        kd |= {f"{side}_module_path": ".", f"{side}_module_io": "output"}
    term = {"criterion": {"key": "KDLoss", "kwargs": kd}, "weight": 1.0}
    proc = {"forward_proc": "forward_batch_only"}
    box = DistillationBox(
        setting.teacher(),
        setting.student(),
        {},
        {
            "num_epochs": 1,
            "teacher": {**proc, "requires_grad": False},
            "student": {**proc, "requires_grad": True},
            "optimizer": {"key": "SGD", "kwargs": dict(SGD)},
            "criterion": {"key": "WeightedSumLoss", "kwargs": {"sub_terms": {"kd": term}}},
        },
        CPU,
        None,
        False,
        1.0,
    )
    box.pre_epoch_process(epoch=0)
    box.teacher_model.eval()  # a box leaves it as it was given
    constant = teachers_entropy(setting)

    def take() -> Tensor:
        loss = box.forward_process(setting.images, setting.labels)
        box.post_forward_process(loss=loss)
        return loss.detach() + constant

    return version("torchdistill"), take


def timm(setting: Setting) -> Way:
    """Its task of distillation from logits."""
    from timm.task import LogitDistillationTask
    from timm.task.distillation import DistillationTeacher

    student, teacher = setting.student(), setting.teacher()
    same = {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}  # images are normalised for both
    student.pretrained_cfg = teacher.pretrained_cfg = same
    task = LogitDistillationTask(
        student,
        DistillationTeacher(teacher),
        criterion=nn.CrossEntropyLoss(),
        task_loss_weight=1.0,
        distill_loss_weight=LAM,
        temperature=TAU,
        device=CPU,
        verbose=False,
    ).train()
    sgd = torch.optim.SGD(student.parameters(), **SGD)
    constant = teachers_entropy(setting)

    def take() -> Tensor:
        loss = task(setting.images, setting.labels)["loss"]
        sgd.zero_grad()
        loss.backward()
        sgd.step()
        return loss.detach() + constant

    return version("timm"), take


@torch.no_grad()
def teachers_entropy(setting: Setting) -> Tensor:
    """What Eq. 3 is above a loss whose distillation term is a divergence; without gradient."""
    p = (setting.teacher()(setting.images) / TAU).softmax(1)
    return LAM * TAU**2 * torch.special.entr(p).sum(1).mean()


class _Given:
    """The batch in the place of a dataset's views."""

    def __init__(self, setting: Setting) -> None:
        self.train = SimpleNamespace(labels=setting.labels)
        self.images = setting.images.contiguous(memory_format=torch.channels_last)

    def training(self, index: Tensor, epoch: int, following: Tensor | None = None) -> Tensor:
        return self.images


def ours(setting: Setting, *, cached: bool) -> Way:
    """The product's own task, criterion and step; its networks as the stages make them."""
    views = _Given(setting)
    network = prepacked(folded(setting.teacher()), log=print)
    teacher: Teacher = Network(network, views, nullcontext)
    everyone = torch.arange(len(setting.labels))
    if cached:
        teacher = Constant(halved(teacher.answer(0, everyone)))
    criterion = Distillation(
        TeacherLogits({"T_1s": teacher}, device=CPU),
        tau=TAU,
        lam=LAM,
        combine="logit_mean",
        ema_decay=0.9,
    )
    criterion.begin_epoch(0)
    student = setting.student().to(memory_format=torch.channels_last)
    decay = SGD["weight_decay"]
    task = ImageTask(student, views, criterion, weight_decay=decay, precision=nullcontext)
    sgd = sgd_of(
        task,
        Optimiser(epochs=1, batch=len(everyone), schedule="steps", warmup_epochs=0, **SGD),
    )

    def take() -> Tensor:
        # A batch of its own: a teacher that is asked about the same one again says it again.
        batch = Batch(everyone.clone(), epoch=0, step=0, steps=1)
        return step(task, sgd, batch, SGD["lr"])["loss"]

    return version("wnkd-tui"), take


WAYS: dict[str, Callable[[Setting], Way]] = {
    "plain loop": plain,
    "torchdistill": torchdistill,
    "timm": timm,
    "wnkd, online": lambda setting: ours(setting, cached=False),
    "wnkd, cached": lambda setting: ours(setting, cached=True),
}
