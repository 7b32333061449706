"""`wnkd`: the command line, one file per command group.

Starting it imports typer and the standard library only; each command imports what it needs.
"""


def main() -> None:
    """Entry point of `wnkd`; ends the process with its exit code."""
    from wnkd_tui.cli.root import app

    app()
