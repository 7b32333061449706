"""Which nouns a trial's images retrieve: what WordNet relaxation means, class by class."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from engine.artifacts import ArtifactStore
from engine.errors import ArtifactError, SpecError
from wnkd_tui.home import Home
from wnkd_tui.store.rows import JobRow, TrialRow

NOUNS_BY_CLASS = "nouns.json"


@dataclass(frozen=True)
class Retrieved:
    """Class name → nouns with their weights (0 to 1), the heaviest first; `job` made them."""

    job: int
    kind: str
    classes: dict[str, list[tuple[str, float]]]


def retrieved(home: Home, trial: TrialRow, jobs: Sequence[JobRow]) -> Retrieved:
    """From T_x's learned bank, or from the untrained one while T_x is not done.

    Raises SpecError where the trial takes no wn text or its bank is not made yet.
    """
    makers = [job for kind in ("T_x", "relax") for job in jobs if job.kind == kind]
    if not any(job.kind == "relax" for job in makers):
        raise SpecError(
            f"trial {trial.id}, {trial.name}, takes no WordNet text, so it retrieves no nouns"
        )
    store = ArtifactStore(home.artifacts)
    for job in makers:
        path = store.path(job.key) / NOUNS_BY_CLASS
        if job.state != "done" or not path.exists():
            continue
        try:
            by_class = json.loads(path.read_text(encoding="utf-8"))["classes"]
            classes = {
                name: [(str(noun), float(weight)) for noun, weight in pairs]
                for name, pairs in by_class.items()
            }
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ArtifactError(
                f"{path} is damaged: wnkd queue show {job.id} names its job"
            ) from None
        return Retrieved(job.id, job.kind, classes)
    raise SpecError(
        f"trial {trial.id} has no nouns yet: job {makers[-1].id} is {makers[-1].state};"
        " wnkd run-queue --drain does the waiting jobs"
    )
