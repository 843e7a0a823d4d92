"""The carrier: what is sent once, tried again, given up, paced and kept apart."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from bot.channels.base import CallbackRefused, Can, Incoming, Outgoing, Receipt, SendFailed
from bot.jobs.deliver import Deliver
from storage.db import reading, writing
from storage.message import Outbox
from tests.play import Clock
from tests.town import NOON


class Wire:
    """A channel that does as it is told: ``answers`` by address, the last one for ever."""

    name = "wire"

    def __init__(self, per_minute: int = 0) -> None:
        self.can = Can(private=True, per_minute=per_minute)
        self.answers: dict[str, list[SendFailed | None]] = {}
        self.sent: list[Outgoing] = []

    def verify(self, query: Mapping[str, str]) -> bytes:
        raise CallbackRefused(400, "deaf")

    def decode(self, query: Mapping[str, str], body: bytes, now: datetime) -> bytes:
        raise CallbackRefused(400, "deaf")

    def peek(self, plain: bytes) -> str | None:
        return None

    def parse(self, plain: bytes, now: datetime) -> Incoming | None:
        return None

    async def send(self, message: Outgoing) -> Receipt:
        waiting = self.answers.get(message.address, [])
        answer = waiting.pop(0) if len(waiting) > 1 else (waiting or [None])[0]
        if answer is not None:
            raise answer
        self.sent.append(message)
        return Receipt(ref=f"r{len(self.sent)}", response_code="code")

    async def close(self) -> None:
        return None


class Post:
    def __init__(self, database: Engine, per_minute: int = 0) -> None:
        self.database, self.wire, self.clock = database, Wire(per_minute), Clock()
        self.deliver = Deliver(database, {"wire": self.wire})

    def lays(self, key: str, address: str = "a", *, urgent: bool = False, text: str = "") -> None:
        with writing(self.database) as session:
            session.add(
                Outbox(key=key, channel="wire", lane=address, to="person", address=address, urgent=urgent,
                       payload={"text": text or key, "card": None}, created_at=NOON, not_before=NOON)
            )  # fmt: skip

    def goes(self, **later: float) -> list[str]:
        self.clock.passes(**later)
        before = len(self.wire.sent)
        while self.deliver(self.clock):
            pass
        return [message.key for message in self.wire.sent[before:]]

    def row(self, key: str) -> Outbox:
        with reading(self.database) as session:
            return session.exec(select(Outbox).where(Outbox.key == key)).one()


@pytest.fixture
def post(database: Engine) -> Iterator[Post]:
    post = Post(database)
    yield post
    post.deliver.close()


def test_a_message_is_sent_once_and_its_receipt_kept(post: Post) -> None:
    post.lays("one")
    assert post.goes() == ["one"]
    assert post.goes(minutes=10) == []
    row = post.row("one")
    assert (row.state, row.ref, row.response_code, row.sent_at) == ("sent", "r1", "code", NOON)


def test_to_one_reader_things_arrive_in_order(post: Post) -> None:
    for number in range(5):
        post.lays(str(number))
    assert post.goes() == ["0", "1", "2", "3", "4"]


def test_a_busy_platform_is_tried_again_with_growing_patience(post: Post) -> None:
    post.lays("one")
    post.wire.answers["a"] = [SendFailed("retry", "忙"), SendFailed("retry", "忙"), None]
    assert post.goes() == []
    assert post.row("one").not_before == NOON + timedelta(seconds=2)
    assert post.goes(seconds=2) == []
    assert post.row("one").not_before == post.clock() + timedelta(seconds=4)
    assert post.goes(seconds=4) == ["one"]


def test_the_platforms_own_waiting_time_is_kept(post: Post) -> None:
    post.lays("one")
    post.wire.answers["a"] = [SendFailed("retry", "频率超限", code=45009, wait_seconds=60), None]
    assert post.goes() == []
    assert post.goes(seconds=59) == []
    assert post.goes(seconds=1) == ["one"]


def test_a_dead_letter_is_kept_with_its_reason_and_holds_up_nobody(post: Post) -> None:
    post.lays("dead")
    post.lays("next")
    post.wire.answers["a"] = [SendFailed("dead", "收件人不在应用可见范围", code=81013), None]
    assert post.goes() == ["next"]
    row = post.row("dead")
    assert (row.state, row.error) == ("dead", "收件人不在应用可见范围")


def test_a_wrong_setting_keeps_the_message_until_it_is_mended(post: Post) -> None:
    post.lays("one")
    post.wire.answers["a"] = [SendFailed("config", "IP 不在可信名单", code=60020)] * 50 + [None]
    for _ in range(50):
        assert post.goes(minutes=5) == []
    assert post.row("one").state == "open"
    assert post.goes(minutes=5) == ["one"]


def test_one_readers_trouble_delays_no_other(post: Post) -> None:
    post.lays("stuck", "a")
    post.lays("fine", "b")
    post.wire.answers["a"] = [SendFailed("retry", "忙", wait_seconds=600)]
    assert post.goes() == ["fine"]


def test_urgent_letters_go_first(post: Post) -> None:
    post.lays("ordinary")
    post.lays("urgent", urgent=True)
    assert post.goes() == ["urgent", "ordinary"]


def test_the_platforms_pace_is_never_passed(database: Engine) -> None:
    post = Post(database, per_minute=10)
    for number in range(25):
        post.lays(f"{number:02d}")
    assert len(post.goes()) == 9
    assert post.goes(seconds=30) == []
    assert len(post.goes(seconds=31)) == 9
    assert len(post.goes(seconds=61)) == 7
    post.deliver.close()


def test_a_sender_that_died_leaves_its_row_to_the_next(post: Post) -> None:
    post.lays("one")
    post.deliver._claim(post.clock())  # claimed, and then the process is gone
    assert post.goes(seconds=59) == []
    assert post.goes(seconds=2) == ["one"]


def test_a_slow_sender_cannot_write_over_the_next_ones_result(post: Post) -> None:
    post.lays("one")
    (slow,) = post.deliver._claim(post.clock())
    assert post.goes(seconds=61) == ["one"]
    late = post.deliver._failed(slow, SendFailed("dead", "late"), post.clock())
    post.deliver._turn_over([late], post.clock(), 1)
    assert post.row("one").state == "sent"


def test_nothing_open_is_left_unclaimed_for_ever(post: Post) -> None:
    for number in range(100):
        post.lays(str(number), f"lane{number}")
    post.goes()
    with reading(post.database) as session:
        assert session.exec(select(Outbox).where(col(Outbox.state) != "sent")).all() == []
