"""`wnkd-tui`: the terminal app."""

import argparse
import sys


def main() -> None:
    """Opens the app; exit code 2 where there is no terminal to draw on."""
    parser = argparse.ArgumentParser(
        prog="wnkd-tui",
        description="Run and read knowledge distillation experiments. Home: $WNKD_HOME.",
    )
    parser.parse_args()
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print("wnkd-tui needs a terminal; `wnkd queue list` works without one", file=sys.stderr)
        raise SystemExit(2)
    from wnkd_tui.app.application import WnkdApp

    app = WnkdApp()
    app.run()
    raise SystemExit(app.return_code or 0)
