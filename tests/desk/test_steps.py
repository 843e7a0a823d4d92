"""What the clock does by itself: who hears of which step, who is passed over, and that no step is taken twice."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, update
from sqlmodel import col

from bot.desk import handling
from storage.case import Case
from storage.db import writing
from tests.desk.clockwork import Clockwork
from tests.town import NOON


@pytest.fixture
def works(database: Engine) -> Clockwork:
    return Clockwork(database)


@pytest.fixture
def small(sqlite: Engine) -> Clockwork:
    """Where the rule is the same on every database."""
    return Clockwork(sqlite)


def test_nobody_takes_it_and_it_climbs(works: Clockwork) -> None:
    case = works.opens(first_reply="4wh")
    works.heard()
    works.passes(hours=1.9)
    assert works.heard() == {}
    works.passes(minutes=10)
    heard = works.heard()
    assert set(heard) == {"郭文媛"}
    assert "宋佳明还没接单" in heard["郭文媛"][0]
    assert "回“接单”" in heard["郭文媛"][0]
    works.passes(hours=4.5)
    heard = works.heard()
    assert set(heard) == {"李慧"}
    assert "【超时未接】" in heard["李慧"][0]
    assert "宋佳明没有接单" in heard["李慧"][0]
    assert works.steps(case) == ["first_reply.half.1", "first_reply.full.1"]


def test_the_stand_in_may_take_it_and_then_nothing_more_is_said(works: Clockwork) -> None:
    case = works.opens()
    works.passes(hours=3)
    works.accepts(case, works.town.guo)
    works.heard()
    works.passes(hours=12)
    assert works.heard() == {}
    assert works.case(case).lead_id == works.town.guo.id
    assert works.steps(case) == ["first_reply.half.1"]


def test_the_end_of_the_time_is_told_upwards(works: Clockwork) -> None:
    case = works.opens(finish="1wd")
    works.accepts(case, works.town.song)
    works.heard()
    works.passes(hours=23)
    heard = works.heard()
    assert set(heard) == {"宋佳明", "李慧"}
    assert "来不及请趁早回“延期 1123-01 1天 原因”" in heard["宋佳明"][0]
    assert "宋佳明在办" in heard["李慧"][0]
    works.passes(hours=2)
    heard = works.heard()
    assert set(heard) == {"赵敏", "海棠苑居民群"}
    assert "【超时】1123-01" in heard["赵敏"][0]
    assert heard["海棠苑居民群"] == ["@安安 1123-01比预计的慢，抱歉。已请社区书记赵敏跟进。"]
    works.passes(hours=24)
    heard = works.heard()
    assert set(heard) == {"孙街"}
    assert "小镇社区" in heard["孙街"][0]
    assert works.steps(case) == ["finish.warn.1", "finish.over.1", "finish.street.1"]
    works.passes(days=14)
    assert works.heard() == {}


def test_an_extension_in_time_begins_the_ladder_anew(small: Clockwork) -> None:
    case = small.opens(finish="1wd")
    small.accepts(case, small.town.song)
    small.passes(hours=23)
    small.heard()
    small.extends(case, "2wd", small.town.li)
    small.heard()
    small.passes(hours=26)
    assert small.heard() == {}
    assert small.steps(case) == ["finish.warn.1"]
    small.passes(hours=24)
    assert set(small.heard()) == {"宋佳明", "李慧", "赵敏", "海棠苑居民群"}
    assert small.steps(case) == ["finish.warn.1", "finish.warn.2", "finish.over.2"]


def test_who_is_on_leave_is_passed_over_upwards(small: Clockwork) -> None:
    small.opens()
    small.away(small.town.guo)
    small.heard()
    small.passes(hours=3)
    heard = small.heard()
    assert set(heard) == {"李慧"}
    assert "还没接单" in heard["李慧"][0]
    small.away(small.town.li)
    small.passes(hours=4)
    assert set(small.heard()) == {"赵敏"}


def test_where_nobody_stands_above_the_lead_is_reminded_himself(sqlite: Engine) -> None:
    works = Clockwork(sqlite, street=False)
    for person in (works.town.song, works.town.guo, works.town.li):
        works.away(person, hours=200)
    case = works.opens()
    assert works.case(case).lead_id == works.town.zhao.id
    works.heard()
    works.passes(hours=3)
    assert works.heard() == {}
    works.passes(hours=4)
    assert set(works.heard()) == {"赵敏"}


def test_whom_it_is_about_never_hears_of_it(small: Clockwork) -> None:
    case = small.opens(item="voice.staff_complaint", title="投诉工作人员", about=small.town.guo.id, privacy=2)
    with writing(small.engine) as session:
        row = session.get_one(Case, case)
        row.chain = {**row.chain, "standin": small.town.guo.id or 0}
    small.heard()
    small.passes(days=9)
    heard = small.heard()
    assert "郭文媛" not in heard
    assert {"李慧", "赵敏", "孙街"} <= set(heard)


def test_what_must_be_reported_by_law_stays_with_the_lead_and_those_above(small: Clockwork) -> None:
    small.opens(restricted=True, privacy=2, title="疑似侵害")
    small.heard()
    small.passes(days=9)
    heard = small.heard()
    assert "郭文媛" not in heard
    assert "海棠苑居民群" not in heard
    assert [text for text in heard["安安"] if "比预计的慢" in text]


def test_a_case_without_a_stand_in_goes_to_the_leader(small: Clockwork) -> None:
    case = small.opens()
    with writing(small.engine) as session:
        row = session.get_one(Case, case)
        row.chain = {name: who for name, who in row.chain.items() if name != "standin"}
    small.heard()
    small.passes(hours=3)
    assert set(small.heard()) == {"李慧"}


class TestEmergencies:
    def opens(self, works: Clockwork) -> int:
        case = works.opens(urgency="emergency", first_reply="3min", finish="30min", alarm="【紧急】请拨119。")
        works.heard()
        return case

    def test_every_three_minutes_somebody_else_and_then_four_times_more(self, works: Clockwork) -> None:
        works.clock.at = NOON + timedelta(hours=15)  # one in the morning
        case = self.opens(works)
        readers = []
        for _ in range(3):
            works.passes(minutes=3)
            readers.append(set(works.heard()))
        assert readers == [{"郭文媛", "李慧"}, {"赵敏"}, {"孙街"}]
        for _ in range(4):
            works.passes(minutes=14)
            assert set(works.heard()) <= {"宋佳明", "李慧", "赵敏", "海棠苑居民群", "孙街"}
            works.passes(minutes=1)
            assert {"赵敏", "孙街"} <= set(works.heard())
        assert [step for step in works.steps(case) if step.startswith("first_reply")] == [
            f"first_reply.{step}.1" for step in ("alarm1", "alarm2", "alarm3", "again1", "again2", "again3", "again4")
        ]
        works.passes(hours=12)
        assert not [text for texts in works.heard().values() for text in texts if "还没人接单" in text]
        calls = [row for row in works.letters() if "还没人接单" in row.payload["text"]]
        assert all(row.urgent and row.not_before == row.created_at for row in calls)

    def test_taken_in_time_nobody_else_is_called(self, works: Clockwork) -> None:
        case = self.opens(works)
        works.passes(minutes=2)
        works.accepts(case, works.town.song)
        works.passes(minutes=20)
        assert works.steps(case) == []

    def test_somebody_hears_it_even_when_all_are_on_leave(self, small: Clockwork) -> None:
        case = self.opens(small)
        for person in (small.town.guo, small.town.li, small.town.zhao, small.sun):
            small.away(person)
        small.passes(minutes=3)
        assert set(small.heard()) == {"宋佳明"}
        small.away(small.town.song)
        small.passes(minutes=3)
        assert set(small.heard()) == {"孙街"}
        assert small.steps(case) == ["first_reply.alarm1.1", "first_reply.alarm2.1"]


def test_the_night_holds_letters_back_but_not_steps(small: Clockwork) -> None:
    small.clock.at = NOON + timedelta(hours=10)  # 20:00
    case = small.opens(first_reply="8h", finish="5wd")
    small.heard()
    small.passes(hours=4)
    assert small.steps(case) == ["first_reply.half.1"]
    (letter,) = small.letters(label="郭文媛")
    assert letter.not_before == NOON + timedelta(hours=21)  # 07:00


def test_what_is_no_longer_true_in_the_morning_is_not_said(small: Clockwork) -> None:
    small.clock.at = NOON + timedelta(hours=10)
    case = small.opens(first_reply="8h", finish="5wd")
    small.passes(hours=5)
    small.accepts(case, small.town.song)
    small.passes(minutes=1)
    assert [row.state for row in small.letters(label="郭文媛") if "还没接单" in row.payload["text"]] == ["void"]


def test_one_reminder_a_day_unless_it_comes_from_higher_up(small: Clockwork) -> None:
    case = small.opens(first_reply="2wh")
    small.passes(hours=1)
    assert "郭文媛" in small.heard()
    with small.writing() as session:
        acting = small.acting(session, small.town.li)
        handling.transfer(session, acting=acting, case=session.get_one(Case, case), to=small.town.zhao)
    small.heard()
    small.passes(hours=1.2)
    # half of the second round: 郭文媛 was reminded of this case an hour ago
    assert small.steps(case) == ["first_reply.half.1", "first_reply.half.2"]
    assert small.heard() == {}
    small.passes(hours=20)
    assert small.steps(case)[-1] == "first_reply.full.2"
    assert set(small.heard()) == {"李慧"}


def test_the_merged_reminder_counts_again_on_another_day(small: Clockwork) -> None:
    case = small.opens(first_reply="2wh")
    small.passes(hours=1)
    small.passes(hours=23)
    with small.writing() as session:
        acting = small.acting(session, small.town.li)
        handling.transfer(session, acting=acting, case=session.get_one(Case, case), to=small.town.zhao)
    small.heard()
    small.passes(hours=1.1)
    assert set(small.heard()) == {"郭文媛"}


def test_another_urgency_is_another_ladder(small: Clockwork) -> None:
    case = small.opens(first_reply="4wh")
    with writing(small.engine) as session:
        session.execute(update(Case).where(col(Case.id) == case).values(urgency="emergency"))
    small.passes(hours=24)
    assert "first_reply.half.1" not in small.steps(case)
    assert small.steps(case)[0] == "first_reply.alarm1.1"


def test_nobody_there_is_tried_again_and_given_to_who_comes_back(works: Clockwork) -> None:
    for person in (works.town.song, works.town.guo, works.town.li, works.town.zhao):
        works.away(person, hours=3)
    case = works.opens()
    assert works.case(case).state == "registered"
    works.heard()
    works.passes(minutes=30)
    assert works.heard() == {}
    works.passes(hours=2.2)  # lunch
    assert works.case(case).state == "registered"
    works.passes(hours=2.3)
    row = works.case(case)
    assert (row.state, row.lead_id) == ("assigned", works.town.song.id)
    heard = works.heard()
    assert "系统派给您" in heard["宋佳明"][0]
    assert works.of_case(case, "first_reply").round == 2
    works.accepts(case, works.town.song)


def test_a_case_without_anybody_is_told_as_such(sqlite: Engine) -> None:
    works = Clockwork(sqlite)
    for person in (works.town.song, works.town.guo, works.town.li, works.town.zhao):
        works.away(person, hours=100)
    works.opens()
    works.heard()
    works.passes(hours=3)
    heard = works.heard()
    assert set(heard) == {"孙街"}
    assert "还没有找到能接的人" in heard["孙街"][0]
