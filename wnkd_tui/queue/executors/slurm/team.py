"""A job's ranks on several nodes: those of the first node are its own children, and one srun starts
all others (engine.leading)."""

import shlex
from collections.abc import Mapping

from engine.rank import ELSEWHERE, HERE

# In bash, of the command in "$@" and the number of the first rank elsewhere in $0.
_NUMBERED = 'RANK=$((SLURM_PROCID + $0)) LOCAL_RANK=$SLURM_LOCALID exec "$@"'
# One that dies ends the others at once. Each sees all cores and GPUs that its node has for the job,
# as those of the first node do, and takes the GPU of its own number.
_OPTIONS = ("--kill-on-bad-exit=1", "--cpu-bind=none", "--gpu-bind=none", "--mpi=none")


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What a job is told of the other nodes of its allocation, whose environment is given."""
    others = int(environ.get("SLURM_JOB_NUM_NODES", "1")) - 1
    if not others:
        return {}
    each = int(environ["SLURM_NTASKS_PER_NODE"])
    where = (f"--nodes={others}", "--relative=1")
    how_many = (f"--ntasks={others * each}", f"--ntasks-per-node={each}")
    command = ["srun", *where, *how_many, *_OPTIONS, "bash", "-c", _NUMBERED, str(each)]
    return {HERE: str(each), ELSEWHERE: shlex.join(command)}
