"""The simulator's channel: what it takes in, what it refuses, and that it shows nothing twice."""

import asyncio
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, event, select
from sqlalchemy.exc import OperationalError
from sqlmodel import SQLModel

from bot.channels.base import Action, Button, CallbackRefused, Card, Channel, Incoming, Outgoing, SendFailed
from bot.channels.simulator import FIELDS, KINDS, Simulator
from storage import schema
from storage.db import open_engine, reading, writing
from storage.person import Identity
from storage.stage import StageLine

NOW = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)
LAMP = {"id": "m1", "sender": "r1", "name": "王秀英", "group": "g1", "kind": "text", "text": "3号楼2单元楼道灯坏了"}
CARD = Card(
    task="case-7@1",
    source="网格贴心人",
    title="楼道灯不亮",
    rows=(("编号", "1122-01"),),
    buttons=(Button("接单", "accept"), Button("转派", "transfer", 2)),
)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path / 'stage.db'}")
    assert schema.stage is not None
    SQLModel.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def channel(engine: Engine) -> Simulator:
    return Simulator(engine, lambda: NOW)


# never asked for a line: what is tested with it touches no database
PURE = Simulator(create_engine("sqlite://"), lambda: NOW)


def hear(message: object) -> Incoming | None:
    body = json.dumps(message).encode()
    return PURE.parse(PURE.decode({}, body, NOW), NOW)


def stage(engine: Engine) -> list[StageLine]:
    with reading(engine) as session:
        return list(session.scalars(select(StageLine).order_by(StageLine.id)))  # type: ignore[arg-type]


def send(channel: Simulator, **what: object) -> str:
    message = {"key": "k1", "to": "group", "address": "g1", "text": "已登记"} | what
    return asyncio.run(channel.send(Outgoing(**message))).ref  # type: ignore[arg-type]


def test_it_is_a_channel_that_can_do_everything() -> None:
    channel: Channel = PURE
    assert channel.name == "simulator"
    assert (channel.can.hears_group, channel.can.posts_group) == ("all", "unattended")
    assert channel.can.private
    assert channel.can.cards


def test_what_a_persona_says_in_a_group_arrives_whole() -> None:
    heard = hear(LAMP)
    assert heard == Incoming(
        channel="simulator",
        message_id="m1",
        kind="text",
        sender="r1",
        at=NOW,
        sender_name="王秀英",
        group="g1",
        text="3号楼2单元楼道灯坏了",
    )


def test_a_pressed_button_and_a_place_arrive_too() -> None:
    pressed = hear({"id": "a1", "sender": "w1", "kind": "action", "key": "accept", "task": "case-7@1"})
    assert pressed is not None
    assert pressed.action == Action("accept", "case-7@1")
    place = hear({"id": "p1", "sender": "r1", "kind": "location", "latitude": 37.87, "longitude": 112})
    assert place is not None
    assert (place.latitude, place.longitude) == (37.87, 112.0)


def test_only_the_words_of_a_group_are_offered_to_the_gate() -> None:
    assert PURE.peek(json.dumps(LAMP).encode()) == LAMP["text"]
    assert PURE.peek(json.dumps(LAMP | {"group": ""}).encode()) is None
    assert PURE.peek(json.dumps(LAMP | {"kind": "image", "text": ""}).encode()) is None
    assert PURE.peek(b"rubbish") is None


def test_it_has_no_address_to_verify() -> None:
    with pytest.raises(CallbackRefused) as refused:
        PURE.verify({"echostr": "1"})
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": ""},
        {"id": "x" * 65},
        {"id": 7},
        {"sender": "  "},
        {"sender": "r\n1"},
        {"name": "王\x00"},
        {"text": ""},
        {"text": "好" * 4_001},
        {"text": "\ud800"},
        {"text": "灯\x07坏了"},
        {"kind": "event"},
        {"kind": ["text"]},
        {"kind": "action"},
        {"kind": "location"},
        {"kind": "location", "latitude": 91, "longitude": 0},
        {"kind": "location", "latitude": float("nan"), "longitude": 0},
        {"kind": "location", "latitude": 10**400, "longitude": 0},
        {"kind": "location", "latitude": True, "longitude": 0},
        {"latitude": 37.8},
        {"stranger": 1},
    ],
)
def test_a_message_with_anything_wrong_is_refused_at_the_door(wrong: dict[str, object]) -> None:
    with pytest.raises(CallbackRefused) as refused:
        PURE.decode({}, json.dumps(LAMP | wrong).encode(), NOW)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"\xff\xfe{}", b"[" * 60_000, b"9" * 6_000, "\ufeff{}".encode(), b'{"id":1'],
    ids=["nothing", "list", "null", "not UTF-8", "deep", "long number", "byte order mark", "cut off"],
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(CallbackRefused):
        PURE.decode({}, body, NOW)


