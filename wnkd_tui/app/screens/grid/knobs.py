"""What the grid's knobs are turned to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.changes import Changes, frozen_changes, text_of
from engine.encoders.names import is_stand_in
from engine.spec import Modality
from wnkd_tui.app.screens.grid.places import LAYOUTS, PROPORTIONS, Basis, Layout, Place
from wnkd_tui.app.screens.grid.view import Grid, GridQuestion

# name → key, in the order in which they are read
KNOBS = {
    "table": "v",
    "dataset": "d",
    "recipe": "r",
    "encoder": "e",
    "modality": "y",
    "changes": "c",
    "seeds": "s",
    "images": "l",
}
# One modality, or the paper's three together.
SEEN = (*((one,) for one in Modality), tuple(Modality))
_SEEDS = tuple(tuple(range(count)) for count in (1, 3, 5))


@dataclass
class Settings:
    """None: what is usual for the dataset, the recipe, or the width of the screen."""

    layout: Layout = PROPORTIONS
    recipe: str | None = None
    encoder: str | None = None
    modalities: tuple[Modality, ...] | None = None
    seeds: tuple[int, ...] = _SEEDS[0]
    limit_train: int | None = None
    changes: Changes = ()

    def question(
        self, dataset: str | None, marked: frozenset[Place], *, beside: bool
    ) -> GridQuestion:
        """`beside`: there is room for all modalities."""
        return GridQuestion(
            self.layout,
            dataset,
            self.recipe,
            self.encoder,
            self.modalities or SEEN[-1 if beside and not self.layout.by_dataset else 0],
            self.seeds,
            self.limit_train,
            self.changes,
            marked,
        )

    def told(self, basis: Basis) -> dict[str, str]:
        """What stands at each knob."""
        stand_in = " (stand-in)" if is_stand_in(basis.encoder) else ""
        return {
            "table": self.layout.name,
            "dataset": "a line each" if self.layout.by_dataset else basis.dataset,
            "recipe": basis.recipe,
            "encoder": f"{basis.encoder}{stand_in}",
            "modality": "all three" if len(basis.modalities) > 1 else basis.modalities[0].value,
            "changes": text_of(basis.changes) or "none",
            "seeds": ",".join(map(str, basis.seeds)),
            "images": str(basis.limit_train or "all of the split"),
        }

    def turn(self, name: str, grid: Grid) -> None:
        """To the next value but for the dataset, which the app keeps; what hangs on another dataset
        or recipe is as usual again."""
        options, basis = grid.options, grid.basis
        match name:
            case "table":
                self.layout = after(self.layout, LAYOUTS)
            case "dataset":
                self.recipe = self.encoder = self.limit_train = None
                self.changes = ()
            case "recipe":
                self.recipe = after(basis.recipe, options.recipes)
                self.encoder, self.changes = None, ()
            case "encoder":
                self.encoder = after(basis.encoder, options.encoders)
            case "modality":
                self.modalities = after(basis.modalities, SEEN)
            case "changes":
                self.changes = after(basis.changes, options.changes)
            case "seeds":
                self.seeds = after(basis.seeds, _SEEDS)
            case "images":
                self.limit_train = after(basis.limit_train, options.limits)

    def kept(self) -> dict[str, Any]:
        """JSON-ready; `restore` takes it up."""
        return {
            "layout": self.layout.name,
            "recipe": self.recipe,
            "encoder": self.encoder,
            "modalities": self.modalities,
            "seeds": self.seeds,
            "limit_train": self.limit_train,
            "changes": dict(self.changes),
        }

    @classmethod
    def restored(cls, kept: Mapping[str, Any]) -> "Settings":
        """Raises KeyError, TypeError or ValueError for what is none."""
        seen = kept["modalities"]
        return cls(
            {layout.name: layout for layout in LAYOUTS}[kept["layout"]],
            kept["recipe"],
            kept["encoder"],
            tuple(Modality(one) for one in seen) if seen else None,
            tuple(int(seed) for seed in kept["seeds"]),
            kept["limit_train"],
            frozen_changes(kept["changes"].items()),
        )


def after(value: Any, values: tuple[Any, ...]) -> Any:
    """The one after `value`, the first after the last."""
    return values[(values.index(value) + 1) % len(values)] if value in values else values[0]
