"""The proof that the clock goes: what is stopped, doubled, jumped or lost is seen within two minutes and mended."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, delete, update
from sqlmodel import col, select

from bot.desk import steps
from bot.jobs.deadlines import ClockStands, Deadlines
from storage.case import Case, CaseClock
from storage.case_file import CaseStep
from storage.db import reading, writing
from storage.message import Outbox
from storage.pulse import Pulse
from tests.desk.clockwork import Clockwork, lives
from tests.town import NOON

HALF = "first_reply.half.1"


@pytest.fixture
def works(database: Engine) -> Clockwork:
    return Clockwork(database)


@pytest.fixture
def small(sqlite: Engine) -> Clockwork:
    return Clockwork(sqlite)


def wrong(works: Clockwork) -> list[str]:
    """What was found, but for the leaps that a test takes when it skips hours."""
    return [kind for kind in works.findings() if kind != "leapt"]


def test_a_clock_that_goes_is_found_in_order(works: Clockwork) -> None:
    case = works.opens(first_reply="8min")
    lives(works, minutes=6, tickers=(works.ticker,))
    assert works.steps(case) == [HALF]
    assert works.findings() == []
    assert works.knocks == ["https://watch.example/1"] * 6


def test_a_stopped_ticker_is_seen_within_two_minutes_and_leaves_nothing_missing(works: Clockwork) -> None:
    lives(works, minutes=3, tickers=(works.ticker,))
    case = works.opens(first_reply="8min", finish="1h")
    knocks = len(works.knocks)
    lives(works, minutes=2)
    assert "silent" in works.findings()
    assert len(works.knocks) - knocks <= 1
    lives(works, minutes=10)
    assert works.steps(case) == [HALF, "first_reply.full.1"]
    assert {row.by for row in steps_of(works, case)} == {"auditor"}
    assert [row.label for row in works.letters() if "还没接单" in row.payload["text"]] == ["郭文媛"]
    lives(works, minutes=3, tickers=(works.ticker,))
    assert works.steps(case) == [HALF, "first_reply.full.1"]
    assert works.findings().count("silent") == 1


def steps_of(works: Clockwork, case_id: int) -> list[CaseStep]:
    with reading(works.engine) as session:
        return list(session.exec(select(CaseStep).where(CaseStep.case_id == case_id)).all())


def test_two_tickers_are_seen_and_do_no_harm(works: Clockwork) -> None:
    second = Deadlines(works.engine, office=works.office, holder="two")
    case = works.opens(first_reply="8min")
    lives(works, minutes=2, tickers=(works.ticker, second))
    assert works.findings() == ["doubled"]
    lives(works, minutes=10, tickers=(works.ticker, second))
    assert works.steps(case) == [HALF, "first_reply.full.1"]
    keys = [row.key for row in works.letters()]
    assert len(keys) == len(set(keys))
    assert [row.label for row in works.letters() if "没接单" in row.payload["text"]] == ["郭文媛"]
    assert set(works.findings()) == {"doubled"}


def test_a_restart_is_no_second_ticker(works: Clockwork) -> None:
    lives(works, minutes=2, tickers=(works.ticker,))
    lives(works, minutes=3, tickers=(Deadlines(works.engine, office=works.office, holder="after the restart"),))
    assert works.findings() == []


def test_a_jump_over_the_weekend_and_back_is_seen_and_nothing_is_done_twice(works: Clockwork) -> None:
    works.clock.at = NOON + timedelta(days=4, hours=7)  # Friday 17:00
    case = works.opens(first_reply="4wh", finish="1wd")
    lives(works, minutes=2, tickers=(works.ticker,))
    works.clock.passes(days=2, hours=17)
    lives(works, minutes=2, tickers=(works.ticker,))
    assert "leapt" in works.findings()
    ahead = works.steps(case)
    assert ahead == [HALF]
    works.clock.passes(days=-2, hours=-17)
    lives(works, minutes=2, tickers=(works.ticker,))
    assert {"leapt", "early"} <= set(works.findings())
    for _ in range(40):
        works.clock.passes(hours=4)
        works.ticks()
        works.auditor(works.clock)
    assert works.steps(case) == [HALF, "first_reply.full.1", "finish.warn.1", "finish.over.1", "finish.street.1"]
    assert "missing" not in works.findings()
    assert "letter_twice" not in works.findings()


def test_a_jump_back_by_an_hour_is_seen_and_nothing_is_lost(works: Clockwork) -> None:
    case = works.opens(first_reply="1h")
    works.passes(minutes=38)
    lives(works, minutes=2, tickers=(works.ticker,))
    works.clock.passes(hours=-1)
    # the auditor wakes before the ticker has beaten again
    works.auditor(works.clock)
    assert works.findings() == ["early", "ahead"] or set(works.findings()) >= {"ahead"}
    lives(works, minutes=2, tickers=(works.ticker,))
    assert "leapt" in works.findings()
    for _ in range(25):
        works.clock.passes(minutes=4)
        works.ticks()
        works.auditor(works.clock)
    assert works.steps(case) == [HALF, "first_reply.full.1"]
    assert "missing" not in works.findings()


def test_a_lost_next_moment_is_set_right(works: Clockwork) -> None:
    lost, far, wrong = works.opens(), works.opens(), works.opens()
    lives(works, minutes=1, tickers=(works.ticker,))
    with writing(works.engine) as session:
        for case, values in (
            (lost, {"next_at": None, "next_step": ""}),
            (far, {"next_at": NOON + timedelta(days=300)}),
            (wrong, {"next_step": "full"}),
        ):
            its = update(CaseClock).where(col(CaseClock.case_id) == case, col(CaseClock.kind) == "first_reply")
            session.execute(its.values(**values))
    before = works.of_case(lost, "first_reply").started_at + timedelta(hours=2)
    lives(works, minutes=2, tickers=(works.ticker,))
    assert works.findings() == ["next_lost"] * 3
    for case in (lost, far, wrong):
        clock = works.of_case(case, "first_reply")
        assert (clock.next_at, clock.next_step) == (before, "half")
    works.passes(hours=3)
    assert all(works.steps(case) == [HALF] for case in (lost, far, wrong))


def test_a_lost_step_is_taken_by_the_auditor_and_said_so(works: Clockwork) -> None:
    case = works.opens()
    works.passes(hours=3)
    with writing(works.engine) as session:
        session.execute(delete(CaseStep))
        session.execute(delete(Outbox).where(col(Outbox.key).contains("first_reply.half")))
    works.heard()
    works.auditor(works.clock)
    assert wrong(works) == ["missing"]
    assert [row.by for row in steps_of(works, case)] == ["auditor"]
    assert "还没接单" in works.heard()["郭文媛"][0]


def test_a_step_whose_moment_has_passed_is_noted_and_nobody_is_bothered(works: Clockwork) -> None:
    """The ticker stood while the time ran out, and then the case was taken: reminding anybody would be nonsense."""
    case = works.opens(first_reply="1h")
    works.clock.passes(minutes=40)
    works.accepts(case, works.town.song)
    works.heard()
    works.auditor(works.clock)
    assert works.findings().count("missing") == 1
    assert [row.by for row in steps_of(works, case)] == ["auditor"]
    assert not [name for name in works.heard() if name in ("郭文媛", "李慧")]
    lives(works, minutes=2, tickers=(works.ticker,))
    assert works.findings().count("missing") == 1


def test_a_step_just_before_the_end_is_not_owed(small: Clockwork) -> None:
    case = small.opens(first_reply="1h")
    small.clock.passes(minutes=30, seconds=60)
    small.accepts(case, small.town.song)
    small.clock.passes(minutes=10)
    small.ticks()
    small.auditor(small.clock)
    assert small.steps(case) == []
    assert small.findings() == []


def test_a_letter_that_is_gone_or_twice_is_seen(works: Clockwork) -> None:
    gone, twice = works.opens(), works.opens()
    works.passes(hours=3)
    with writing(works.engine) as session:
        session.execute(delete(Outbox).where(col(Outbox.case_id) == gone, col(Outbox.key).contains("first_reply.half")))
        row = session.exec(
            select(Outbox).where(Outbox.case_id == twice, col(Outbox.key).contains("first_reply.half"))
        ).one()
        session.add(Outbox(**{**row.model_dump(exclude={"id"}), "key": row.key + "x"}))
    works.auditor(works.clock)
    assert sorted(wrong(works)) == ["letter_gone", "letter_twice"]


def test_extended_and_undone_rounds_owe_only_what_lies_ahead(works: Clockwork) -> None:
    case = works.opens(finish="1wd")
    works.accepts(case, works.town.song)
    works.passes(hours=23)
    works.extends(case, "1d", works.town.li)
    for _ in range(20):
        works.clock.passes(hours=4)
        works.ticks()
        works.auditor(works.clock)
    assert wrong(works) == []
    assert works.steps(case) == ["finish.warn.1", "finish.warn.2", "finish.over.2", "finish.street.2"]


def test_a_case_that_cannot_be_worked_on_holds_up_no_other(works: Clockwork) -> None:
    broken, sound = works.opens(first_reply="8min"), works.opens(first_reply="8min")
    with writing(works.engine) as session:
        session.execute(update(Case).where(col(Case.id) == broken).values(chain="nonsense"))
    lives(works, minutes=5, tickers=(works.ticker,))
    assert works.steps(sound) == [HALF]
    assert works.steps(broken) == []
    lives(works, minutes=3, tickers=(works.ticker,))
    assert works.findings() == ["missing"]
    letter = next(row for row in works.letters() if "计时检查" in row.payload["text"])
    assert "没有补成" in letter.payload["text"]
    with writing(works.engine) as session:
        session.execute(update(Case).where(col(Case.id) == broken).values(chain={"standin": works.town.guo.id}))
    lives(works, minutes=3, tickers=(works.ticker,))
    assert HALF in works.steps(broken)


def test_the_pulse_keeps_the_last_beats(small: Clockwork) -> None:
    lives(small, minutes=30, tickers=(small.ticker,), audits=False)
    with reading(small.engine) as session:
        pulse = session.get_one(Pulse, "deadlines")
    assert pulse.rounds == 120
    assert len(pulse.beats) == 40
    assert pulse.before == pulse.at - timedelta(seconds=15)


def test_a_ticker_that_fails_does_not_beat(small: Clockwork, monkeypatch: pytest.MonkeyPatch) -> None:
    lives(small, minutes=1, tickers=(small.ticker,))

    def no_table(*_: object, **__: object) -> None:
        raise RuntimeError("no such table")

    monkeypatch.setattr(steps, "due", no_table)
    for _ in range(8):
        small.clock.passes(seconds=15)
        with pytest.raises(ClockStands):
            small.ticker(small.clock)
    small.auditor(small.clock)
    assert "silent" in small.findings()
