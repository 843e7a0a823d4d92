"""The inbox writer: many callers, few commits, nobody released before the disk has it, nothing twice."""

import asyncio

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import select

from storage.db import open_engine, reading
from storage.intake import Intake
from storage.message import Inbox
from tests.town import NOON


async def _record(intake: Intake, message_id: str) -> None:
    await intake.record(channel="c", message_id=message_id, lane="l", payload={"text": "灯"}, received_at=NOON)


def _ids(database: Engine) -> list[str]:
    with reading(database) as session:
        return sorted(session.exec(select(Inbox.message_id)))


def test_what_was_recorded_is_there_when_the_caller_is_released(database: Engine) -> None:
    intake = Intake(database)

    async def one() -> list[str]:
        await _record(intake, "1")
        return _ids(database)

    assert asyncio.run(one()) == ["1"]
    intake.close()


def test_many_callers_share_commits(database: Engine) -> None:
    commits = []
    intake = Intake(database, on_commit=lambda: commits.append(1))

    async def many() -> None:
        await asyncio.gather(*(_record(intake, str(number)) for number in range(200)))

    asyncio.run(many())
    intake.close()
    assert len(_ids(database)) == 200
    assert len(commits) < 50


def test_the_same_message_is_stored_once_and_every_caller_hears_yes(database: Engine) -> None:
    intake = Intake(database)

    async def four_times() -> None:
        await asyncio.gather(*(_record(intake, "same") for _ in range(4)))
        await _record(intake, "same")

    asyncio.run(four_times())
    intake.close()
    assert _ids(database) == ["same"]


def test_closing_commits_what_waits(database: Engine) -> None:
    intake = Intake(database, linger=0.2)

    async def race() -> None:
        waiting = asyncio.ensure_future(_record(intake, "late"))
        await asyncio.sleep(0.01)
        await asyncio.to_thread(intake.close)
        await waiting

    asyncio.run(race())
    assert _ids(database) == ["late"]


def test_a_broken_database_is_told_to_the_caller() -> None:
    intake = Intake(open_engine("sqlite:////nowhere/at/all.db"))
    with pytest.raises(SQLAlchemyError):
        asyncio.run(_record(intake, "1"))
    intake.close()


def test_one_row_that_the_tables_refuse_costs_its_neighbours_nothing(database: Engine) -> None:
    intake = Intake(database, linger=0.1)

    async def together() -> tuple[BaseException | None, ...]:
        wrong = intake.record(channel="c", message_id=None, lane="l", payload={}, received_at=NOON)  # type: ignore[arg-type]
        return await asyncio.gather(_record(intake, "1"), wrong, _record(intake, "2"), return_exceptions=True)

    first, wrong, last = asyncio.run(together())
    intake.close()
    assert first is None
    assert last is None
    assert isinstance(wrong, SQLAlchemyError)
    assert _ids(database) == ["1", "2"]
