"""How alembic runs here: on a connection that was handed in, one transaction, one runner at a time."""

from alembic import context
from sqlalchemy import text

from storage.db import is_postgres
from storage.schema import metadata

LOCK = 0x67726964  # "grid": two processes that start together must not migrate together

connection = context.config.attributes["connection"]
with connection.begin():
    if is_postgres(connection):
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, compare_type=True)
    context.run_migrations()
