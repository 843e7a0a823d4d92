"""One incident, many reporters: one case, few words in the groups, everybody on record, on both databases."""

import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlmodel import func, select

from bot.app import Service, open_service
from config.settings import Settings
from storage.case import Case, CaseEvent
from storage.case_file import CaseNote, CaseReporter
from storage.db import open_engine, reading, writing
from storage.incident import Incident, hold, in_estate, in_group
from storage.message import Inbox, Outbox
from tests.desk.crowd import GROUPS, Line, settle, write
from tests.play import Play, _catalog
from tests.town import NOON

ROUNDS, EACH = 10, 50


@pytest.fixture
def play(database_url: str) -> Iterator[Play]:
    play = Play(database_url)
    settle(play.database)
    yield play
    play.close()


@pytest.fixture
def other(database_url: str, play: Play) -> Iterator[Service]:
    """A second process, as good as: an engine and a pipeline of its own on the same database."""
    service = open_service(
        Settings(database_url=database_url, demo=True), roles=("web",), clock=play.clock, catalog=_catalog()
    )
    yield service
    service.intake.close()
    service.database.dispose()
    service.durable.dispose()


def _lines(number: int) -> list[Line]:
    """Fifty neighbours of six buildings in three groups; the first clear, later many that only say 「我家也没」."""
    buildings = ("1", "3", "5", "7", "9", "11")
    found = []
    for index in range(EACH):
        group, building = GROUPS[index % 3], buildings[(index + number) % 6]
        said = [
            f"{building}号楼停水了",
            f"{building}号楼也没水",
            "停水了，咋回事",
            "我家也没水",
            "+1",
            f"+1 {building}号楼",
        ]
        found.append(Line(f"neighbour-{number}-{index}", said[0] if number == 0 else said[index % 6], group))
    return found


def _once_more(number: int) -> list[Line]:
    """Some of the round before say it again, in other words, into their group or to the bot alone."""
    said = ("我家还没水呢", "3号楼还是没水", "停水了没人管吗", "+1")
    return [
        Line(f"neighbour-{number - 1}-{index}", said[index % 4], GROUPS[index % 3] if index % 5 else "")
        for index in range(20 if number else 0)
    ]


