"""Runs migrations on the connection that `pipeline.catalog.database` passes in, inside its transaction."""

from alembic import context

from pipeline.catalog.tables import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
