"""Tags, notes and saved filters; the indexes that long lists are read by."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "trial_tag",
        sa.Column(
            "trial_id", sa.Integer, sa.ForeignKey("trial.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("tag", sa.String, primary_key=True),
    )
    op.create_table(
        "saved_filter",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("what", sa.String, nullable=False),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("sort", sa.String, nullable=False),
        sa.Column("down", sa.Integer, nullable=False),
    )
    op.add_column("trial", sa.Column("note", sa.Text, nullable=False, server_default=""))
    op.drop_index("ix_trial_job_job_id", "trial_job")
    op.create_index("ix_trial_job_trials", "trial_job", ["job_id", "trial_id"])
    op.create_index("ix_job_name", "job", ["kind", "name"])
    op.create_index(
        "ix_job_done",
        "job",
        [sa.text("finished_at DESC")],
        sqlite_where=sa.text("state = 'done'"),
    )
    op.create_index(
        "ix_job_figures",
        "job",
        [
            "kind",
            "id",
            *(
                sa.text(f"iif(json_valid(result), json_extract(result, '$.{path}'), NULL)")
                for path in ("best.val_top1", "last.val_top1", "image_share")
            ),
        ],
        sqlite_where=sa.text("state = 'done' AND kind IN ('T_x', 'student', 'attribution')"),
    )
