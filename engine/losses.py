"""The paper's losses, Eq. 1 to 6, as pure functions: means over the batch, no hidden coefficients.

B samples, C classes, D embedding dimensions, K nouns in the bank. Half-precision inputs are
computed and returned in float32 (float64 stays float64); gradients come back in the input's dtype.
Nothing is detached: a teacher that must not learn is called under `torch.no_grad`.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def combined_logits(image_teachers: Sequence[Tensor], multimodal: Tensor | None) -> Tensor:
    """Eq. 1: (z_tm + z_tx) / 2, where z_tm is the mean over T_m's members; [B, C].

    `image_teachers` are T_m's logits, each [B, C], or empty; `multimodal` is z_tx [B, C], or None.
    Without one side the other is returned alone. Thus three image teachers and no T_x are the
    baseline ensemble.

    Raises ValueError where both are missing.
    """
    if len(image_teachers) == 0 and multimodal is None:
        raise ValueError("no teacher: neither image teachers nor a multimodal teacher was given")
    sides = [] if multimodal is None else [at_least_float32(multimodal)]
    if len(image_teachers) > 0:
        sides.append(torch.stack([at_least_float32(z) for z in image_teachers]).mean(0))
    return torch.stack(sides).mean(0)


def kd_loss(student: Tensor, teacher: Tensor, tau: float) -> Tensor:
    """Eq. 2: -τ² Σ softmax(teacher/τ) log softmax(student/τ), both logits [B, C]; a scalar.

    A cross-entropy: at student == teacher it is at its minimum, τ² times the teacher's entropy,
    not at 0. Only the student's side takes a logarithm and that as log-softmax, so no epsilon is
    needed and logits of ±1e4 give finite values and gradients.

    Raises ValueError where τ is not positive.
    """
    if not tau > 0:
        raise ValueError(f"the temperature must be positive, got {tau}")
    target = (at_least_float32(teacher) / tau).softmax(dim=1)
    return tau**2 * F.cross_entropy(at_least_float32(student) / tau, target)


def student_loss(
    student: Tensor, labels: Tensor, teacher: Tensor | None, tau: float, lam: float
) -> Tensor:
    """Eq. 3: CE(student, labels) + λ · KD(student, teacher); a scalar.

    `student` and `teacher` are logits [B, C], `labels` int64 [B]. Without a teacher (a T_m in
    training, a student on its own) it is the cross-entropy alone.

    Raises ValueError where there is a teacher and τ is not positive.
    """
    supervised = F.cross_entropy(at_least_float32(student), labels)
    return supervised if teacher is None else supervised + lam * kd_loss(student, teacher, tau)


def kl_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Σ p log(p / q) of p = softmax(teacher), q = softmax(student), both logits [B, C]; a scalar.

    For the baselines. Its gradient to the student is that of a cross-entropy, but it is 0 where
    both say the same.
    """
    log_q = at_least_float32(student).log_softmax(dim=1)
    log_p = at_least_float32(teacher).log_softmax(dim=1)
    return F.kl_div(log_q, log_p, reduction="batchmean", log_target=True)


def hierarchical_loss(n_relaxed: Tensor, n_gt: Tensor, active: Tensor) -> Tensor:
    """Eq. 4: 1 - cos(n_gt, n_relaxed), 0 where not active; a scalar.

    `n_relaxed` and `n_gt` are [B, D]; `active`, bool [B], marks the samples that take WordNet
    text. The mean is over the whole batch, inactive samples included, as the cross-entropy's is.
    """
    distance = 1 - F.cosine_similarity(at_least_float32(n_relaxed), at_least_float32(n_gt))
    return distance.where(active, 0).mean()


def cosine_regulariser(bank: Tensor, pretrained: Tensor, active: Tensor) -> Tensor:
    """Eq. 5: 1 - cos(n_pretrained, n_relaxed), mean over the bank, times the active samples' share.

    `bank` (as learned so far) and `pretrained` are [K, D]; `active`, bool [B], marks the samples
    that take WordNet text; a scalar. Why the share: Eq. 6 is a mean over samples, and a sample with
    any other text has this term 0, while each active one has the bank's mean. So a batch of WordNet
    text alone gets the full term and a batch of class names none, which is what the authors' code
    does with its batches of one kind (`mix: first_batches`).
    """
    distance = 1 - F.cosine_similarity(at_least_float32(bank), at_least_float32(pretrained))
    return active.to(distance.dtype).mean() * distance.mean()


def t_x_loss(
    logits: Tensor,
    labels: Tensor,
    hier: Tensor,
    cosreg: Tensor,
    *,
    lambda_hier: float,
    lambda_cosreg: float,
) -> Tensor:
    """Eq. 6: CE(logits, labels) + λ_hier · L_hier + λ_cosreg · L_cosreg; a scalar.

    `logits` are T_x's [B, C], `labels` int64 [B]; `hier` and `cosreg` are the scalars of
    `hierarchical_loss` and `cosine_regulariser`.
    """
    supervised = F.cross_entropy(at_least_float32(logits), labels)
    return supervised + lambda_hier * hier + lambda_cosreg * cosreg


def at_least_float32(x: Tensor) -> Tensor:
    """Half precision as float32, anything else as it is."""
    return x.to(torch.promote_types(x.dtype, torch.float32))
