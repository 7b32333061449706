"""Stands for `run-queue`: says who it is, and ends with 0 at SIGINT or with 7 at SIGTERM."""

import os
import signal
import sys
import time
from pathlib import Path

home = Path(os.environ["WNKD_HOME"])
signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
(home / "worker.args").write_text(" ".join(sys.argv[1:]))
(home / "worker.pid").write_text(f"{os.getpid()} {os.getsid(0)}")
time.sleep(60)
