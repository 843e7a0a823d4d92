"""All tables in one place, so that migrations and tests see the whole; and whether a database has this shape."""

import subprocess
import sys
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from storage import audit, case, case_file, grid, group, incident, message, person, place, pulse, revision, stage
from storage.db import metadata

__all__ = ["UpgradeFailed", "at_head", "audit", "case", "case_file", "grid", "group", "incident", "message",
           "metadata", "person", "place", "pulse", "revision", "stage", "upgrade"]  # fmt: skip

HOME = Path(__file__).resolve().parent
# the files are numbered: 0001_the_first_tables.py is revision 0001
HEAD = max((path.name[:4] for path in (HOME / "migrations" / "versions").glob("[0-9]*.py")), default="")


class UpgradeFailed(Exception):
    """The migrations did not run through; the message is the last error they printed."""


def at_head(engine: Engine) -> bool:
    """Whether the database has the shape this code expects."""
    try:
        with engine.connect().execution_options(reading=True) as connection:
            return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == HEAD
    except (OperationalError, ProgrammingError) as error:
        if "alembic_version" in str(error.orig):
            return False
        raise


def upgrade(url: str) -> None:
    """Bring the database at ``url`` to the newest shape, in a process of its own. Raises ``UpgradeFailed``."""
    # the address may hold a password, so it is handed over where no process list shows it
    runner = [sys.executable, "-m", "storage.migrations.run"]
    ended = subprocess.run(runner, cwd=HOME.parent, input=url, text=True, capture_output=True, check=False)
    if ended.returncode != 0:
        faults = [line for line in ended.stderr.splitlines() if "Error" in line]
        raise UpgradeFailed(faults[-1] if faults else f"exit {ended.returncode}")
