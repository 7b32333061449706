"""T_x: trained on embeddings; leaves its network, its noun bank and its logits of every sample."""

from typing import Any

import torch
from torch import Tensor

from engine.job import Job, subseed
from engine.models.t_x import multimodal_teacher
from engine.recipe import MultimodalRecipe
from engine.spec import Modality, ValidationText
from engine.stages import tables
from engine.stages.images import CHECKPOINT, finished
from engine.stages.retrieval import write_nouns
from engine.texts import sample_texts
from engine.train.checkpoint import Checkpoint
from engine.train.loop import train
from engine.train.multimodal import MultimodalTask, TextSplit, TxModule, tx_logits

PART = "T_x"
TRAIN, VAL = 0, 1


def run(job: Job) -> dict[str, Any]:
    settings = job.settings
    recipe = MultimodalRecipe.model_validate(
        {name: settings[name] for name in MultimodalRecipe.model_fields}
    )
    embedded = tables.Embedded.load(job.input("embed"), job.device)
    bank = bank_of(job)
    module = tx_module(settings, embedded, bank).to(job.device)
    train_split = text_split(settings, embedded, TRAIN, _train_mix(settings))
    val_split = text_split(settings, embedded, VAL, validation_mix(settings))
    modality = Modality(settings["modality"])
    task = MultimodalTask(
        module, train_split, val_split, recipe, modality, seed=subseed(settings["seed"], PART)
    )
    history = train(
        task,
        len(train_split.labels),
        recipe.optimiser,
        seed=subseed(settings["seed"], PART),
        device=torch.device(job.device),
        checkpoint=Checkpoint(job.directory / CHECKPOINT),
        report=job.events,
    )
    tables.save({"train": tx_logits(module, train_split, modality)}, job.out / tables.TX_LOGITS)
    if module.bank is not None:
        names = (job.input("relax") / tables.NOUN_NAMES).read_text(encoding="utf-8").split("\n")
        write_nouns(job, embedded, module.bank.detach(), names, settings["temperature"])
    return finished(job, module, history, len(train_split.labels), len(val_split.labels))


def bank_of(job: Job) -> Tensor | None:
    """The pretrained noun bank [K, D], where any sample takes wn text."""
    if "relax" not in job.inputs:
        return None
    return tables.load(job.input("relax") / tables.BANK, job.device)["bank"]


def tx_module(settings: dict[str, Any], embedded: tables.Embedded, bank: Tensor | None) -> TxModule:
    """An untrained T_x for these embeddings."""
    parts = 2 if settings["modality"] == Modality.IMG_TEXT else 1
    network = multimodal_teacher(
        settings["stem"],
        dim=parts * embedded.class_texts.shape[1],
        classes=len(embedded.classes),
        seed=subseed(settings["seed"], PART),
    )
    return TxModule(network, bank, learned=settings["text_update"] == "learned")


def text_split(
    settings: dict[str, Any], embedded: tables.Embedded, split: int, mix: tuple[int, int]
) -> TextSplit:
    """A split with its texts; `mix` is (wn, noise) in percent."""
    part = embedded.train if split == TRAIN else embedded.val
    wn, noise = mix
    texts = sample_texts(
        part.images,
        part.labels,
        part.ids,
        embedded.class_texts,
        wn=wn,
        noise=noise,
        seed=subseed(settings["seed"], "texts"),
        split=split,
        temperature=settings["temperature"],
    )
    return TextSplit(part.images, embedded.class_texts[part.labels], part.labels, part.ids, texts)


def _train_mix(settings: dict[str, Any]) -> tuple[int, int]:
    return settings["wn"], settings["noise"]


def validation_mix(settings: dict[str, Any]) -> tuple[int, int]:
    """(wn, noise) in percent of the validation split under the trial's policy."""
    return {
        ValidationText.GT: (0, 0),
        ValidationText.WN: (100, 0),
        ValidationText.NOISE: (0, 100),
        ValidationText.MIXED: _train_mix(settings),
    }[ValidationText(settings["val_text"])]
