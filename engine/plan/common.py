"""What several jobs of one trial are told alike. A setting stands only where it can matter."""

from typing import Any

from engine.data.shots import shot_groups
from engine.errors import SpecError
from engine.kept import top_k
from engine.plan.jobs import DatasetRef
from engine.settings import Recipe
from engine.spec import Method, TrialSpec


class Common:
    """Settings that jobs share, from a trial, its dataset and its recipe with its changes."""

    def __init__(self, spec: TrialSpec, dataset: DatasetRef, recipe: Recipe) -> None:
        self.spec, self.dataset, self.recipe = spec, dataset, recipe
        self.data = {
            "dataset": dataset.name,
            "dataset_key": dataset.key,
            "limit_train": spec.limit_train,
        }
        self.machine = {"cpu_threads": recipe.cpu_threads}
        # Only the image networks compute in the recipe's precision; the other jobs are shared
        # between recipes that differ in it.
        self.pixels = {"image_size": recipe.image_size, "precision": recipe.precision}

    @property
    def student_optimiser(self) -> dict[str, Any]:
        lfme = self.spec.method is Method.LFME
        return (self.recipe.lfme if lfme else self.recipe.student).optimiser.model_dump()

    @property
    def views(self) -> dict[str, Any]:
        """What decides the pixels that a student sees: logits made for them serve every student."""
        return {
            **self.data,
            "augment": self.recipe.augment["strong"],
            "epochs": self.student_optimiser["epochs"],
            "seed": self.spec.seed,
            **self.machine,
            **self.pixels,
        }

    @property
    def order(self) -> dict[str, Any]:
        """The student's batches, for teachers whose answer depends on them."""
        optimiser = self.student_optimiser
        return {
            "epochs": optimiser["epochs"],
            "batch": optimiser["batch"],
            "teacher_bn": self.recipe.student.teacher_bn,
        }

    @property
    def kept(self) -> dict[str, Any]:
        """What a table of logits holds of each row; nothing is said where that is all of it. Only
        Eq. 2 can do with less: the baselines ask for more than a softmax at one temperature."""
        if self.spec.method is not Method.KD:
            return {}
        sizes = self.dataset.train_per_class
        samples = min(self.spec.limit_train or sum(sizes), sum(sizes))
        rows = samples * self.student_optimiser["epochs"]
        k = top_k(self.recipe.logits, rows=rows, classes=len(sizes))
        return {} if k is None else {"logits": {"top_k": k, "tau": self.recipe.student.tau}}

    @property
    def asks_networks(self) -> bool:
        """Whether the student's job has its image teachers' networks and no tables of theirs.
        LFME's experts always have tables: it asks about every image before the first batch."""
        return self.recipe.logits.keep == "none" and bool(self.spec.teachers.image)

    @property
    def shot_groups(self) -> dict[str, list[int]]:
        """LFME's: classes by group. Raises SpecError where all are of one."""
        groups = {
            name: ids for name, ids in shot_groups(self.dataset.train_per_class).items() if ids
        }
        if len(groups) < 2:
            raise SpecError(
                f"lfme is for long-tailed sets: all classes of {self.dataset.name} are"
                f" {'/'.join(groups)}-shot"
            )
        return groups
