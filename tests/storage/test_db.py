"""Transactions and times behave the same on SQLite and PostgreSQL."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError, StatementError
from sqlmodel import select

from storage.db import reading, writing
from storage.grid import Community, Grid
from storage.person import Absence, Person


def test_times_come_back_aware_and_in_utc(database: Engine) -> None:
    noon = datetime(2026, 11, 22, 12, 0, tzinfo=timezone(timedelta(hours=8)))
    with writing(database) as session:
        community = Community(code="1" * 12, name="甲", tag="A")
        session.add(community)
        session.flush()
        person = Person(community_id=community.id or 0, code="p", name="某")
        session.add(person)
        session.flush()
        session.add(Absence(person_id=person.id or 0, starts=noon, ends=noon))
    with reading(database) as session:
        absence = session.exec(select(Absence)).one()
    assert absence.starts == noon
    assert absence.starts.tzinfo == UTC


def test_a_naive_time_is_a_bug(database: Engine) -> None:
    with pytest.raises(StatementError, match="naive"), writing(database) as session:
        session.add(Absence(person_id=1, starts=datetime(2026, 1, 1), ends=datetime(2026, 1, 1)))


def test_an_error_undoes_the_whole_transaction(database: Engine) -> None:
    def fail_half_way() -> None:
        with writing(database) as session:
            session.add(Community(code="1" * 12, name="甲", tag="A"))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    with reading(database) as session:
        assert session.exec(select(Community)).all() == []


def test_foreign_keys_hold_on_both(database: Engine) -> None:
    with pytest.raises(IntegrityError), writing(database) as session:
        session.add(Grid(community_id=99, code="1" * 16, name="无", valid_from=date(2026, 1, 1)))


def test_what_was_read_stays_readable_after_the_session(database: Engine) -> None:
    with writing(database) as session:
        session.add(Community(code="1" * 12, name="甲", tag="A"))
    with reading(database) as session:
        community = session.exec(select(Community)).one()
    assert community.name == "甲"
