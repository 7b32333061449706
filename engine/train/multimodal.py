"""T_x: a classifier of embeddings, trained together with the noun bank (equations 4 to 6)."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.counter import Stream, uniform
from engine.losses import cosine_regulariser, hierarchical_loss, t_x_loss
from engine.models.t_x import MultimodalTeacher
from engine.settings import MultimodalRecipe
from engine.spec import Modality
from engine.texts import SampleTexts, Text, kind_of_batch
from engine.train.batch import Batch
from engine.train.image import EVAL_BATCH
from engine.train.loop import top1


@dataclass(frozen=True)
class TextSplit:
    """A split as T_x sees it: `images` [N, D], `labels` and `ids` int64 [N], and its texts."""

    images: Tensor
    labels: Tensor
    ids: Tensor
    texts: SampleTexts


class Seen(NamedTuple):
    """A batch as T_x sees it: `images` and `texts` [B, D]; `relaxed` bool [B], who takes wn."""

    images: Tensor
    texts: Tensor
    relaxed: Tensor


class TrainingInputs:
    """What T_x sees of the training split, in its own training and when it teaches.

    `views` float16 [E, N, D] (a memory map) are embeddings of the student's views, of which epoch
    e has views[e mod E]; None: the clean images in every epoch. Under mix `first_batches` the text
    is the batch's (`kind_of_batch`, percentages wn and noise), else each sample's own.
    """

    def __init__(
        self,
        split: TextSplit,
        *,
        mix: Literal["per_sample", "first_batches"],
        wn: int,
        noise: int,
        views: NDArray[np.float16] | None,
    ) -> None:
        self.split = split
        self.by_batch = mix == "first_batches"
        self._wn, self._noise, self._views = wn, noise, views
        self._at: int | None = None  # the epoch whose views are on the device
        self._images = split.images

    @property
    def changing(self) -> bool:
        """Whether T_x sees something else of a sample in another epoch or batch."""
        return self.by_batch or self._views is not None

    def see(self, batch: Batch, bank: Tensor | None) -> Seen:
        """The batch's images and texts; gradients flow into `bank` [K, D]."""
        index, texts = batch.index, self.split.texts
        images = self.images(batch.epoch)[index]
        kinds = texts.kinds[index]
        if self.by_batch:
            kind = kind_of_batch(batch.step, batch.steps, wn=self._wn, noise=self._noise)
            kinds = torch.full_like(kinds, kind)
        return Seen(images, texts.embed(index, kinds, images, bank), kinds == Text.WN)

    def images(self, epoch: int) -> Tensor:
        """Image embeddings float32 [N, D] of an epoch."""
        if self._views is not None and self._at != epoch:
            table = torch.from_numpy(self._views[epoch % len(self._views)].copy())
            self._images = table.to(self.split.images.device).float()
            self._at = epoch
        return self._images


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
        train: TrainingInputs,
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

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        split, bank, index = self._train.split, self.module.bank, batch.index
        seen = self._train.see(batch, bank)
        draws = self.module.network.dropout_draws
        uniforms = (
            uniform(self._seed, batch.epoch, split.ids[index], draws, Stream.DROPOUT)
            if draws
            else None
        )
        labels = split.labels[index]
        logits = self.module.network(tx_input(self._modality, seen.images, seen.texts), uniforms)
        hier = cosreg = logits.new_zeros(())
        if bank is not None and self._pretrained is not None:
            hier = hierarchical_loss(seen.texts, split.texts.gt(index), seen.relaxed)
            cosreg = cosine_regulariser(bank, self._pretrained, seen.relaxed)
        loss = t_x_loss(
            logits,
            labels,
            hier,
            cosreg,
            lambda_hier=self._recipe.lambda_hier,
            lambda_cosreg=self._recipe.lambda_cosreg,
        )
        return {
            "loss": loss,
            "top1": top1(logits, labels),
            "loss_hier": hier,
            "loss_cosreg": cosreg,
        }

    @torch.no_grad()
    def after_step(self) -> None:
        """The bank stays on the sphere (method: re-normalised after each step)."""
        if self.module.bank is not None and self.module.bank.requires_grad:
            self.module.bank.copy_(F.normalize(self.module.bank, dim=1))

    def predict(self) -> Tensor:
        return tx_logits(self.module, self._val, self._modality)

    @property
    def val_labels(self) -> Tensor:
        return self._val.labels

    def state(self) -> dict[str, Tensor]:
        return {}

    def restore(self, state: dict[str, Tensor]) -> None: ...


def split_inputs(
    split: TextSplit, index: Tensor, bank: Tensor | None, modality: Modality
) -> Tensor:
    """What T_x is fed of a split's samples `index`, each with its text of the fixed draw."""
    images = split.images[index]
    texts = split.texts.embed(index, split.texts.kinds[index], images, bank)
    return tx_input(modality, images, texts)


@torch.no_grad()
def tx_logits(module: TxModule, split: TextSplit, modality: Modality) -> Tensor:
    """T_x's logits float32 [N, C] of a whole split, in eval mode."""
    everyone = torch.arange(len(split.labels), device=split.labels.device)
    return torch.cat(
        [
            module.network(split_inputs(split, index, module.bank, modality)).float()
            for index in everyone.split(EVAL_BATCH)
        ]
    )
