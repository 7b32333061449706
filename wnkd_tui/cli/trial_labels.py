"""`wnkd trial tag|note|remove`: what people put on trials, and taking trials away."""

from typing import Annotated

import typer

from engine.errors import SpecError
from wnkd_tui.cli import completing
from wnkd_tui.cli.finding import EveryTrial, Trials, WhereTrials, Yes
from wnkd_tui.cli.output import say


def tag(
    trials: Trials = None,
    where: WhereTrials = None,
    every: EveryTrial = False,
    add: Annotated[
        list[str] | None,
        typer.Option(
            "--add",
            metavar="TAG",
            help="Put this tag on; may be repeated.",
            autocompletion=completing.tags,
        ),
    ] = None,
    remove: Annotated[
        list[str] | None,
        typer.Option(
            "--remove",
            metavar="TAG",
            help="Take this tag off; may be repeated.",
            autocompletion=completing.tags,
        ),
    ] = None,
) -> None:
    """Put tags on trials, or take them off.

    A tag is a word of letters, digits, `-`, `_` and `.`; `tag:paper` in a filter finds it.

    Example: wnkd trial tag 3 4 --add paper, or wnkd trial tag --where 'acc:>90' --add good
    """
    from wnkd_tui.cli import selection
    from wnkd_tui.home import Home
    from wnkd_tui.queue.wording import count
    from wnkd_tui.store.database import connect
    from wnkd_tui.store.find import labels

    put, off = add or [], remove or []
    if not put and not off:
        raise SpecError("which tags? Give --add TAG or --remove TAG")
    conn = connect(Home.find())
    ids = selection.trial_ids(conn, trials, where, every)
    labels.tag(conn, ids, put, off)
    changes = " ".join([*(f"+{one}" for one in put), *(f"-{one}" for one in off)])
    say(f"{count(len(ids), 'trial')}: {changes}")


def note(
    trial: Annotated[
        int, typer.Argument(metavar="TRIAL", help="Number.", autocompletion=completing.trials)
    ],
    text: Annotated[str, typer.Argument(metavar="TEXT", help='What to note; "" for nothing.')],
) -> None:
    """Write a note on a trial, in place of the last.

    `note:word` in a filter finds it.

    Example: wnkd trial note 3 "this one for the talk"
    """
    from wnkd_tui.home import Home
    from wnkd_tui.store.database import connect
    from wnkd_tui.store.find import labels

    labels.note(connect(Home.find()), trial, text)
    say(f"trial {trial}: {'noted' if text.strip() else 'no note'}")


def remove(
    trials: Trials = None,
    where: WhereTrials = None,
    every: EveryTrial = False,
    yes: Yes = False,
) -> None:
    """Remove trials and the jobs only they need.

    What was computed stays on disk. More than a few that a filter finds are removed after asking.

    Example: wnkd trial remove 3 4, or wnkd trial remove --where 'dataset:digits -tag:paper'
    """
    from wnkd_tui.cli import selection
    from wnkd_tui.home import Home
    from wnkd_tui.store.database import connect

    conn = connect(Home.find())
    ids = selection.trial_ids(conn, trials, where, every)
    if where is not None and not yes:
        selection.ask("remove", "trial", len(ids))
    say(selection.remove_trials(conn, ids))
