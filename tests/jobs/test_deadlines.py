"""The ticking job: batches, beats, faults that cost one step only, people looked for again, old cases put away."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, update
from sqlmodel import col, select

from bot.doctor import _pulses
from bot.jobs import deadlines
from bot.jobs.deadlines import Archive, Deadlines
from storage.case import Case, CaseClock
from storage.db import reading, writing
from storage.pulse import Pulse
from tests.desk.clockwork import Clockwork
from tests.town import NOON


@pytest.fixture
def works(database: Engine) -> Clockwork:
    return Clockwork(database)


@pytest.fixture
def small(sqlite: Engine) -> Clockwork:
    return Clockwork(sqlite)


def test_more_than_a_batch_is_done_in_one_tick(works: Clockwork, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "BATCH", 3)
    cases = [works.opens() for _ in range(8)]
    works.clock.passes(hours=3)
    rounds = 0
    while works.ticker(works.clock):
        rounds += 1
    assert rounds == 3
    assert all(works.steps(case) == ["first_reply.half.1"] for case in cases)


def test_each_round_beats(works: Clockwork) -> None:
    works.ticks()
    works.clock.passes(seconds=15)
    works.ticks()
    with reading(works.engine) as session:
        pulse = session.get_one(Pulse, "deadlines")
    assert (pulse.at, pulse.before, pulse.holder, pulse.rounds) == (works.clock.at, NOON, "one", 2)
    assert [holder for _, holder in pulse.heard] == ["one", "one"]


def test_letters_wake_the_sender(small: Clockwork) -> None:
    woken: list[int] = []
    ticker = Deadlines(small.engine, office=small.office, holder="one", wake=lambda: woken.append(1))
    small.opens()
    small.ticks(ticker)
    assert woken == []
    small.clock.passes(hours=3)
    small.ticks(ticker)
    assert woken == [1]


def test_one_step_that_fails_costs_no_other_and_is_tried_again(works: Clockwork) -> None:
    broken, sound = works.opens(), works.opens()
    with writing(works.engine) as session:
        session.execute(update(Case).where(col(Case.id) == broken).values(chain=["nonsense"]))
    works.clock.passes(hours=3)
    works.ticks()
    assert works.steps(sound) == ["first_reply.half.1"]
    assert works.of_case(broken, "first_reply").next_at == works.clock.at + timedelta(minutes=10)
    with writing(works.engine) as session:
        session.execute(update(Case).where(col(Case.id) == broken).values(chain={"leader": works.town.li.id}))
    works.clock.passes(minutes=11)
    works.ticks()
    assert works.steps(broken) == ["first_reply.half.1"]


def test_people_are_looked_for_again_by_day_every_ten_minutes(small: Clockwork) -> None:
    for person in (small.town.song, small.town.guo, small.town.li, small.town.zhao, small.sun):
        small.away(person, hours=9)  # until 19:00
    case = small.opens()
    small.clock.passes(hours=9, minutes=1)
    small.ticks()
    assert small.case(case).state == "registered"  # nobody is given work at seven in the evening
    small.clock.passes(hours=13, minutes=24)  # 08:25
    small.ticks()
    small.clock.passes(minutes=6)
    small.ticks()
    assert small.case(case).state == "registered"  # six minutes after the last look
    small.clock.passes(minutes=4)
    small.ticks()
    assert small.case(case).state == "assigned"


def test_an_emergency_is_not_left_alone_by_night(small: Clockwork) -> None:
    small.clock.at = NOON + timedelta(hours=15)
    everybody = (small.town.song, small.town.guo, small.town.li, small.town.zhao, small.sun)
    for person in everybody:
        small.away(person, hours=0.2)
    case = small.opens(urgency="emergency", first_reply="3min", finish="30min", alarm="【紧急】请拨119。")
    small.ticks()
    assert small.case(case).state == "registered"
    small.clock.passes(minutes=20)
    small.ticks()
    assert small.case(case).state == "assigned"


def test_what_ended_long_ago_is_put_away_by_night(works: Clockwork) -> None:
    old, young = works.opens(), works.opens()
    with writing(works.engine) as session:
        session.execute(update(Case).values(state="closed", closed_at=NOON))
        session.execute(update(Case).where(col(Case.id) == old).values(opened_at=NOON - timedelta(days=91)))
    archive = Archive(works.engine, office=works.office)
    works.clock.at = NOON + timedelta(hours=5)
    assert not archive(works.clock)
    assert works.case(old).state == "closed"
    works.clock.at = NOON + timedelta(hours=17, minutes=30)  # 03:30
    while archive(works.clock):
        pass
    assert (works.case(old).state, works.case(young).state) == ("archived", "closed")


def test_the_check_up_looks_at_the_beats(small: Clockwork) -> None:
    def said() -> list[tuple[str, str]]:
        with reading(small.engine) as session:
            return [(finding.grade, finding.say) for finding in _pulses(session, small.clock.at)]

    assert [grade for grade, _ in said()] == ["mind", "mind"]
    small.opens()
    small.ticks()
    small.auditor(small.clock)
    assert [grade for grade, _ in said()] == ["fine", "fine"]
    small.clock.passes(hours=3)
    stopped = said()
    assert [grade for grade, _ in stopped] == ["wrong", "wrong", "wrong"]
    assert stopped[0][1].startswith("计时停了，最后一次是今天 10:00")
    assert stopped[2][1].startswith("有1件到期的提醒还没有做")
    small.clock.at = NOON - timedelta(hours=1)
    assert "在现在之后" in said()[0][1]


def test_due_moments_are_where_they_should_be(works: Clockwork) -> None:
    """What a new case waits for is written down with it, so that no start has to look for it."""
    case = works.opens(first_reply="2wh", finish="1wd")
    with reading(works.engine) as session:
        rows = session.exec(select(CaseClock).where(CaseClock.case_id == case).order_by(col(CaseClock.id))).all()
    assert [(row.kind, row.next_step, row.next_at) for row in rows] == [
        ("first_reply", "half", NOON + timedelta(hours=1)),
        ("finish", "warn", NOON + timedelta(hours=22, minutes=36)),
    ]
