"""Alembic's entry: the connection is handed in by `speakup.postgres.prepare`."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
