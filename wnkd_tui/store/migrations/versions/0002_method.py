"""Prompts, splits, skipped files and size of a dataset; method and changes of a trial.

Columns are added in place: rebuilding `trial` would empty what refers to it. Where a job finds its
dataset gets the dataset's kind, which readers now ask for.
"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

OLDER = "queued by an older wnkd, whose jobs this one cannot do: add its trials again"


def upgrade() -> None:
    for name, options in {
        "prompts": {},
        "splits": {},
        "skipped": {"nullable": False, "server_default": "[]"},
        "size": {},
    }.items():
        op.add_column("dataset", sa.Column(name, sa.Text, **options))  # type: ignore[arg-type]
    for name, default in {"method": "kd", "changes": "{}"}.items():
        op.add_column("trial", sa.Column(name, sa.Text, nullable=False, server_default=default))
    connection = op.get_bind()
    kinds = {row.name: row.kind for row in connection.execute(sa.text("SELECT * FROM dataset"))}
    jobs = connection.execute(sa.text("SELECT id, data FROM job WHERE data IS NOT NULL")).all()
    for id, data in jobs:
        connection.execute(
            sa.text("UPDATE job SET data = :data WHERE id = :id"),
            {"id": id, "data": json.dumps(_with_kind(json.loads(data), kinds))},
        )
    connection.execute(
        sa.text(
            "UPDATE job SET state = 'cancelled', reason = :reason"
            " WHERE state IN ('waiting', 'paused')"
        ),
        {"reason": OLDER},
    )


def _with_kind(data: dict[str, Any], kinds: dict[str, str]) -> dict[str, Any]:
    """Until now a built-in dataset's name was its kind; what was skipped is found out anew."""
    kind = kinds.get(data["name"], data["name"])
    return {**data, "kind": kind, "prompts": None, "splits": None, "skipped": None}
