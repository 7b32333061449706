"""The pages: which there are, and how each is made when it is first gone to."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from textual.screen import Screen

from wnkd_tui.app.screens.home.screen import HomePage

_LATER = {
    "datasets": ("datasets.screen", "DatasetsPage"),
    "grid": ("grid.screen", "GridPage"),
    "queue": ("queue.screen", "QueuePage"),
    "trials": ("trials.screen", "TrialsPage"),
    "run": ("run.screen", "RunPage"),
    "compare": ("compare.screen", "ComparePage"),
}
_HEAVY = ("wnkd_tui.app.screens.form.screen", "engine.data.registry", "plotext")

Make = Callable[[], Screen[Any]]


def _lazy(module: str, name: str) -> Make:
    """A page that is imported when it is first gone to."""

    def make() -> Screen[Any]:
        page: Screen[Any] = getattr(_imported(module), name)()
        return page

    return make


def _imported(module: str) -> Any:
    return import_module(f"wnkd_tui.app.screens.{module}")


PAGES: dict[str, str | Make] = {
    "home": HomePage,
    **{page: _lazy(*where) for page, where in _LATER.items()},
}


def warm() -> None:
    """Once the first page stands, the others are made ready, so that no key has to wait."""
    for module, _ in _LATER.values():
        _imported(module)
    for heavy in _HEAVY:
        import_module(heavy)
