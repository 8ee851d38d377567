"""Alembic's entry: runs the migrations on the connection `darkroom.stores.state.migrate` hands in."""

from alembic import context

from darkroom.stores.state.migrate import VERSION_SCHEMA
from darkroom.stores.state.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table_schema=VERSION_SCHEMA,
    include_schemas=True,
)
with context.begin_transaction():
    context.run_migrations()
