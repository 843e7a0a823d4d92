"""All tables in one place, so that migrations and tests see the whole; and the two commands on them."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from storage import audit, case, grid, group, message, person, place, revision, stage
from storage.db import metadata

__all__ = ["at_head", "audit", "case", "downgrade", "grid", "group", "message", "metadata", "person", "place",
           "revision", "stage", "upgrade"]  # fmt: skip


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the database to ``revision``; safe to run at every start and from several processes."""
    with engine.connect() as connection:
        command.upgrade(_config(connection), revision)


def downgrade(engine: Engine, revision: str = "base") -> None:
    with engine.connect() as connection:
        command.downgrade(_config(connection), revision)


def at_head(engine: Engine) -> bool:
    """Whether the database has the shape this code expects."""
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_heads()
    return set(current) == set(ScriptDirectory.from_config(_config()).get_heads())


def _config(connection: object = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
