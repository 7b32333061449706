"""`wnkd notify`: try out where notices go."""

from typing import Annotated

import typer

from wnkd_tui.cli.output import say


def notify(
    text: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="What to send.", show_default=False)
    ] = None,
) -> None:
    """Send a notice now, to try it out.

    To the command and the webhook that config.toml names, whatever its `on` and `every` say; exit
    code 1 where one of them failed.

    Example: wnkd notify "hello from wnkd"
    """
    import socket

    from wnkd_tui import config
    from wnkd_tui.home import Home
    from wnkd_tui.queue import notices
    from wnkd_tui.queue.channels import Message, channels

    home = Home.find()
    wanted = config.load(home).notify
    found = channels(wanted, home)
    if not found:
        raise config.ConfigError(
            f"nothing is configured that could tell anybody: write into {home.root / config.CONFIG}"
            ' [notify] and below it webhook = "https://…" or command = ["notify-send", "wnkd"]'
        )
    message = Message("test", notices.line(text or f"wnkd on {socket.gethostname()} can reach you"))
    outcomes = [channel.send(message, wanted.timeout) for channel in found]
    for outcome in outcomes:
        notices.log(home, message, outcome)
        say(f"{'sent' if outcome.ok else 'FAILED'}: {outcome.channel}: {outcome.says}")
        for line in outcome.output.splitlines():
            say(f"    {notices.line(line)}")
    if not all(outcome.ok for outcome in outcomes):
        raise typer.Exit(1)
