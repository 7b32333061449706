"""What is known of a job as the text that shows it."""

from collections.abc import Mapping
from typing import Any

from rich.console import RenderableType

from wnkd_tui.app.screens.run import parts
from wnkd_tui.app.screens.run.panes.artifacts import artifacts
from wnkd_tui.app.screens.run.panes.attribution import attribution
from wnkd_tui.app.screens.run.panes.environment import environment
from wnkd_tui.app.screens.run.panes.results import results
from wnkd_tui.app.screens.run.panes.spec import spec


def drawn(part: Any, job: int, inks: Mapping[str, str]) -> RenderableType:
    """`part` is one of `parts`, `job` the job's id."""
    match part:
        case parts.Results():
            return results(part, inks)
        case parts.Spec():
            return spec(part, inks)
        case parts.Environment():
            return environment(part, job, inks)
        case parts.Artifacts():
            return artifacts(part, inks)
        case parts.Attribution():
            return attribution(part, inks)
    raise TypeError(f"no text shows {part!r}")
