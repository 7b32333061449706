"""What the compare page says of a report, and what of it is written to files."""

from wnkd_tui.app.screens.compare.reports import RUNS, View
from wnkd_tui.app.screens.compare.state import State
from wnkd_tui.app.screens.compare.view import Compared
from wnkd_tui.report.export import Exported

EMPTY = """[b]Nothing to compare yet.[/b] A report needs one finished T_x or student.

[$accent]1[/]  home, where [$accent]d[/] queues the demo sweep
[$accent]w[/]  starts the worker
[$accent]3[/]  pick cells of the paper's grids, or queue a whole sweep with [$accent]S[/]"""
_MISSING = "Nothing of this is measured yet: 3 and then S queues what it needs."
_NO_CURVES = "No curve of such a job: / chooses trials, k another kind of job."


def about(answer: Compared) -> str:
    """The line below the report's words."""
    view, picked = answer.view, answer.picked
    if view is None:
        return f"\n{picked.error or _NO_CURVES}" if picked else f"\n{_MISSING}"
    said = " · ".join(part for part in (view.sheet.label, view.sheet.caption) if part)
    if picked:
        shown = len(view.figures[0].lines)
        said += f" · {shown} of {picked.trials:,} {picked.words}"
    return said


def exported(at: State, answer: Compared, view: View) -> Exported:
    """`table2-digits-demo`, as far as the report is of one setting."""
    parts = [at.report]
    if at.report == RUNS and answer.picked:
        parts += [at.overlay.kind, answer.picked.metric]
    elif answer.setting:
        dataset, limit_train, recipe = answer.setting
        parts += [dataset, str(limit_train or ""), recipe]
    name = "-".join(part.replace("/", "_") for part in parts if part)
    tables = (view.sheet,) if view.sheet.columns else ()
    return Exported(name, view.figures, tables, (view.data,) if view.data else ())
