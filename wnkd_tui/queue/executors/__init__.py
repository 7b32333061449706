"""Ways to run a job: each is an `Executor`."""
