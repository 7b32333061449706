"""`fake_srun.py FIRST COUNT COMMAND…`: starts ranks as srun does on other nodes. One that fails
ends the others; the exit code is the highest, with 128 and its number for a signal."""

import os
import subprocess
import sys
import time

first, count, *command = sys.argv[1:]
numbers = range(int(first), int(first) + int(count))
ranks = [
    subprocess.Popen(command, env={**os.environ, "RANK": str(n), "LOCAL_RANK": str(n % int(count))})
    for n in numbers
]
while None in [one.poll() for one in ranks]:
    if any(one.returncode for one in ranks):
        for one in ranks:
            one.terminate()
    time.sleep(0.01)
sys.exit(max(128 - one.returncode if one.returncode < 0 else one.returncode for one in ranks))
