"""A rank that ends as the file `ends` in the job's directory says for it: a word, which is its last
one, or a number: the exit code, negative for a signal; null: it never does."""

import json
import os
import sys
import time
from pathlib import Path

directory, number = Path(sys.argv[1]), os.environ["RANK"]
own = directory / "ranks" / number
own.mkdir(parents=True)
(own / "pid").write_text(str(os.getpid()))
(own / "meets").write_text(f"{os.environ['MASTER_ADDR']} {os.environ['WORLD_SIZE']}")
end = json.loads((directory / "ends").read_text())[int(number)]
if isinstance(end, dict):
    (own / "exit.json").write_text(json.dumps(end))
    sys.exit(end["state"] == "failed")
if end is None:
    time.sleep(60)
elif end < 0:
    os.kill(os.getpid(), -end)
else:
    sys.exit(end)
