"""How steps are taken: many in one transaction, each once, whoever tries, and never behind somebody's back."""

import re
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from bot.desk import steps
from bot.jobs.deadlines import Deadlines
from storage.case import Case, CaseClock, CaseEvent
from storage.case_file import CaseStep
from storage.db import open_engine, reading, writing
from storage.message import Outbox
from tests.desk.clockwork import Clockwork
from tests.town import NOON


@pytest.fixture
def works(database: Engine) -> Clockwork:
    return Clockwork(database)


@pytest.fixture
def small(sqlite: Engine) -> Clockwork:
    """Where the rule is the same on every database."""
    return Clockwork(sqlite)


def test_every_step_leaves_an_event_that_names_its_letters(works: Clockwork) -> None:
    case = works.opens()
    works.passes(hours=3)
    with reading(works.engine) as session:
        event = session.exec(select(CaseEvent).where(CaseEvent.case_id == case, CaseEvent.kind == "reminded")).one()
        keys = set(session.exec(select(Outbox.key).where(Outbox.case_id == case)))
    assert (event.actor, event.door, event.data["step"]) == ("bot", "clock", "half")
    assert {f"case-{case}:{key}" for key in event.data["letters"]} <= keys
    assert event.data["letters"]


def test_two_tickers_and_an_auditor_at_once_take_each_step_once(works: Clockwork) -> None:
    cases = [works.opens() for _ in range(30)]
    works.clock.passes(hours=3)
    start = threading.Barrier(3)

    def tick() -> None:
        ticker = Deadlines(works.engine, office=works.office, holder=threading.current_thread().name)
        start.wait()
        works.ticks(ticker)

    def audit() -> None:
        start.wait()
        works.auditor(works.clock)

    threads = [threading.Thread(target=work) for work in (tick, tick, audit)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    works.ticks()
    assert all(works.steps(case) == ["first_reply.half.1"] for case in cases)
    letters = [row for row in works.letters(label="郭文媛") if "还没接单" in row.payload["text"]]
    assert len(letters) == len(cases)


def test_a_step_that_was_taken_before_says_nothing_and_goes_on(works: Clockwork) -> None:
    case = works.opens()
    works.heard()
    with writing(works.engine) as session:
        clock = session.exec(select(CaseClock).where(CaseClock.kind == "first_reply")).one()
        session.add(CaseStep(case_id=case, clock="first_reply", step="half", round=1, due_at=clock.next_at or NOON,
                             done_at=NOON))  # fmt: skip
    works.passes(hours=3)
    assert works.heard() == {}
    assert works.of_case(case, "first_reply").next_step == "full"


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Engine]:
    engine = open_engine(postgres_url)
    yield engine
    engine.dispose()


def test_a_case_in_somebody_elses_hands_is_left_alone(postgres: Engine) -> None:
    works = Clockwork(postgres)
    held, free = works.opens(), works.opens()
    works.clock.passes(hours=3)
    with writing(works.engine) as other:
        other.exec(select(Case).where(Case.id == held).with_for_update()).one()
        works.ticks()
        assert works.steps(free) == ["first_reply.half.1"]
        assert works.steps(held) == []
    works.ticks()
    assert works.steps(held) == ["first_reply.half.1"]


def test_a_clock_that_stood_for_a_week_catches_up_in_order(works: Clockwork) -> None:
    case = works.opens(first_reply="4wh", finish="1wd")
    works.heard()
    works.clock.passes(days=7)
    works.ticks()
    done = works.steps(case)
    assert [step for step in done if step.startswith("first")] == ["first_reply.half.1", "first_reply.full.1"]
    assert [step for step in done if step.startswith("finish")] == ["finish.warn.1", "finish.over.1", "finish.street.1"]
    assert set(works.heard()) == {"郭文媛", "宋佳明", "李慧", "赵敏", "孙街", "海棠苑居民群"}


def test_due_steps_are_found_by_their_index(sqlite: Engine) -> None:
    works = Clockwork(sqlite)
    works.opens()
    statement = str(steps._due(False))
    for name in re.findall(r":\w+", statement):
        statement = statement.replace(name, "9", 1)
    with sqlite.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}").fetchall()
    said = " ".join(str(row) for row in plan)
    assert "ix_case_clock_next" in said
    assert "SCAN" not in said
    assert "TEMP B-TREE" not in said
