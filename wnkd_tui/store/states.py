"""In which state jobs and trials are shown: parts that statements are made of.

`:deserted` is the JSON of `liveness.deserted`. A trial's state follows from those of its jobs that
are not done, which are few.
"""

from wnkd_tui.store.rows import BLOCKING

JOB_STATES = ("running", "failed", "lost", "waiting", "paused", "cancelled", "done")
TRIAL_STATES = ("running", "failed", "lost", "cancelled", "waiting", "done")
# What a trial is as soon as one of its jobs is; the first one tells.
TELLING = ("failed", "lost", "cancelled", "running", "waiting")

_STOPPED = ", ".join(f"'{state}'" for state in (*BLOCKING, "paused"))
# Waiting jobs that cannot start, each with the job at the end of the chain that holds it up.
BLOCKED = f"""
WITH RECURSIVE blocked(id, culprit) AS (
    SELECT edge.job_id, edge.input_id FROM job_input AS edge
    JOIN job AS input ON input.id = edge.input_id AND input.state IN ({_STOPPED})
    JOIN job AS user ON user.id = edge.job_id AND user.state = 'waiting'
    UNION
    SELECT edge.job_id, blocked.culprit FROM blocked
    JOIN job_input AS edge ON edge.input_id = blocked.id
    JOIN job AS user ON user.id = edge.job_id AND user.state = 'waiting'
)
"""
# The same of a few jobs, `:ids` as a JSON list: found from them, not from all that stopped.
BLOCKED_CHOSEN = f"""
WITH RECURSIVE chosen(id) AS MATERIALIZED (SELECT value FROM json_each(:ids)),
needs(id, input) AS (
    SELECT job.id, job.id FROM chosen JOIN job USING (id) WHERE job.state = 'waiting'
    UNION
    SELECT needs.id, edge.input_id FROM needs
    JOIN job AS user ON user.id = needs.input AND user.state = 'waiting'
    JOIN job_input AS edge ON edge.job_id = needs.input
), blocked(id, culprit) AS (
    SELECT needs.id, input.id FROM needs
    JOIN job AS input ON input.id = needs.input AND input.state IN ({_STOPPED})
)
"""
# Why a job that is stored as running is shown as lost, else NULL. Only of running jobs is it asked.
DESERTED = """
CASE WHEN job.state = 'running'
    THEN (SELECT value FROM json_each(:deserted) WHERE key = job.id) END
"""
STATE = f"iif({DESERTED} IS NULL, job.state, 'lost')"


def telling(state: str) -> str:
    """The state of a trial from those of its jobs, an aggregate; paused ones wait."""
    ranks = " ".join(f"WHEN '{name}' THEN {rank}" for rank, name in enumerate(TELLING))
    names = " ".join(f"WHEN {rank} THEN '{name}'" for rank, name in enumerate(TELLING))
    waiting, done = TELLING.index("waiting"), len(TELLING)
    lowest = f"min(CASE {state} {ranks} WHEN 'done' THEN {done} ELSE {waiting} END)"
    return f"CASE {lowest} {names} WHEN {done} THEN 'done' ELSE 'waiting' END"


# Trials of which not all jobs are done, by the index of states.
UNFINISHED = f"""
unfinished(trial_id, state, jobs) AS MATERIALIZED (
    SELECT trial_job.trial_id, {telling(STATE)}, count(*)
    FROM job JOIN trial_job ON trial_job.job_id = job.id
    WHERE job.state IN ('waiting', 'running', 'paused', 'failed', 'cancelled', 'lost')
    GROUP BY trial_job.trial_id)
"""
