"""Jobs on a Ray cluster, whose nodes need not share a file system.

`executor` is the Executor, with a `courier` a job: a thread that has Ray begin a `node.Worker`,
sends it what the job reads (`inputs`, in `pieces`; `cache` keeps it there), and brings home what
the job writes (`arrivals`). `guard` ends the job's processes when its worker has ended. `cluster`
alone imports ray.
"""
