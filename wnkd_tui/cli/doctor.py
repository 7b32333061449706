"""`wnkd doctor`: whether this machine can do the work, and what to do where it cannot."""

import typer

from wnkd_tui.cli.output import AsJson, print_json


def doctor(as_json: AsJson = False) -> None:
    """Check whether this machine can do the work.

    Looks at packages, GPU, home directory, disk, database, WordNet and datasets, and says what to
    do about what is wrong; exit code 1 where something is.

    Example: wnkd doctor
    """
    from wnkd_tui.cli import checks

    found = checks.all_checks()
    if as_json:
        print_json(checks=[{"name": one.name, "ok": one.ok, "says": one.says} for one in found])
    else:
        for one in found:
            typer.echo(f"{'ok   ' if one.ok else 'WRONG'}  {one.name:<15} {one.says}")
    if not all(one.ok for one in found):
        raise typer.Exit(1)
