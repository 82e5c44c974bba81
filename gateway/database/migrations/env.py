"""Alembic's entry: runs the migrations on the connection that ``migrate`` opened."""

from alembic import context

from gateway.database.schema import METADATA

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=METADATA,
    # SQLite alters a table only by copying it.
    render_as_batch=connection.dialect.name == "sqlite",
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
