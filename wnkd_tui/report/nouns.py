"""Which nouns a trial's images retrieve: what WordNet relaxation means, class by class."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from engine.artifacts import ArtifactStore
from engine.errors import ArtifactError
from wnkd_tui.home import Home
from wnkd_tui.store.rows import JobRow

NOUNS_BY_CLASS = "nouns.json"
# Class name → nouns with their weights (0 to 1, mean over the class's images), heaviest first.
Nouns = dict[str, tuple[tuple[str, float], ...]]


@dataclass(frozen=True)
class Retrieved:
    """From the bank as Algorithm 1 made it, and as T_x learned it; empty where not made yet.

    Training moves the bank's vectors but not their names: in the learned bank a name is only where
    its vector began.
    """

    relaxed: Nouns
    learned: Nouns


def retrieved(home: Home, jobs: Iterable[JobRow]) -> Retrieved:
    """Of one trial's jobs. Raises ArtifactError for a file that is damaged."""
    made = {job.kind: _read(home, job.key) for job in jobs if job.kind in ("relax", "T_x")}
    return Retrieved(made.get("relax", {}), made.get("T_x", {}))


def _read(home: Home, key: str) -> Nouns:
    path = ArtifactStore(home.artifacts).path(key) / NOUNS_BY_CLASS
    try:
        classes = json.loads(path.read_text(encoding="utf-8"))["classes"]
        return {
            name: tuple((str(noun), float(weight)) for noun, weight in pairs)
            for name, pairs in classes.items()
        }
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ArtifactError(
            f"{path} is damaged: remove its folder and queue the trial again"
        ) from None
