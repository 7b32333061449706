"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "dataset",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("path", sa.String, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("classes", sa.Text, nullable=False),
        sa.Column("train_per_class", sa.Text, nullable=False),
        sa.Column("val_per_class", sa.Text, nullable=False),
        sa.Column("added_at", sa.Float, nullable=False),
    )
    op.create_table(
        "trial",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.String, nullable=False, unique=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("spec", sa.Text, nullable=False),
        sa.Column("dataset", sa.String, nullable=False, index=True),
        sa.Column("limit_train", sa.Integer),
        sa.Column("recipe", sa.String, nullable=False),
        sa.Column("seed", sa.Integer, nullable=False),
        sa.Column("teachers", sa.String, nullable=False),
        sa.Column("encoder", sa.String),
        sa.Column("modality", sa.String),
        sa.Column("wn", sa.Integer),
        sa.Column("noise", sa.Integer),
        sa.Column("val_text", sa.String),
        sa.Column("added_at", sa.Float, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "job",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.String, nullable=False, unique=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("spec", sa.Text, nullable=False),
        sa.Column("data", sa.String),
        sa.Column("state", sa.String, nullable=False, index=True),
        sa.Column("wanted", sa.String),
        sa.Column("reason", sa.String),
        sa.Column("position", sa.Integer, nullable=False, index=True),
        sa.Column("done", sa.Integer, nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("unit", sa.String, nullable=False),
        sa.Column("rate", sa.Float),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("handle", sa.String),
        sa.Column("supervisor", sa.String),
        sa.Column("slot", sa.String),
        sa.Column("device", sa.String),
        sa.Column("result", sa.Text),
        sa.Column("events_offset", sa.Integer, nullable=False),
        sa.Column("queued_at", sa.Float, nullable=False),
        sa.Column("started_at", sa.Float),
        sa.Column("finished_at", sa.Float),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "trial_job",
        _reference("trial_id", "trial.id", primary_key=True),
        _reference("job_id", "job.id", primary_key=True, index=True),
        sa.Column("place", sa.Integer, nullable=False),
    )
    op.create_table(
        "job_input",
        _reference("job_id", "job.id", primary_key=True),
        sa.Column("role", sa.String, primary_key=True),
        _reference("input_id", "job.id", nullable=False, index=True),
    )
    op.create_table(
        "metric",
        _reference("job_id", "job.id", primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("step", sa.Integer, primary_key=True),
        sa.Column("value", sa.Float, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "supervisor",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("host", sa.String, nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("started_at", sa.Float, nullable=False),
        sa.Column("heartbeat", sa.Float, nullable=False),
        sa.Column("note", sa.String),
    )
    op.create_table(
        "setting",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("value", sa.String, nullable=False),
    )


def _reference(name: str, target: str, **options: bool) -> "sa.Column[int]":
    """A reference that goes when its row goes."""
    return sa.Column(name, sa.Integer, sa.ForeignKey(target, ondelete="CASCADE"), **options)  # type: ignore[arg-type]
