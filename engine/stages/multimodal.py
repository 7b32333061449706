"""T_x: trained on embeddings; leaves its network, its noun bank and its logits of every sample."""

from collections.abc import Generator
from typing import Any

import torch
from torch import Tensor

from engine.job import CHECKPOINTS, Job, subseed
from engine.models.pretrained import imagenet_weights, load_t_x
from engine.models.t_x import multimodal_teacher
from engine.settings import MultimodalRecipe
from engine.spec import Modality, ValidationText
from engine.stages import tables
from engine.stages.images import finished
from engine.stages.retrieval import write_nouns
from engine.texts import sample_texts
from engine.together import Place
from engine.train.checkpoint import Checkpoints
from engine.train.loop import train
from engine.train.multimodal import MultimodalTask, TextSplit, TrainingInputs, TxModule, tx_logits
from engine.train.teachers import mapped

PART = "T_x"
TRAIN, VAL = 0, 1


def run(job: Job) -> Generator[Place, None, dict[str, Any]]:
    """As `finished` says; where T_x says the same in every epoch also its logits float32 [N, C] of
    the training samples, and where it has a bank which nouns each class's images retrieve."""
    settings = job.settings
    recipe = MultimodalRecipe.model_validate(
        {name: settings[name] for name in MultimodalRecipe.model_fields}
    )
    embedded = tables.Embedded.of(job)
    bank, modality = bank_of(job), Modality(settings["modality"])
    checkpoints = Checkpoints(job.directory / CHECKPOINTS, job.events.log)
    module = tx_module(settings, embedded, bank)
    if checkpoints.load() is None:
        _start_from(recipe.weights, module, job)
    module = module.to(job.device)
    inputs = training_inputs(job, settings, embedded)
    task = MultimodalTask(
        module,
        inputs,
        text_split(settings, embedded, VAL, validation_mix(settings)),
        recipe,
        modality,
        seed=subseed(settings["seed"], PART),
    )
    samples = len(inputs.split.labels)
    trained = yield from train(
        task,
        samples,
        recipe.optimiser,
        seed=subseed(settings["seed"], PART),
        device=torch.device(job.device),
        checkpoints=checkpoints,
        report=job.events,
    )
    if not inputs.changing:  # else a job of its own follows the student's epochs
        logits = tx_logits(module, inputs.split, modality)
        tables.save({"train": logits}, job.out / tables.TX_LOGITS)
    if module.bank is not None:
        names = (job.input("relax") / tables.NOUN_NAMES).read_text(encoding="utf-8").split("\n")
        write_nouns(job, embedded, module.bank.detach(), names, settings["temperature"])
    return finished(job, task, trained, samples)


def bank_of(job: Job) -> Tensor | None:
    """The pretrained noun bank [K, D], where any sample takes wn text."""
    if "relax" not in job.inputs:
        return None
    return tables.one(job.input("relax") / tables.BANK, "bank", job.device)


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


def trained_tx(job: Job, role: str, embedded: tables.Embedded) -> TxModule:
    """The T_x that the job has as its input `role`, in eval mode and without gradients."""
    settings = job.store.meta(job.inputs[role])["settings"]
    module = tx_module(settings, embedded, bank_of(job)).to(job.device)
    tables.fill(module, job.input(role) / tables.MODEL, job.device)
    return module.eval().requires_grad_(False)


def training_inputs(
    job: Job, settings: dict[str, Any], embedded: tables.Embedded
) -> TrainingInputs:
    """What the T_x of `settings` sees of the training split, of this job's inputs."""
    views = None
    if "views" in job.inputs:
        views = mapped(job.input("views") / tables.VIEWS)
    wn, noise = _train_mix(settings)
    split = text_split(settings, embedded, TRAIN, (wn, noise))
    return TrainingInputs(split, mix=settings["mix"], wn=wn, noise=noise, views=views)


def text_split(
    settings: dict[str, Any], embedded: tables.Embedded, split: int, mix: tuple[int, int]
) -> TextSplit:
    """A split with its texts; `mix` is (wn, noise) in percent."""
    part = embedded.train if split == TRAIN else embedded.val
    wn, noise = mix
    texts = sample_texts(
        part.labels,
        part.ids,
        embedded.class_texts,
        wn=wn,
        noise=noise,
        seed=subseed(settings["seed"], "texts"),
        split=split,
        temperature=settings["temperature"],
    )
    return TextSplit(part.images, part.labels, part.ids, texts)


def _start_from(weights: str, module: TxModule, job: Job) -> None:
    """Puts pretrained weights into the network before its training begins."""
    state = imagenet_weights("resnet50", weights, job.files)
    if state is not None:
        kept = ", ".join(load_t_x(module.network, state)) or "none"
        job.events.log(f"begins with weights {weights}; as initialised: {kept}")


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
