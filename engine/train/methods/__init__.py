"""How a student learns from its teachers: a method a file, a line each in `METHODS`."""

from collections.abc import Callable
from typing import Any

from torch import Tensor

from engine.plan import EXPERTS
from engine.train.criterion import Criterion
from engine.train.methods.kd import Distillation
from engine.train.methods.lfme import Lfme
from engine.train.methods.zscore import ZScore
from engine.train.teaching import TeacherLogits

# (the student job's settings, its teachers, training labels int64 [N]) → its criterion
METHODS: dict[str, Callable[[dict[str, Any], TeacherLogits, Tensor], Criterion]] = {
    "kd": lambda settings, teachers, labels: Distillation(
        teachers, **{name: settings[name] for name in ("tau", "lam", "combine", "ema_decay")}
    ),
    "zscore": lambda settings, teachers, labels: ZScore(
        teachers, **{name: settings[name] for name in ("tau", "ce", "kd")}
    ),
    "lfme": lambda settings, teachers, labels: Lfme(
        teachers,
        labels,
        {EXPERTS[group]: classes for group, classes in settings["groups"].items()},
        **{name: settings[name] for name in ("tau", "start", "curriculum", "epochs")},
    ),
}
