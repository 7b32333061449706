"""Jobs as batch jobs of a Slurm cluster.

`executor` is the Executor. It hands jobs to allocations through files (`allocation`, `record`), has
them made by sbatch (`commands`, `script`, `profile`) and hears of them from a thread (`watch`).
`node` is what works on the compute node.
"""
