from wnkd_tui.app import main

main()
