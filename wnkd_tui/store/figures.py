"""The figures of finished jobs that lists show and sort by, in SQL: `ix_job_figures` holds them.

SQLite takes them from the index only where a statement names it and writes them as it has them.
"""

FIGURED_KINDS = ("T_x", "student", "attribution")
# Which jobs the index has.
FIGURED = f"state = 'done' AND kind IN {FIGURED_KINDS}"


def figure(path: str) -> str:
    """A number of `job.result` by its path, NULL where the result has none or is damaged."""
    return f"iif(json_valid(result), json_extract(result, '$.{path}'), NULL)"


BEST, LAST, IMAGE = figure("best.val_top1"), figure("last.val_top1"), figure("image_share")


def figures_of(kind: str) -> str:
    """The finished jobs of a kind as a FROM clause, to be followed by AND."""
    return f"job INDEXED BY ix_job_figures WHERE {FIGURED} AND kind = '{kind}'"
