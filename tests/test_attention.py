"""Whose words are kept though the gate would drop them, for how long, and that nobody else's ever are."""

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlmodel import col, select

from bot import attention
from bot.attention import Attention
from bot.channels import wecom_message
from bot.channels.simulator import Simulator
from bot.desk import asking, closing
from bot.intents.followup import sounds_like_one
from bot.jobs.sweep import Forget
from storage.db import reading
from storage.message import Inbox
from tests.play import Play, call

GROUP = "海棠苑居民群"


@pytest.fixture
def play(database_url: str) -> Iterator[Play]:
    play = Play(database_url)
    yield play
    play.close()


def _keeps(play: Play, who: str, text: str, *, alone: bool = False) -> bool:
    return play.service.attention.keeps("simulator", who, text, alone=alone, now=play.clock())


def _lamp(play: Play) -> None:
    play.says("安安", "3号楼2单元楼道灯坏了", group=GROUP)


def test_whoever_reported_is_heard_whole_for_half_an_hour_and_then_about_his_case(play: Play) -> None:
    assert not _keeps(play, "chen", "还有味道")
    _lamp(play)
    assert _keeps(play, "chen", "晚上吃啥")
    assert not _keeps(play, "wang", "晚上吃啥")
    play.passes(minutes=31)
    assert not _keeps(play, "chen", "晚上吃啥")
    assert _keeps(play, "chen", "怎么还没来")


def test_a_result_that_waits_for_his_word_keeps_him_heard(play: Play) -> None:
    _lamp(play)
    play.passes(minutes=60)
    play.says("郭文媛", "办结 已换灯泡")
    assert _keeps(play, "chen", "晚上吃啥")
    play.passes(minutes=3)
    play.says("安安", "1", group=GROUP)
    assert not _keeps(play, "chen", "晚上吃啥")
    assert _keeps(play, "chen", "又不亮了")
    play.passes(days=8)
    assert not _keeps(play, "chen", "又不亮了")


def test_an_open_question_keeps_him_heard(play: Play) -> None:
    play.says("安安", "楼道灯坏了", group=GROUP)
    assert _keeps(play, "chen", "就大门口")
    play.says("安安", "算了不用了", group=GROUP)
    assert not _keeps(play, "chen", "就大门口")


def test_one_person_is_heard_in_all_his_channels(play: Play) -> None:
    _lamp(play)
    now = play.clock()
    assert play.service.attention.keeps("wecom", "chen", "晚上吃啥", alone=True, now=now)
    assert not play.service.attention.keeps("wecom", "wang", "晚上吃啥", alone=True, now=now)


def test_staff_are_heard_alone_and_not_in_groups(play: Play) -> None:
    assert _keeps(play, "song", "换好了，明天再看", alone=True)
    assert not _keeps(play, "song", "换好了，明天再看")


def test_it_holds_no_more_than_it_may(play: Play) -> None:
    small = Attention(play.database, follows=sounds_like_one, most=1)
    _lamp(play)
    play.says("秀英", "滨河苑5号楼停水了", group="滨河苑居民群")
    small.refresh(play.clock())
    kept = [who for who in ("chen", "wang") if small.keeps("simulator", who, "晚上吃啥", alone=False, now=play.clock())]
    assert len(kept) <= 1


def test_a_process_that_starts_later_knows_the_same(play: Play) -> None:
    _lamp(play)
    late = Attention(play.database, follows=sounds_like_one)
    late.refresh(play.clock())
    assert late.keeps("simulator", "chen", "晚上吃啥", alone=False, now=play.clock())


def test_others_chatter_costs_no_look_into_the_database_and_is_stored_nowhere(play: Play) -> None:
    _lamp(play)
    looks: list[str] = []
    for engine in (play.database, play.service.durable):
        event.listen(engine, "before_cursor_execute", lambda _connection, _cursor, said, *_: looks.append(said))
    before = play.count(Inbox)
    looks.clear()
    for text in ("晚上吃啥", "不用谢", "快递到了", "怎么还没来", "又不亮了"):
        body = {"id": text, "sender": "wang", "name": "秀英", "group": "g-haitang", "kind": "text", "text": text}
        status, _ = asyncio.run(call(play.app, "POST", "/hook/simulator", body=json.dumps(body).encode()))
        assert status == 200
    assert looks == []
    assert play.count(Inbox) == before


def test_what_led_to_nothing_is_forgotten_after_an_hour(play: Play) -> None:
    _lamp(play)
    play.says("安安", "晚上吃啥", group=GROUP)
    forget = Forget(play.database, retention=timedelta(hours=72))
    forget(play.clock)
    assert _outcomes(play) == ["case:1", "silent"]
    play.passes(minutes=61)
    forget(play.clock)
    assert _outcomes(play) == ["case:1"]


def test_the_same_half_hour_for_the_gate_and_the_desk() -> None:
    assert attention.FRESH == asking.FRESH
    assert attention.AFTER_CLOSING == closing.REOPEN_WITHIN


@pytest.mark.parametrize(
    "sender", ["<FromUserName><![CDATA[song_1@x]]></FromUserName>", "<FromUserName>song_1@x</FromUserName>"]
)
def test_the_sender_is_read_without_parsing(sender: str, play: Play) -> None:
    plain = (
        f"<xml><ToUserName><![CDATA[ww1]]></ToUserName>{sender}<CreateTime>1700000000</CreateTime>"
        "<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[<FromUserName>别人</FromUserName>]]></Content>"
        "<MsgId>1</MsgId></xml>"
    ).encode()
    parsed = wecom_message.parse(plain, play.clock(), channel="wecom")
    assert parsed is not None
    assert wecom_message.peek(plain) == parsed.text
    assert wecom_message.sender_of(plain) == parsed.sender == "song_1@x"


def test_the_simulator_reads_its_sender(play: Play) -> None:
    channel = Simulator(play.database, play.clock)
    assert channel.sender_of(b'{"id":"1","sender":"chen","kind":"text","text":"hi"}') == "chen"


def _outcomes(play: Play) -> list[str]:
    with reading(play.database) as session:
        return list(session.exec(select(Inbox.outcome).order_by(col(Inbox.id))))
