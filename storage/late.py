"""Rows that can wait for the end of their transaction: laid down together, one statement per table. Never read here.

Most of what a message causes is only written: events, clocks, letters, audit. Kept back until the commit, the rows of
several messages share their statements, and on a server database a statement is mostly its way there and back. Any
query of the same session lays them down first, so nobody can tell the difference.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Insert, Table, TextClause, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import ORMExecuteState
from sqlmodel import Session, SQLModel

from storage.db import is_postgres, metadata

_LATE = "late rows"
_IDS = "ids in hand"
_GIVEN = "ids given out"
_BLOCK = 16
Row = Mapping[str, Any]


def insert_late(session: Session, model: type[SQLModel], rows: Sequence[Row]) -> None:
    """Lay rows into a table before the commit. Every column without a key must allow it."""
    _keep(session, _table(model), (), rows)


def insert_once(session: Session, model: type[SQLModel], rows: Sequence[Row], *, on: tuple[str, ...]) -> None:
    """As ``insert_late``; a row whose unique columns ``on`` are there already is left out."""
    _keep(session, _table(model), on, rows)


def next_id(session: Session, model: type[SQLModel]) -> int:
    """A number for a row that will be laid down later in this transaction; taken in blocks, so some are never used."""
    table = _table(model)
    hand: list[int] = session.info.setdefault(_IDS, {}).setdefault(table.name, [])
    if not hand:
        hand.extend(_block(session, table.name))
    return hand.pop(0)


def lay_down(session: Session) -> None:
    """Write what was kept back, tables in the order of their foreign keys."""
    late: dict[tuple[Table, tuple[str, ...]], list[Row]] = session.info.pop(_LATE, {})
    connection = session.connection() if late else None
    for (table, on), rows in sorted(late.items(), key=lambda entry: _place(entry[0][0])):
        assert connection is not None
        if is_postgres(connection):
            packed = json.dumps(rows, ensure_ascii=False, default=_spelled)
            connection.execute(_unpacking(table, on, frozenset(rows[0])), {"rows": packed})
        else:
            connection.execute(_sqlite_insert(table, on), rows)


def _spelled(value: object) -> str:
    if isinstance(value, datetime) and value.tzinfo is None:
        raise ValueError(f"naive datetime {value!r}: hand in an aware one")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot travel as JSON")


def _keep(session: Session, table: Table, on: tuple[str, ...], rows: Sequence[Row]) -> None:
    if rows:
        session.info.setdefault(_LATE, {}).setdefault((table, on), []).extend(rows)


def _block(session: Session, name: str) -> list[int]:
    connection = session.connection()
    if is_postgres(connection):
        asked = text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :many)")
        return sorted(connection.execute(asked, {"name": name, "many": _BLOCK}).scalars())
    # one writer at a time; the counter moves with the rows only, so what was handed out before counts too
    given: dict[str, int] = session.info.setdefault(_GIVEN, {})
    stored = connection.execute(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": name}).scalar()
    last = max(stored or 0, given.get(name, 0))
    given[name] = last + _BLOCK
    return list(range(last + 1, last + 1 + _BLOCK))


@cache
def _place(table: Table) -> int:
    """Where the table stands when those that others refer to go first; asked often, and sorting them takes its time."""
    return metadata.sorted_tables.index(table)


def _table(model: type[SQLModel]) -> Table:
    return metadata.tables[str(model.__tablename__)]


# statements are built once per table, because building one costs more than running it


@cache
def _sqlite_insert(table: Table, on: tuple[str, ...]) -> Insert:
    return sqlite.insert(table).on_conflict_do_nothing(index_elements=on) if on else sqlite.insert(table)


@cache
def _unpacking(table: Table, on: tuple[str, ...], names: frozenset[str]) -> TextClause:
    """All rows travel as one JSON parameter: the driver's work for each single value is what costs most there."""
    dialect: Any = postgresql.dialect
    quote = dialect().identifier_preparer.quote
    columns = [column for column in table.columns if column.name in names]
    listed = ", ".join(quote(column.name) for column in columns)
    typed = ", ".join(f"{quote(column.name)} {column.type.compile(dialect())}" for column in columns)
    conflict = f" ON CONFLICT ({', '.join(map(quote, on))}) DO NOTHING" if on else ""
    return text(
        f"INSERT INTO {quote(table.name)} ({listed}) "
        f"SELECT {listed} FROM json_to_recordset(CAST(:rows AS json)) AS given ({typed}){conflict}"
    )


@event.listens_for(Session, "before_commit")
def _before_commit(session: Session) -> None:
    lay_down(session)


@event.listens_for(Session, "after_soft_rollback")
def _after_rollback(session: Session, _previous: object) -> None:
    for kept in (_LATE, _IDS, _GIVEN):
        session.info.pop(kept, None)


@event.listens_for(Session, "after_commit")
def _after_commit(session: Session) -> None:
    for kept in (_IDS, _GIVEN):
        session.info.pop(kept, None)


@event.listens_for(Session, "do_orm_execute")
def _before_query(state: ORMExecuteState) -> None:
    if state.session.info.get(_LATE):
        lay_down(state.session)  # type: ignore[arg-type]
