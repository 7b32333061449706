"""What alembic runs: the connection comes from `migrate`, which holds the lock."""

from alembic import context
from sqlmodel import SQLModel

import wnkd_tui.store.tables  # noqa: F401 - fills the metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
