"""Records the SQL of a run and plays it on a copy of the database with nothing but the driver in between.

That is what the database alone would allow: the same rows by the same statements in the same transactions. Decides
nothing and compiles nothing.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

from sqlalchemy import Engine, event
from sqlalchemy.engine import Connection

Step = tuple[Literal["run", "many", "commit", "rollback"], str, Any]


class Tape:
    """The statements of one thread, in their order."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    @contextmanager
    def recording(self, engine: Engine) -> Iterator[None]:
        def ran(_c: Connection, _cursor: Any, statement: str, parameters: Any, _x: Any, _many: bool) -> None:
            # several rows in one statement are announced as many, yet sent as one: only the shape tells
            self.steps.append(("many" if isinstance(parameters, list) else "run", statement, parameters))

        def committed(_: Connection) -> None:
            self.steps.append(("commit", "", None))

        def undone(_: Connection) -> None:
            self.steps.append(("rollback", "", None))

        hooks: list[tuple[str, Callable[..., None]]] = [
            ("before_cursor_execute", ran),
            ("commit", committed),
            ("rollback", undone),
        ]
        for name, hook in hooks:
            event.listen(engine, name, hook)
        try:
            yield
        finally:
            for name, hook in hooks:
                event.remove(engine, name, hook)

    def statements(self) -> Counter[str]:
        """How often each kind of statement was sent: ``INSERT cases`` and so on."""
        found: Counter[str] = Counter()
        for kind, statement, _ in self.steps:
            words = statement.replace('"', "").split()
            if kind in ("run", "many") and words[0] in ("SELECT", "INSERT", "UPDATE"):
                after = {"SELECT": "FROM", "INSERT": "INTO", "UPDATE": "UPDATE"}[words[0]]
                found[f"{words[0]} {words[words.index(after) + 1]}"] += 1
        return found

    def play(self, engine: Engine) -> float:
        """Seconds that the same takes on ``engine``, whose database must be as the recorded one was at the start."""
        with engine.connect() as connection:
            raw = connection.connection.dbapi_connection
            assert raw is not None
            connection.rollback()
            begun = time.perf_counter()
            cursor = raw.cursor()
            for kind, statement, parameters in self.steps:
                if kind == "run":
                    cursor.execute(statement, parameters)
                    if cursor.description:
                        cursor.fetchall()
                elif kind == "many":
                    cursor.executemany(statement, parameters)
                elif kind == "commit":
                    raw.commit()
                else:
                    raw.rollback()
            return time.perf_counter() - begun
