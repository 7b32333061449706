"""Steps of distillation as the stages make them, on drawn images in device memory."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from engine.data.base import Dataset, Split
from engine.models.folded import folded
from engine.models.resnet import image_model
from engine.recipe import load_recipe
from engine.settings import Optimiser
from engine.train.batch import Batch
from engine.train.compiled import PAYS_FROM, Use, compiled
from engine.train.image import ImageTask, precision_context
from engine.train.loop import sgd_of, step
from engine.train.methods.kd import Distillation
from engine.train.teachers import Constant, Network, Teacher
from engine.train.teaching import TeacherLogits
from engine.train.views import Views

CLASSES, HALF = 100, 2  # bytes
SGD = {"lr": 1e-3, "momentum": 0.9, "nesterov": True, "weight_decay": 5e-4}


@dataclass(frozen=True)
class Row:
    """A step at `side` pixels; `bar` in images a second. `augmented`: under the strong policy, else
    the images are taken as they are."""

    side: int
    batch: int
    online: bool
    bar: int | None
    student: str
    teacher: str
    augmented: bool = False

    @property
    def name(self) -> str:
        how = "online, two teachers" if self.online else "cached"
        return f"{self.side} px {how}{', augmented' if self.augmented else ''}"


SMALL, PAPER = ("resnet18-cifar", "resnet50-cifar"), ("resnet18", "resnet50")
ROWS = [
    Row(32, 1024, False, 40_000, *SMALL),
    Row(32, 1024, True, 20_000, *SMALL),
    Row(32, 1024, False, None, *SMALL, augmented=True),
    Row(32, 128, False, None, *SMALL),  # the recipes' batch
    Row(224, 256, False, 14_000, *PAPER),
    Row(224, 256, True, 6_000, *PAPER),
]
TINY = [
    Row(8, 16, online, None, "resnet8", "resnet20", augmented)
    for online, augmented in ((False, False), (True, False), (False, True))
]


class AsTheyAre(Views):
    """Views that are the images themselves, normalised."""

    def training(self, index: Tensor, epoch: int, following: Tensor | None = None) -> Tensor:
        return self._normalised(self.train.fetch(index).float() / 255)


@dataclass
class Steps:
    """A row's step, eager until `compile`; `told` is what compiling had to say."""

    row: Row
    device: torch.device
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        row = self.row
        self.precision = precision_context(self.device, "bf16")
        self.views = views_of(row, self.device)
        self.teachers = [folded(self._network(row.teacher, seed)) for seed in (1, 2)]
        self.student = self._network(row.student, 0).train()
        self._task = self._task_of(self.teachers)
        self._sgd = sgd_of(
            self._task,
            Optimiser(epochs=1, batch=row.batch, schedule="steps", warmup_epochs=0, **SGD),
        )
        everyone = torch.arange(2 * row.batch, device=self.device)
        self._batches = [Batch(half, 0, 0, 1) for half in everyone.split(row.batch)]
        self._done = 0

    def take(self) -> Tensor:
        """The loss of the next batch."""
        self._done += 1
        return step(self._task, self._sgd, self._batches[self._done % 2], SGD["lr"])["loss"]

    def compile(self) -> list[float]:
        """From now on networks are called as a job calls them. ‖answer − exact‖ / ‖exact‖ of each
        teacher that is asked, exact being eager float32."""
        row, off = self.row, []
        shape = row.batch, 3, row.side, row.side
        if row.online:
            images, networks = self.views.training(self._batches[0].index, 0), []
            for module in self.teachers:
                network = self._compiled(module, Use(self.precision, None, shape))
                with torch.no_grad():
                    exact = module(images)
                    with self.precision():
                        off.append(float((network(images) - exact).norm() / exact.norm()))
                networks.append(network)
            self._task = self._task_of(networks)
        self._task.network = self._compiled(self.student, Use(self.precision, shape, None))
        return off

    def floor(self) -> tuple[float, float]:
        """Operations, and bytes of the inputs and outputs of convolutions, of an image: one pass of
        each teacher that is asked and three of the student."""
        image = torch.zeros(1, 3, self.row.side, self.row.side, device=self.device)
        flops = moved = 0
        passes = [
            (folded(self.student), 3),
            *((one, 1) for one in self.teachers if self.row.online),
        ]
        for module, times in passes:
            flops += times * operations(module, image)
            moved += times * activations(module, image)
        return flops, moved

    def _network(self, arch: str, seed: int) -> nn.Module:
        module = image_model(arch, classes=CLASSES, channels=3, seed=seed)
        return module.to(self.device).to(memory_format=torch.channels_last)

    def _compiled(self, module: nn.Module, use: Use) -> nn.Module:
        return compiled(module, use, samples=PAYS_FROM, log=self.told.append)

    def _task_of(self, networks: list[nn.Module]) -> ImageTask:
        table = torch.randn(2 * self.row.batch, CLASSES, device=self.device).half()
        teachers: dict[str, Teacher] = {
            name: Network(one, self.views, self.precision) if self.row.online else Constant(table)
            for name, one in zip(("T_1s", "T_2w"), networks, strict=True)
        }
        criterion = Distillation(
            TeacherLogits(teachers, device=self.device),
            tau=3.0,
            lam=2 / 3,
            combine="logit_mean",
            ema_decay=0.9,
        )
        criterion.begin_epoch(0)
        decay = SGD["weight_decay"]
        return ImageTask(
            self.student, self.views, criterion, weight_decay=decay, precision=self.precision
        )


def views_of(row: Row, device: torch.device) -> Views:
    """Of two batches of drawn images, which no GPU's cache holds with what is made of them."""
    draws = np.random.default_rng(0)
    shape = 2 * row.batch, 3, row.side, row.side
    split = Split(
        draws.integers(0, 256, shape, dtype=np.uint8),
        draws.integers(0, CLASSES, shape[0]),
        np.arange(shape[0]),
    )
    data = Dataset("drawn", tuple(map(str, range(CLASSES))), split, split)
    strong = load_recipe("paper", "cifar100").augment["strong"]
    kind, policy = (Views, strong) if row.augmented else (AsTheyAre, {})
    return kind(data, policy, size=row.side, seed=0, device=device)


@torch.no_grad()
def operations(call: Callable[[Tensor], object], images: Tensor) -> int:
    """Floating-point operations of matrix products and convolutions, a product and a sum each."""
    with FlopCounterMode(display=False) as counted:
        call(images)
    return counted.get_total_flops()


@torch.no_grad()
def activations(module: nn.Module, images: Tensor) -> int:
    """Bytes of the inputs and outputs of all convolutions, in half precision."""
    counts: list[int] = []
    hooks = [
        one.register_forward_hook(
            lambda _, given, out: counts.append(HALF * (given[0].numel() + out.numel()))
        )
        for one in module.modules()
        if isinstance(one, nn.Conv2d)
    ]
    module(images)
    for hook in hooks:
        hook.remove()
    return sum(counts)
