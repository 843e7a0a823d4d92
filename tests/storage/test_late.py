"""Rows kept back until the commit: there for every query, gone with a rollback, numbered without a clash."""

import threading

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from storage.audit import AuditRow
from storage.db import open_engine, reading, writing
from storage.late import insert_late, insert_once, next_id
from storage.person import Identity
from tests.town import NOON


def _audit(verb: str, number: int | None = None) -> dict[str, object]:
    row: dict[str, object] = {"at": NOON, "actor": "a", "door": "d", "verb": verb, "subject": "s", "data": {}}
    return {**row, "digest": "", **({"id": number} if number else {})}


def _verbs(session: Session) -> list[str]:
    return list(session.exec(select(AuditRow.verb).order_by(AuditRow.id)))  # type: ignore[arg-type]


def test_they_are_there_after_the_commit(database: Engine) -> None:
    with writing(database) as session:
        insert_late(session, AuditRow, [_audit("one")])
        insert_late(session, AuditRow, [_audit("two")])
    with reading(database) as session:
        assert _verbs(session) == ["one", "two"]


def test_a_query_of_the_same_session_sees_them(database: Engine) -> None:
    with writing(database) as session:
        insert_late(session, AuditRow, [_audit("one")])
        assert _verbs(session) == ["one"]


def test_a_rollback_forgets_them(database: Engine) -> None:
    def fail() -> None:
        with writing(database) as session:
            insert_late(session, AuditRow, [_audit("one")])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with writing(database) as session:
        insert_late(session, AuditRow, [_audit("two")])
    with reading(database) as session:
        assert _verbs(session) == ["two"]


def test_once_means_once(database: Engine) -> None:
    row = {"channel": "c", "external_id": "x", "display_name": "甲", "person_id": None}
    for _ in range(2):
        with writing(database) as session:
            insert_once(session, Identity, [row, row], on=("channel", "external_id"))
    with reading(database) as session:
        assert len(session.exec(select(Identity)).all()) == 1


def test_what_the_tables_forbid_fails_the_transaction(database: Engine) -> None:
    row = {"channel": "c", "external_id": "x", "display_name": "甲", "person_id": 99}
    with pytest.raises(IntegrityError), writing(database) as session:
        insert_late(session, Identity, [row])


def test_numbers_never_clash_between_sessions(database_url: str, database: Engine) -> None:
    def write() -> None:
        engine = open_engine(database_url)
        for _ in range(5):
            with writing(engine) as session:
                insert_late(session, AuditRow, [_audit("v", next_id(session, AuditRow)) for _ in range(20)])
        engine.dispose()

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with writing(database) as session:
        session.add(AuditRow(**_audit("plain")))  # type: ignore[arg-type]
    with reading(database) as session:
        assert len(session.exec(select(AuditRow)).all()) == 301


def test_a_long_transaction_takes_several_blocks(database: Engine) -> None:
    with writing(database) as session:
        for _ in range(50):
            insert_late(session, AuditRow, [_audit("v", next_id(session, AuditRow))])
    with reading(database) as session:
        assert len(session.exec(select(AuditRow)).all()) == 50
