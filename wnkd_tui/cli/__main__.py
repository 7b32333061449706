"""`python -m wnkd_tui.cli`: the command line where `wnkd` itself is not on the path."""

from wnkd_tui.cli import main

main()
