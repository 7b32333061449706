"""A trial becomes jobs: a DAG whose nodes are named by what they compute.

A job's key hashes its own settings, its inputs' keys and its stage's version. Whatever two trials
have in common therefore has one key and is computed once.
"""

from dataclasses import replace

from engine.plan.common import Common
from engine.plan.image import EXPERTS, image_teachers, logits, student
from engine.plan.jobs import STAGE_VERSIONS, DatasetRef, JobSpec, Plan
from engine.plan.multimodal import t_x_jobs
from engine.recipe import changed, load_recipe, settled
from engine.spec import TrialSpec

__all__ = ["EXPERTS", "STAGE_VERSIONS", "DatasetRef", "JobSpec", "Plan", "plan"]


def plan(spec: TrialSpec, dataset: DatasetRef) -> Plan:
    """The jobs of `spec`, whose changes are brought to their one form.

    Raises SpecError for an unknown recipe or setting, and for LFME on a set without shot groups.
    """
    recipe = load_recipe(spec.recipe, spec.dataset)
    spec = replace(spec, changes=settled(recipe, spec.changes))
    return Plan(spec, tuple(_jobs(Common(spec, dataset, changed(recipe, spec.changes)))))


def _jobs(common: Common) -> list[JobSpec]:
    """Inputs before users."""
    jobs: list[JobSpec] = []
    taught_by: dict[str, str] = {}
    if common.spec.tx:
        jobs += t_x_jobs(common.spec.tx, common)
        of_t_x = (job.key for job in reversed(jobs) if job.kind in ("logits", "T_x"))
        taught_by["T_x"] = next(of_t_x)
    for teacher in image_teachers(common):
        # The student has its teachers' logits, or their networks where no logits are kept.
        heard = [] if common.asks_networks else [logits(teacher, common)]
        jobs += [teacher, *heard]
        taught_by[teacher.name] = jobs[-1].key
    return [*jobs, student(taught_by, common)]