def test_a_body_too_long_is_refused() -> None:
    with pytest.raises(CallbackRefused) as refused:
        PURE.decode({}, b" " * 70_000, NOW)
    assert refused.value.status == 413


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=3)
)
messages = st.dictionaries(
    st.sampled_from([*sorted(FIELDS), "other"]), anything | st.sampled_from(sorted(KINDS)), max_size=8
)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200) | messages.map(lambda message: json.dumps(message).encode()))
@example(json.dumps(LAMP).encode())
def test_whatever_comes_it_is_a_message_or_a_refusal(body: bytes) -> None:
    PURE.peek(body)
    assert _status(lambda: PURE.decode({}, body, NOW)) == _status(lambda: PURE.parse(body, NOW))


def _status(take: Callable[[], object]) -> int:
    try:
        taken = take()
    except CallbackRefused as refused:
        return refused.status
    return 200 if isinstance(taken, bytes) or (isinstance(taken, Incoming) and taken.sender) else 500


def test_what_the_bot_says_becomes_one_line(engine: Engine, channel: Simulator) -> None:
    ref = send(channel)
    (line,) = stage(engine)
    assert ref == f"stage-{line.id}"
    assert (line.room, line.speaker, line.kind, line.text, line.key) == ("group:g1", "bot", "text", "已登记", "k1")
    assert line.card is None


def test_a_card_keeps_its_rows_and_buttons(engine: Engine, channel: Simulator) -> None:
    send(channel, to="person", address="w1", card=CARD)
    (line,) = stage(engine)
    assert (line.room, line.kind) == ("person:w1", "card")
    assert line.card is not None
    assert line.card["task"] == "case-7@1"
    assert line.card["rows"] == [["编号", "1122-01"]]
    assert line.card["buttons"][1] == {"text": "转派", "key": "transfer", "style": 2}


def test_a_repeat_shows_nothing_new_and_gets_the_same_receipt(engine: Engine, channel: Simulator) -> None:
    first = send(channel)
    assert send(channel, text="又来一遍") == first
    assert send(channel, key="k2") != first
    assert len(stage(engine)) == 2


def test_two_senders_of_one_message_show_it_once(engine: Engine, channel: Simulator) -> None:
    with ThreadPoolExecutor(4) as pool:
        refs = set(pool.map(lambda _: send(channel), range(8)))
    assert len(refs) == len(stage(engine)) == 1


@pytest.mark.parametrize(
    ("mention", "text", "shown"),
    [
        ("r1", "已登记", "@王秀英 已登记"),
        ("r1", "@王秀英 已登记", "@王秀英 已登记"),
        ("李阿姨", "已登记", "@李阿姨 已登记"),
        ("", "已登记", "已登记"),
    ],
)
def test_a_mention_calls_the_resident_by_nickname(
    engine: Engine, channel: Simulator, mention: str, text: str, shown: str
) -> None:
    with writing(engine) as session:
        session.add(Identity(channel="simulator", external_id="r1", display_name="王秀英"))
    send(channel, mention=mention, text=text)
    assert stage(engine)[0].text == shown


@pytest.mark.parametrize("address", ["", "x" * 200])
def test_an_address_that_cannot_be_is_a_dead_letter(engine: Engine, channel: Simulator, address: str) -> None:
    with pytest.raises(SendFailed) as failed:
        send(channel, address=address)
    assert failed.value.verdict == "dead"
    assert stage(engine) == []


def test_a_busy_database_means_try_again(engine: Engine, channel: Simulator) -> None:
    @event.listens_for(engine, "before_cursor_execute")
    def _busy(*_: object) -> None:
        raise OperationalError("insert", {}, Exception("database is locked"))

    with pytest.raises(SendFailed) as failed:
        send(channel)
    assert failed.value.verdict == "retry"


def test_closing_it_twice_does_no_harm(channel: Simulator) -> None:
    asyncio.run(channel.close())
    asyncio.run(channel.close())
