"""Jobs as batch jobs of a Slurm cluster.

`executor` is the Executor. It hands jobs to `allocations` through files (`allocation`, `record`),
has them made by sbatch (`commands`, `script`, `profile`), hears of them from a thread (`watch`) and
makes of it how they are (`verdict`). `node` is what works on the compute node, `team` how a job
gets to others.
"""
