"""What jobs do, a file a kind. Each has `run(job) -> result`: figures for people, JSON-ready.

A stage reads `job.settings` and its inputs, and writes its files into `job.out`.
"""
