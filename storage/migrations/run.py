"""Runs the migrations, in a process of its own that reads the database's address from standard input.

The service only asks ``schema.at_head``; carrying alembic along would cost each process a tenth of its memory.
"""

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine

from storage.db import open_engine


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the database to ``revision``; safe to run at every start and from several processes."""
    with engine.connect() as connection:
        command.upgrade(config(connection), revision)


def downgrade(engine: Engine, revision: str = "base") -> None:
    with engine.connect() as connection:
        command.downgrade(config(connection), revision)


def config(connection: object = None) -> Config:
    """Alembic's settings for this folder, working on the connection that is handed in."""
    ours = Config()
    ours.set_main_option("script_location", str(Path(__file__).parent))
    ours.set_main_option("path_separator", "os")
    ours.attributes["connection"] = connection
    return ours


if __name__ == "__main__":
    upgrade(open_engine(sys.stdin.readline().strip()))
