"""The jobs of T_x: embeddings, the noun bank, T_x itself, and what is asked of it."""

from typing import Any

from engine.encoders.names import is_stand_in
from engine.plan.common import Common
from engine.plan.jobs import JobSpec
from engine.spec import Modality, MultimodalSpec

WORDNET = JobSpec("wordnet", "WordNet nouns", {})


def t_x_jobs(tx: MultimodalSpec, common: Common) -> list[JobSpec]:
    """All that `tx` needs, T_x, and its logits and attribution where they are asked for; in the
    order of their inputs."""
    embeddings = _embeddings(tx, common)
    bank = _bank(tx, common, embeddings[0]) if tx.relaxes else []
    inputs = {job.kind: job.key for job in (*embeddings, *bank) if job.kind != "nouns"}
    t_x = JobSpec(
        "T_x",
        tx.name,
        {
            **common.recipe.T_x.model_dump(),
            **_without_effect(tx, common),
            "modality": tx.modality.value,
            "wn": tx.wn,
            "noise": tx.noise,
            "temperature": common.recipe.relax.temperature if tx.relaxes else None,
            "val_text": tx.val_text,
            "seed": common.spec.seed,
            **common.machine,
        },
        inputs,
    )
    jobs = [WORDNET] if tx.relaxes or is_stand_in(tx.encoder) else []
    jobs += [*embeddings, *bank, t_x]
    if _follows_student(tx, common):
        following = {"order": common.order, **common.machine, "seed": common.spec.seed}
        jobs.append(
            JobSpec(
                "logits",
                f"logits of {tx.name}",
                following | common.kept,
                {**inputs, "teacher": t_x.key},
            )
        )
    if tx.modality is Modality.IMG_TEXT:
        jobs.append(
            JobSpec(
                "attribution",
                f"attribution {tx.name}",
                {
                    **common.recipe.attribution.model_dump(),
                    "seed": common.spec.seed,
                    **common.machine,
                },
                {**inputs, "T_x": t_x.key},
            )
        )
    return jobs


def _embeddings(tx: MultimodalSpec, common: Common) -> list[JobSpec]:
    """embed, and views where T_x sees them."""
    sizes = common.recipe.embed
    stand_in = is_stand_in(tx.encoder)
    how = {**_encoder(tx, common), "size": sizes.stand_in_size if stand_in else sizes.size}
    reads = {"wordnet": WORDNET.key} if stand_in else {}
    embed = JobSpec("embed", f"embed {common.spec.dataset}", {**common.data, **how}, reads)
    if not _sees_views(tx, common):
        return [embed]
    views = JobSpec(
        "views",
        "embed the student's views",
        {**common.views, **how},
        {**reads, "embed": embed.key},
    )
    return [embed, views]


def _bank(tx: MultimodalSpec, common: Common, embed: JobSpec) -> list[JobSpec]:
    """nouns and relax: Algorithm 1."""
    relaxing = common.recipe.relax.model_dump()
    source = relaxing.pop("nouns")
    nouns = JobSpec(
        "nouns",
        f"embed {source} nouns",
        {**_encoder(tx, common), "nouns": source},
        {"wordnet": WORDNET.key},
    )
    relax = JobSpec(
        "relax",
        "noun bank",
        {**relaxing, "seed": common.spec.seed, **common.machine},
        {"wordnet": WORDNET.key, "embed": embed.key, "nouns": nouns.key},
    )
    return [nouns, relax]


def _encoder(tx: MultimodalSpec, common: Common) -> dict[str, Any]:
    return {"encoder": tx.encoder, **common.machine}


def _without_effect(tx: MultimodalSpec, common: Common) -> dict[str, Any]:
    """Settings of T_x that cannot matter to `tx`, in one form."""
    out: dict[str, Any] = {}
    if common.recipe.T_x.stem != "conv1_replace":  # no ResNet, no ResNet's weights
        out["weights"] = "none"
    if tx.gt in (0, 100):
        out["mix"] = "per_sample"
    if not tx.wn:  # no sample trains the bank
        out |= {"text_update": "fixed", "bank_weight_decay": 0.0}
        out |= {"lambda_hier": 0.0, "lambda_cosreg": 0.0}
    return out


def _follows_student(tx: MultimodalSpec, common: Common) -> bool:
    """Whether T_x says something else of a sample in each of the student's epochs."""
    recipe = common.recipe
    return (
        recipe.student.teacher_bn == "batch"
        or (recipe.T_x.mix == "first_batches" and tx.gt not in (0, 100))
        or _sees_views(tx, common)
    )


def _sees_views(tx: MultimodalSpec, common: Common) -> bool:
    """Whether T_x, or the retrieval of its text, looks at augmented images."""
    looks = tx.modality is not Modality.TEXT or tx.relaxes
    return common.recipe.embed.mode == "augmented" and looks
