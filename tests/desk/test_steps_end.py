"""Clocks that end something by themselves, and clocks that must do nothing at all."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, update
from sqlmodel import col, select

from bot.desk import closing
from bot.desk.candidates import LIMIT
from storage.case import Case, CaseClock, CaseEvent
from storage.db import reading, writing
from tests.desk.clockwork import Clockwork
from tests.town import NOON


@pytest.fixture
def works(database: Engine) -> Clockwork:
    return Clockwork(database)


@pytest.fixture
def small(sqlite: Engine) -> Clockwork:
    """Where the rule is the same on every database."""
    return Clockwork(sqlite)


@pytest.mark.parametrize("how", ["accepted", "paused", "closed"])
def test_a_clock_that_does_not_run_does_nothing(works: Clockwork, how: str) -> None:
    case = works.opens(finish="1wd")
    if how == "accepted":
        works.accepts(case, works.town.song)
    if how == "paused":
        works.accepts(case, works.town.song)
        works.shelves(case, NOON + timedelta(days=60), works.town.zhao)
    if how == "closed":
        works.accepts(case, works.town.song)
        works.finishes(case, works.town.song)
        with works.writing() as session:
            acting = works.acting(session, works.town.zhao)
            closing.verify(session, acting=acting, case=session.get_one(Case, case))
    works.passes(days=30)
    done = works.steps(case)
    assert not [step for step in done if step.startswith("first_reply")]
    assert bool(done) is (how == "accepted")


def test_a_clock_that_was_left_waiting_on_a_case_that_went_on_is_quieted(small: Clockwork) -> None:
    case = small.opens()
    with writing(small.engine) as session:
        session.execute(update(Case).where(col(Case.id) == case).values(state="withdrawn"))
    small.heard()
    small.passes(days=9)
    assert small.heard() == {}
    assert small.steps(case) == []
    assert small.of_case(case, "first_reply").next_at is None


def test_no_answer_closes_the_case_as_unrated(works: Clockwork) -> None:
    case = works.opens()
    works.accepts(case, works.town.song)
    works.finishes(case, works.town.song)
    works.passes(days=3)
    row = works.case(case)
    assert (row.state, row.closed_as, row.rating) == ("closed", "no_response", None)
    assert works.steps(case) == ["confirm.end.1"]


def test_the_shelf_ends_by_itself_and_the_time_goes_on(works: Clockwork) -> None:
    case = works.opens(finish="3wd")
    works.accepts(case, works.town.song)
    works.shelves(case, NOON + timedelta(days=7), works.town.zhao)
    assert works.of_case(case, "finish").next_at is None
    works.heard()
    works.passes(days=7)
    assert works.case(case).state == "in_progress"
    assert "resume.end.1" in works.steps(case)
    heard = works.heard()
    assert "挂账到期" in heard["宋佳明"][0]
    assert "接着办了" in heard["海棠苑居民群"][0]
    assert works.of_case(case, "finish").next_at is not None


def test_a_shelf_that_began_too_late_ends_without_a_fault(works: Clockwork) -> None:
    """The time to finish was over before the case was put away: what was due then is not asked for again."""
    case = works.opens(finish="1wd")
    works.accepts(case, works.town.song)
    works.passes(hours=26)
    works.shelves(case, works.clock.at + timedelta(days=7), works.town.zhao)
    works.heard()
    works.passes(days=8)
    assert works.case(case).state == "in_progress"
    assert works.steps(case) == ["finish.warn.1", "finish.over.1", "resume.end.1"]


def test_a_candidate_that_nobody_wanted_is_let_go(works: Clockwork) -> None:
    case = works.opens()
    with works.writing() as session:
        session.execute(update(Case).where(col(Case.id) == case).values(state="candidate", lead_id=None))
        session.execute(update(CaseClock).where(col(CaseClock.case_id) == case).values(next_at=None, stopped_at=NOON))
        end = NOON + timedelta(days=1)
        session.add(CaseClock(case_id=case, kind="candidate", limit=LIMIT, started_at=NOON, due_at=end, next_at=end,
                              next_step="end"))  # fmt: skip
    works.heard()
    works.passes(hours=25)
    assert works.case(case).state == "discarded"
    assert works.heard() == {}
    with reading(works.engine) as session:
        kinds = session.exec(select(CaseEvent.kind).where(CaseEvent.case_id == case)).all()
    assert "discarded" in kinds
