"""Attempts, captures, priorities, retries; supervisors by process and boot."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "capture",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("wnkd", sa.String, nullable=False),
        sa.Column("revision", sa.String),
        sa.Column("diff", sa.Text),
        sa.Column("engine", sa.String, nullable=False),
        sa.Column("python", sa.String, nullable=False),
        sa.Column("platform", sa.String, nullable=False),
        sa.Column("packages", sa.Text, nullable=False),
        sa.Column("taken_at", sa.Float, nullable=False),
    )
    op.create_table(
        "attempt",
        sa.Column(
            "job_id", sa.Integer, sa.ForeignKey("job.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("supervisor", sa.String, nullable=False),
        sa.Column("host", sa.String, nullable=False),
        sa.Column("slot", sa.String, nullable=False),
        sa.Column("device", sa.String),
        sa.Column("engine", sa.String),
        sa.Column("done_before", sa.Integer, nullable=False),
        sa.Column("started_at", sa.Float, nullable=False),
        sa.Column("ended_at", sa.Float),
        sa.Column("seconds", sa.Float),
        sa.Column("ending", sa.String),
        sa.Column("reason", sa.String),
        sa.Column("memory", sa.Integer),
        sqlite_with_rowid=False,
    )
    for name, column in (
        ("job", sa.Column("priority", sa.Integer, nullable=False, server_default="0")),
        ("job", sa.Column("losses", sa.Integer, nullable=False, server_default="0")),
        ("job", sa.Column("retry_at", sa.Float)),
        ("job", sa.Column("capture", sa.Text)),
        ("trial", sa.Column("capture", sa.Text)),
        ("trial", sa.Column("dataset_key", sa.Text)),
        ("supervisor", sa.Column("process", sa.String)),
        ("supervisor", sa.Column("beat", sa.Float)),
    ):
        op.add_column(name, column)
    op.create_index(
        "ix_job_waiting",
        "job",
        [sa.text("priority DESC"), "position"],
        sqlite_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "ix_attempt_memory",
        "attempt",
        ["host", "started_at"],
        sqlite_where=sa.text("memory IS NOT NULL"),
    )
