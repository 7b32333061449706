"""T_x: a classifier of embeddings, trained together with the noun bank (equations 4 to 6)."""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.counter import Stream, uniform
from engine.losses import cosine_regulariser, hierarchical_loss, t_x_loss
from engine.models.t_x import MultimodalTeacher
from engine.recipe import MultimodalRecipe
from engine.spec import Modality
from engine.texts import SampleTexts
from engine.train.image import EVAL_BATCH, scores


@dataclass(frozen=True)
class TextSplit:
    """A split as T_x sees it. `images` [N, D], `gt` [N, D] (the true class's name), `labels` and
    `ids` int64 [N]."""

    images: Tensor
    gt: Tensor
    labels: Tensor
    ids: Tensor
    texts: SampleTexts


class TxModule(nn.Module):
    """The network and its noun bank [K, D], or None where no sample takes wn text."""

    def __init__(self, network: MultimodalTeacher, bank: Tensor | None, *, learned: bool) -> None:
        super().__init__()
        self.network = network
        self.bank = None if bank is None else nn.Parameter(bank.clone(), requires_grad=learned)


def tx_input(modality: Modality, images: Tensor, texts: Tensor) -> Tensor:
    """What T_x is fed: image ⊕ text [B, 2D], or one of them [B, D]."""
    if modality is Modality.IMG:
        return images
    return texts if modality is Modality.TEXT else torch.cat([images, texts], dim=1)


class MultimodalTask:
    """Trains T_x on tables of embeddings."""

    def __init__(
        self,
        module: TxModule,
        train: TextSplit,
        val: TextSplit,
        recipe: MultimodalRecipe,
        modality: Modality,
        *,
        seed: int,
    ) -> None:
        self.module = module
        self._train, self._val, self._recipe, self._modality = train, val, recipe, modality
        self._seed = seed
        self._pretrained = None if module.bank is None else module.bank.detach().clone()

    def parameter_groups(self) -> list[dict[str, Any]]:
        network = list(self.module.network.parameters())
        groups = [{"params": network, "weight_decay": self._recipe.optimiser.weight_decay}]
        if self.module.bank is not None and self.module.bank.requires_grad:
            groups.append(
                {"params": [self.module.bank], "weight_decay": self._recipe.bank_weight_decay}
            )
        return groups

    def begin_epoch(self, epoch: int) -> None: ...

    def losses(self, index: Tensor, epoch: int) -> dict[str, Tensor]:
        train, bank = self._train, self.module.bank
        labels = train.labels[index]
        texts = train.texts.embed(index, bank)
        draws = self.module.network.dropout_draws
        uniforms = (
            uniform(self._seed, epoch, train.ids[index], draws, Stream.DROPOUT) if draws else None
        )
        logits = self.module.network(tx_input(self._modality, train.images[index], texts), uniforms)
        hier = cosreg = logits.new_zeros(())
        if bank is not None and self._pretrained is not None:
            active = train.texts.relaxed(index)
            hier = hierarchical_loss(texts, train.gt[index], active)
            cosreg = cosine_regulariser(bank, self._pretrained, active)
        loss = t_x_loss(
            logits,
            labels,
            hier,
            cosreg,
            lambda_hier=self._recipe.lambda_hier,
            lambda_cosreg=self._recipe.lambda_cosreg,
        )
        top1 = (logits.argmax(1) == labels).double().mean() * 100
        return {"loss": loss, "top1": top1, "loss_hier": hier, "loss_cosreg": cosreg}

    @torch.no_grad()
    def after_step(self) -> None:
        """The bank stays on the sphere (method: re-normalised after each step)."""
        if self.module.bank is not None and self.module.bank.requires_grad:
            self.module.bank.copy_(F.normalize(self.module.bank, dim=1))

    def evaluate(self) -> dict[str, float]:
        return scores(tx_logits(self.module, self._val, self._modality), self._val.labels)


@torch.no_grad()
def tx_logits(module: TxModule, split: TextSplit, modality: Modality) -> Tensor:
    """T_x's logits float32 [N, C] of a whole split, in eval mode."""
    parts = []
    for index in torch.arange(len(split.labels), device=split.labels.device).split(EVAL_BATCH):
        texts = split.texts.embed(index, module.bank)
        parts.append(module.network(tx_input(modality, split.images[index], texts)).float())
    return torch.cat(parts)
