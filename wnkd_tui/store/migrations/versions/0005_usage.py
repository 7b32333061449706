"""What runs took of the host's memory, how many jobs shared a process, and where they ran."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    for name in ("host_memory", "together"):
        op.add_column("attempt", sa.Column(name, sa.Integer))
    op.add_column("attempt", sa.Column("place", sa.String))
