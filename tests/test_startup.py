"""What a starting service must not carry: libraries that only single commands, or only some deployments, need."""

import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
NOT_NEEDED = {"alembic", "openpyxl", "rich", "structlog", "typer.rich_utils", "psycopg"}


def test_the_commands_leave_large_libraries_to_those_who_need_them() -> None:
    look = "import sys, bot.__main__; print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", look], cwd=HOME, capture_output=True, text=True, check=True)
    assert NOT_NEEDED & set(ended.stdout.split()) == set()
