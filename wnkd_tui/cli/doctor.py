"""`wnkd doctor`: whether this machine can do the work, and whether all that it kept is sound."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer

from wnkd_tui.cli.output import AsJson, print_json
from wnkd_tui.cli.run_queue import (
    AddressOption,
    ExecutorOption,
    ProfileOption,
    Where,
    check_cluster,
)

if TYPE_CHECKING:
    from pathlib import Path

    from wnkd_tui.cli.checks import Check

Told = tuple[str, "Check"]  # ok, WRONG or MENDED


def doctor(
    mend: Annotated[
        bool, typer.Option("--mend", help="Mend what can be mended. Without this nothing changes.")
    ] = False,
    executor: ExecutorOption = Where.LOCAL,
    profile: ProfileOption = None,
    address: AddressOption = None,
    as_json: AsJson = False,
) -> None:
    """Check machine and home, and mend what is broken.

    Looks at packages, GPU, home directory, config, disk, database, jobs and their processes,
    artifacts, files and datasets, and says what to do about what is wrong; exit code 1 where
    something is and was not mended. With --executor slurm or ray also whether the cluster would
    take jobs as the profile asks for them.

    Example: wnkd doctor --mend
    """
    check_cluster(executor, profile, address)
    told: list[Told] = []
    looked = _looked(executor, profile, address)
    for one in _mended(looked) if mend else looked:
        told.append(one)
        if not as_json:
            word, check = one
            typer.echo(f"{word:<7}{check.name:<15} {check.says}")
    if as_json:
        checks = [check for _, check in told]
        print_json(checks=[{"name": one.name, "ok": one.ok, "says": one.says} for one in checks])
    if not all(check.ok for _, check in told):
        raise typer.Exit(1)


def _looked(executor: Where, profile: "Path | None", address: str | None) -> "Iterator[Told]":
    from wnkd_tui.cli.checks import all_checks
    from wnkd_tui.home import Home, HomeError

    checks = [all_checks()]
    with suppress(HomeError):  # that is told by its check
        if executor is Where.SLURM:
            from wnkd_tui.cli.slurm_checks import slurm_checks

            checks.append(slurm_checks(Home.find(), profile))
        elif executor is Where.RAY:
            from wnkd_tui.cli.ray_checks import ray_checks

            checks.append(ray_checks(Home.find(), profile, address))
    for check in chain.from_iterable(checks):
        yield "ok" if check.ok else "WRONG", check


def _mended(looked: "Iterator[Told]") -> "Iterator[Told]":
    """Raises HousekeepingError while another one mends or frees."""
    import sqlite3
    from contextlib import ExitStack

    from engine.errors import WnkdError
    from wnkd_tui.cli.checks import Check
    from wnkd_tui.home import Home, HomeError
    from wnkd_tui.queue.housekeeping.gc import alone

    with ExitStack() as held:
        with suppress(HomeError):  # that is told by its check
            held.enter_context(alone(Home.find()))
        for word, check in looked:
            if check.ok or check.mend is None:
                yield word, check
                continue
            try:
                yield "MENDED", Check(check.name, True, f"mended: {check.mend()}")
            except (WnkdError, OSError, sqlite3.Error) as error:
                yield word, Check(check.name, False, f"{check.says}; not mended: {error}")
