"""The root command: its groups, `--version`, and how errors are told.

Exit codes: 0 done, 1 a job failed (or an error of ours), 2 bad usage, 130 interrupted.
"""

import os
import select
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout, suppress
from io import StringIO, TextIOWrapper
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from engine.errors import WnkdError
from engine.shown import as_shown
from wnkd_tui.cli import (
    bash_words,
    dataset,
    demo,
    doctor,
    filter,
    gc,
    notify,
    queue,
    recipe,
    report,
    run_queue,
    trial,
)

DEBUG = "--debug"


class Root(TyperGroup):
    """Tells every error in one line; `--debug`, anywhere on the line, shows the traceback."""

    def main(self, args: Sequence[str] | None = None, *_: Any, **extra: Any) -> Any:
        """Runs the command line and ends the process with its exit code."""
        words = list(sys.argv[1:] if args is None else args)
        if bash_words.VARIABLE in os.environ:
            self._complete()
        debug = DEBUG in words
        words = [word for word in words if word != DEBUG]
        _open_closed()
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):  # a terminal that lacks a sign is no error
                stream.reconfigure(errors="replace")
        try:
            code = super().main(words, prog_name="wnkd", standalone_mode=False)
            sys.stdout.flush()
        except Exception as error:  # the last place where it can be told
            if isinstance(error, BrokenPipeError) and _left_alone():  # read enough: no fault
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the last flush
                sys.exit(1)
            code = _told(error)
            if debug:
                raise
        sys.exit(code or 0)

    def _complete(self) -> None:
        """Answers a shell that asks for completions, and ends the process."""
        fixed = bash_words.join()
        with redirect_stdout(StringIO()) as answer, suppress(Exception, SystemExit):
            super().main([], prog_name="wnkd", standalone_mode=False)
        for line in answer.getvalue().splitlines():
            print(line.removeprefix(fixed))
        sys.exit(0)


def _open_closed() -> None:
    """Gives what was closed before the start (`>&-`) somewhere to go: nobody wants to read it."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115 - until the end


def _left_alone() -> bool:
    """Whether nobody reads stdout or stderr any more."""
    poll = select.poll()
    for stream in (sys.stdout, sys.stderr):
        poll.register(stream.fileno(), 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))


def _told(error: Exception) -> int:
    """Says `error` in one line on stderr; the exit code that goes with it."""
    if type(error).__name__ == "NoArgsIsHelpError":  # nothing was asked: show what can be
        print(error, file=sys.stderr)
        return 2
    if isinstance(error, WnkdError):
        line, code = str(error), 2
    elif isinstance(error, typer.Abort):
        line, code = "stopped", 130
    elif hasattr(error, "format_message"):  # a usage error; typer keeps its base class to itself
        context = getattr(error, "ctx", None)
        where = context.command_path if context else "wnkd"
        message = error.format_message().rstrip(".").replace("Value error, ", "")
        line, code = f"{message} (see {where} --help)", 2
    elif fault := _fault_of_the_database(error):
        line, code = fault, 2
    elif isinstance(error, OSError) and error.strerror:  # the machine's fault, such as a full disk
        line, code = ": ".join(str(part) for part in (error.filename, error.strerror) if part), 2
    else:
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        line, code = f"{what} (run again with {DEBUG} for the traceback)", 1
    with suppress(OSError):  # there may be no room for that either
        print(f"wnkd: {as_shown(' '.join(line.split()))}", file=sys.stderr)
    return code


def _fault_of_the_database(error: Exception) -> str | None:
    """What is wrong with the database, where an unexpected error may come from that."""
    from wnkd_tui.home import Home
    from wnkd_tui.store.soundness import fault_behind

    with suppress(Exception):  # what fails here as well is told as the error that it is
        return fault_behind(error, Home.find())
    return None


app = typer.Typer(
    cls=Root,
    help="Crossmodal distillation with WordNet-relaxed text."
    "\n\nQueue trials, do their work, read the paper's tables and figures from the results."
    "\n\nExample: wnkd queue add --wn 100, then wnkd run-queue, then wnkd-tui",
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
)
app.add_typer(queue.app, name="queue")
app.command("run-queue")(run_queue.run_queue)
app.add_typer(dataset.app, name="dataset")
app.add_typer(recipe.app, name="recipe")
app.add_typer(trial.app, name="trial")
app.add_typer(filter.app, name="filter")
app.add_typer(report.app, name="report")
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)
app.command("notify")(notify.notify)
app.command("gc")(gc.gc)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"wnkd {version('wnkd-tui')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
    debug: Annotated[
        bool, typer.Option(DEBUG, help="Show the traceback of an error; may stand anywhere.")
    ] = False,
) -> None:
    """Both options have done their work when this is called."""