def _work_together(play: Play, other: Service) -> None:
    """Both pipelines at once, until nothing is left."""
    faults: list[BaseException] = []

    def work(service: Service) -> None:
        try:
            while service.pipeline.work(clock=play.clock):
                pass
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(service,)) for service in (play.service, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults, faults


def test_five_hundred_reports_in_five_minutes_are_one_incident(play: Play, other: Service) -> None:
    for number in range(ROUNDS):
        write(play.database, [*_lines(number), *_once_more(number)], now=play.clock(), start=number * 100)
        _work_together(play, other)
        play.clock.passes(seconds=30)
        play.works()
    with reading(play.database) as session:
        (case,) = session.exec(select(Case)).all()
        assert session.exec(select(func.count()).select_from(CaseReporter)).one() == ROUNDS * EACH - 1
        assert session.get_one(Incident, case.id).count == ROUNDS * EACH
        people = {case.reporter_id, *session.exec(select(CaseReporter.identity_id))}
        assert len(people) == ROUNDS * EACH
        assert session.exec(select(func.count()).where(CaseEvent.kind == "joined")).one() == ROUNDS * EACH - 1
        assert set(session.exec(select(Inbox.state))) == {"done"}
        posts = Counter(session.exec(select(Outbox.address).where(Outbox.to == "group")))
        assert set(posts) == set(GROUPS)
        assert max(posts.values()) <= 2, posts
        assert sum(posts.values()) == 4  # one is acknowledged in one group; each group reads one line more
    assert case.place == "海棠苑1号楼、3号楼、5号楼、7号楼、9号楼、11号楼"
    heard = play.heard()
    lead = heard["宋佳明"]
    assert len(lead) == 2, lead  # the task, and one count within ten minutes
    play.passes(minutes=10)
    (last,) = play.heard()["宋佳明"]
    assert "已有500位邻居报了" in last
    assert "没说楼号" in last


def test_everybody_hears_the_end_once(play: Play) -> None:
    write(play.database, [Line("a", "5号楼停水了", GROUPS[0]), Line("b", "5号楼停水了", GROUPS[1]),
                          Line("c", "9号楼停水了"), Line("d", "7号楼停水了")], now=NOON)  # fmt: skip
    play.works()
    play.passes(minutes=1)
    play.heard()
    play.says("宋佳明", "接单")
    play.says("宋佳明", "办结 总阀修好了")
    play.heard()
    play.passes(minutes=3)
    heard = play.heard()
    told = {reader: said for reader, said in heard.items() if "总阀修好了" in "".join(said)}
    assert set(told) == {"海棠苑居民群", f"group:{GROUPS[1]}", "person:c", "person:d"}, heard
    assert all(len(said) == 1 for said in told.values())


def test_the_waiting_line_grows_until_it_leaves_and_then_is_silent(play: Play) -> None:
    write(play.database, [Line("a", "5号楼停水了", GROUPS[0])], now=NOON)
    play.works()
    play.heard()
    for index in range(3):
        write(play.database, [Line(f"n{index}", "7号楼也没水", GROUPS[0])], now=play.clock(), start=10 + index)
        play.clock.passes(seconds=5)
        play.works()
    assert play.heard() == {}
    play.clock.passes(seconds=10)
    play.works()
    (line,) = play.heard()["海棠苑居民群"]
    assert "（海棠苑5号楼、7号楼）已有4位邻居报了" in line
    write(play.database, [Line("late", "9号楼也停水了", GROUPS[0])], now=play.clock(), start=20)
    play.passes(seconds=90)
    assert "海棠苑居民群" not in play.heard()


def test_a_waiting_line_holds_up_nobody_elses_answer(play: Play) -> None:
    """It lies in the outbox for twenty seconds, the lead's for ten minutes; a new task must not wait that long."""
    write(play.database, [Line("a", "5号楼停水了", GROUPS[0]), Line("b", "7号楼停水了", GROUPS[0])], now=NOON)
    play.works()
    play.passes(seconds=30)
    write(play.database, [Line("c", "9号楼停水了", GROUPS[0])], now=play.clock(), start=5)
    play.works()
    play.heard()
    play.says("安安", "5号楼楼道灯坏了", group="海棠苑居民群")
    heard = play.heard()
    assert "已登记" in heard["海棠苑居民群"][0]
    assert "楼道灯" in heard["宋佳明"][0]


def test_nobody_is_told_the_address_of_somebody_who_did_not_say_it(play: Play) -> None:
    """秀英 lives in building 3: staff read that, the neighbours do not."""
    play.says("安安", "5号楼停水了", group="海棠苑居民群")
    play.says("秀英", "我家也没水", group="海棠苑居民群")
    play.heard()
    play.passes(seconds=30)
    heard = play.heard()
    assert "（海棠苑5号楼）" in heard["海棠苑居民群"][0]
    assert "3号楼1位" in heard["宋佳明"][0]
    assert play.cases()[0].place == "海棠苑3号楼、5号楼"


def test_whose_flat_was_first_stays_in_the_file(play: Play) -> None:
    play.says("秀英", "家里停水了", group="海棠苑居民群")
    play.says("安安", "5号楼也停水了", group="海棠苑居民群")
    (case,) = play.cases()
    assert (case.place, case.room) == ("海棠苑3号楼、5号楼", "")
    play.heard()
    play.says("宋佳明", "详情 1")
    (said,) = play.heard()["宋佳明"]
    assert "最先报的是海棠苑3号楼1单元601" in said
    assert "安安（海棠苑5号楼）：5号楼也停水了" in said


def test_a_word_of_a_neighbour_does_not_keep_the_lead_from_taking_back(play: Play) -> None:
    play.says("安安", "5号楼停水了", group="海棠苑居民群")
    play.says("宋佳明", "接单")
    play.says("路人", "5号楼也停水了", group="海棠苑居民群")
    play.heard()
    play.says("宋佳明", "撤销")
    assert "已撤销" in "".join(play.heard()["宋佳明"]) or play.cases()[0].state == "assigned"
    assert play.cases()[0].state == "assigned"


def test_what_one_of_a_crowd_adds_lies_in_the_file_and_does_not_disturb_the_lead(play: Play) -> None:
    crowd = [Line(f"n{index}", "9号楼停水了", GROUPS[0]) for index in range(8)]
    write(play.database, [*crowd, Line("alone", "9号楼停水了")], now=NOON)
    play.works()
    play.passes(minutes=1)
    play.heard()
    write(play.database, [Line("alone", "9号楼地下室也进水了，水表井一直在冒水")], now=play.clock(), start=20)
    play.works()
    assert "宋佳明" not in play.heard() or len(play.cases()) == 2
    write(play.database, [Line("alone", "9号楼停水，自来水一滴都没有")], now=play.clock(), start=21)
    play.works()
    assert "宋佳明" not in play.heard()
    with reading(play.database) as session:
        assert any("一滴都没有" in words for words in session.exec(select(CaseNote.words)))


def test_where_no_robot_may_post_the_lead_carries_the_one_line(sqlite_url: str) -> None:
    play = Play(sqlite_url, robots=False)
    play.says("安安", "1号楼停水了", group="海棠苑居民群")
    play.heard()
    for who in ("路人", "申大娘"):
        play.says(who, "1号楼停水了", group="海棠苑居民群")
    play.passes(seconds=30)
    by_hand = [said for said in play.heard()["宋佳明"] if "机器人不能发言" in said]
    assert len(by_hand) == 1
    assert "已有3位邻居报了" in by_hand[0]
    play.close()


def test_after_an_hour_it_is_a_new_incident(play: Play) -> None:
    play.says("安安", "5号楼停水了", group="海棠苑居民群")
    play.clock.passes(minutes=59)
    play.says("路人", "5号楼停水了", group="海棠苑居民群")
    assert len(play.cases()) == 1
    play.clock.passes(minutes=2)
    play.says("申大娘", "5号楼停水了", group="海棠苑居民群")
    assert len(play.cases()) == 2


def test_three_buildings_have_cases_of_their_own_then_it_is_one_thing(play: Play) -> None:
    for index, building in enumerate(("1", "5", "7", "9", "11", "9")):
        write(play.database, [Line(f"n{index}", f"{building}号楼电梯坏了", GROUPS[0])], now=play.clock(), start=index)
        play.works()
    places = [case.place for case in play.cases()]
    assert places == ["海棠苑1号楼、9号楼、11号楼", "海棠苑5号楼", "海棠苑7号楼"]


def test_a_lift_and_a_door_are_two_things(play: Play) -> None:
    for index, said in enumerate(("5号楼电梯坏了", "5号楼单元门坏了", "5号楼电梯停了", "5号楼门禁刷不开")):
        write(play.database, [Line(f"n{index}", said, GROUPS[0])], now=play.clock(), start=index)
        play.works()
    assert len(play.cases()) == 2
    with reading(play.database) as session:
        assert sorted(session.exec(select(Incident.count))) == [2, 2]


def test_a_private_matter_is_never_shared(play: Play) -> None:
    for index, said in enumerate(
        ("9号楼楼上漏水了", "9号楼楼上漏水了", "9号楼楼上太吵了，管管", "9号楼楼上太吵了，管管")
    ):
        write(play.database, [Line(f"n{index}", said)], now=play.clock(), start=index)
        play.works()
    assert len(play.cases()) == 4


def test_the_running_ones_are_found_by_their_index(sqlite: Engine) -> None:
    """However many cases an estate or a group had: only the live ones of this matter and hour are looked at."""
    asked: list[tuple[str, Any]] = []
    event.listen(sqlite, "before_cursor_execute", lambda *call: asked.append((call[2], call[3])))
    with writing(sqlite) as session:
        in_estate(session, item="utility.water", estate_id=1, since=NOON)
        in_group(session, group_id=1, since=NOON, bare=True)
        plans = [
            " ".join(str(row) for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", given))
            for sql, given in asked[-2:]
        ]
    assert "ix_case_live_item" in plans[0], plans[0]
    assert "ix_incident_group_recent" in plans[1], plans[1]


def test_on_a_server_the_second_waits_until_the_first_has_committed(postgres_url: str) -> None:
    database = open_engine(postgres_url)
    entered = threading.Event()

    def second() -> None:
        with writing(database) as session:
            hold(session, community_id=1, item="utility.water")
            entered.set()

    with writing(database) as session:
        hold(session, community_id=1, item="utility.water")
        thread = threading.Thread(target=second)
        thread.start()
        assert not entered.wait(0.3)
    assert entered.wait(10)
    thread.join()
    database.dispose()
