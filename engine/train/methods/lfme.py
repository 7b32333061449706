"""Learning From Multiple Experts (Xiang et al. 2020, ECCV), for long-tailed sets.

One expert knows the classes of one shot group. The student takes each expert's word on its group's
classes, for every image of a batch, less and less as it catches up with the expert; and it takes
the labels of images that the experts find hard softly at first.

Where this differs from the paper's code: the accuracies that an expert is weighed by are those on
the training images of its group in the epoch before (there: on validation images, which would
decide training); an image's confidence is read from its first view (there: from the clean image);
batches are the plain shuffled ones of every student (there: drawn class by class); and the KL is
between unscaled logits (there: the student's are scaled in it too).
"""

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.losses import at_least_float32, kl_loss
from engine.train import ranks
from engine.train.criterion import Criterion
from engine.train.teaching import TeacherLogits


class Lfme(Criterion):
    """`labels` int64 [N] of the training split; `groups`: each expert's class ids, which share out
    all classes; `epochs` of the student's training."""

    def __init__(
        self,
        experts: TeacherLogits,
        labels: Tensor,
        groups: Mapping[str, Sequence[int]],
        *,
        tau: float,
        start: float,
        curriculum: float,
        epochs: int,
    ) -> None:
        self._experts, self._tau, self._start = experts, tau, start
        self._rising = curriculum * epochs
        self._groups = {
            name: torch.tensor(ids, device=labels.device) for name, ids in groups.items()
        }
        self._easiness = self._initial_weights(labels)
        self._weights = torch.ones(len(groups), device=labels.device)
        # Of the epoch so far, by group: images right by the student, by the expert, and all.
        self._counts = torch.zeros(3, len(groups), dtype=torch.int64, device=labels.device)
        self._grown = 0.0

    def begin_epoch(self, epoch: int) -> None:
        self._experts.begin_epoch(epoch)
        student, expert, seen = self._counts
        self._weights = torch.where(
            seen > 0, expert_weight(student / seen, expert / seen, self._start), 1.0
        )
        self._counts = torch.zeros_like(self._counts)
        self._grown = min(1.0, epoch / self._rising)

    def losses(self, logits: Tensor, labels: Tensor, index: Tensor) -> dict[str, Tensor]:
        logits = at_least_float32(logits)
        easy = self._easiness[index]
        trust = easy + (1 - easy) * self._grown
        loss = F.cross_entropy(logits * trust[:, None], labels)
        shown = {}
        counts = torch.empty_like(self._counts)
        answers = self._experts(index)
        for i, (name, classes) in enumerate(self._groups.items()):
            expert = at_least_float32(answers[name][:, classes])
            kl = kl_loss(logits[:, classes] / self._tau, expert / self._tau)
            loss = loss + self._weights[i] * kl
            shown[f"weight_{name}"] = self._weights[i]
            mine = torch.isin(labels, classes)
            right_student = mine & (logits.argmax(1) == labels)
            right_expert = mine & (classes[expert.argmax(1)] == labels)
            counts[:, i] = torch.stack([right_student, right_expert, mine]).sum(1)
        self._counts += ranks.total(counts)
        return {"loss": loss, **shown}

    def _initial_weights(self, labels: Tensor) -> Tensor:
        """Each image's weight in the first epoch, float32 [N], from its own expert's confidence."""
        self._experts.begin_epoch(0)
        confidence, floor = torch.zeros(2, len(labels), device=labels.device)
        members = {name: torch.isin(labels, ids) for name, ids in self._groups.items()}
        shots = {name: members[name].sum() / len(ids) for name, ids in self._groups.items()}
        for name, classes in self._groups.items():
            index = members[name].nonzero()[:, 0]
            answers = at_least_float32(self._experts(index)[name][:, classes])
            true = (labels[index, None] == classes).int().argmax(1)
            confidence[index] = answers.softmax(1).gather(1, true[:, None])[:, 0].float()
            floor[index] = min(shots.values()) / shots[name]
        return initial_weights(confidence, labels, floor)

    def state(self) -> dict[str, Tensor]:
        return {"counts": self._counts}

    def restore(self, state: dict[str, Tensor]) -> None:
        self._counts = state["counts"].to(self._counts.device)


def expert_weight(student: Tensor, expert: Tensor, start: float) -> Tensor:
    """How much experts weigh, [L], from accuracies [L] of student and expert on each group.

    1 while the student's is below `start` of the expert's, from there linearly down to 0 where it
    is level. An expert that is never right weighs nothing.
    """
    behind = (expert - student) / ((1 - start) * expert)
    return torch.where(expert > 0, behind, 0.0).clamp(0, 1)


def initial_weights(confidence: Tensor, labels: Tensor, floor: Tensor) -> Tensor:
    """Weights [N] of images in the first epoch: `floor` for a class's hardest image, 1 for its
    easiest, linear in between; 1 where a class's images are equally hard.

    `confidence` [N] is what the expert gives the true class, `labels` int64 [N]. `floor` [N] is the
    scarcest group's images per class over the image's group's: the scarcest weighs 1 at once.
    """
    size = int(labels.max()) + 1
    low, high = (
        confidence.new_zeros(size).scatter_reduce(
            0, labels, confidence, reduce, include_self=False
        )[labels]
        for reduce in ("amin", "amax")
    )
    easiness = torch.where(high > low, (confidence - low) / (high - low), 1.0)
    return floor + (1 - floor) * easiness
