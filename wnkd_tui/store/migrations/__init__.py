"""Alembic's environment: run by `wnkd_tui.store.migrate`, never by hand."""
