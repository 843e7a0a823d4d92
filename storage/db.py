"""The database door: engine, transactions, and the column types the tables share. Knows no table.

SQLite and PostgreSQL behave alike here: a writing transaction on SQLite begins IMMEDIATE (so that two writers
queue instead of failing half-way), times are aware UTC on both, and every connection enforces foreign keys.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Engine, Integer, MetaData, create_engine, event
from sqlalchemy.engine import Connection
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator
from sqlmodel import Session, SQLModel

from storage.line import in_turn

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata: MetaData = SQLModel.metadata


class UtcTime(TypeDecorator[datetime]):
    """Aware datetimes in, aware UTC out. A naive one is a bug and raises ``ValueError``."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}: hand in an aware one")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def open_engine(url: str, *, durable: bool = False) -> Engine:
    """An engine for ``url``; its errors name no values, because those are residents' words.

    ``durable`` makes SQLite sync every commit to the disk: the inbox writer needs it, because the platform is
    answered 200 right after. Everything else can be done again from the inbox, so it leaves the syncing to the
    write-ahead log.
    """
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, pool_size=5, max_overflow=10, hide_parameters=True)
    timeout = {"check_same_thread": False, "timeout": 30}
    engine = create_engine(url, connect_args=timeout, pool_size=8, max_overflow=16, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, see _begin
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA busy_timeout=30000")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """One transaction that may change things: commits at the end, rolls back on any error."""
    with in_turn(engine), Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A look at the data that holds up no writer and changes nothing."""
    with engine.connect() as connection:
        calm = connection.execution_options(reading=True)
        with Session(calm, expire_on_commit=False, autoflush=False) as session:
            yield session


def is_postgres(engine: Engine | Connection) -> bool:
    return engine.dialect.name == "postgresql"


# without it SQLite gives the number of the last deleted row again, and keys made from it would meet old ones
KEEPS_COUNTING = {"sqlite_autoincrement": True}
# SQLite numbers rows by itself only in a plain INTEGER column
BigId = BigInteger().with_variant(Integer, "sqlite")
