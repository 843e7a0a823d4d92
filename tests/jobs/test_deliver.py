"""The carrier: what is sent once, tried again, given up, paced and kept apart."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError
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
        self.meets: Callable[[Outgoing], Awaitable[None]] | None = None
        self.closed_in: list[asyncio.AbstractEventLoop] = []

    def verify(self, query: Mapping[str, str]) -> bytes:
        raise CallbackRefused(400, "deaf")

    def decode(self, query: Mapping[str, str], body: bytes, now: datetime) -> bytes:
        raise CallbackRefused(400, "deaf")

    def sender_of(self, plain: bytes) -> str:
        return ""

    def peek(self, plain: bytes) -> str | None:
        return None

    def parse(self, plain: bytes, now: datetime) -> Incoming | None:
        return None

    async def send(self, message: Outgoing) -> Receipt:
        if self.meets is not None:
            await self.meets(message)
        waiting = self.answers.get(message.address, [])
        answer = waiting.pop(0) if len(waiting) > 1 else (waiting or [None])[0]
        if answer is not None:
            raise answer
        self.sent.append(message)
        return Receipt(ref=f"r{len(self.sent)}", response_code="code")

    async def close(self) -> None:
        self.closed_in.append(asyncio.get_running_loop())


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
    post.deliver._turn_over(post.clock())  # claimed, and then the process is gone
    assert post.goes(seconds=59) == []
    assert post.goes(seconds=2) == ["one"]


def test_a_slow_sender_cannot_write_over_the_next_ones_result(post: Post) -> None:
    post.lays("one")
    (slow,) = post.deliver._turn_over(post.clock())
    assert post.goes(seconds=61) == ["one"]
    post.deliver._ended = [post.deliver._failed(slow, SendFailed("dead", "late"), post.clock())]
    post.deliver._turn_over(post.clock())
    assert post.row("one").state == "sent"


def test_nothing_open_is_left_unclaimed_for_ever(post: Post) -> None:
    for number in range(100):
        post.lays(str(number), f"lane{number}")
    post.goes()
    with reading(post.database) as session:
        assert session.exec(select(Outbox).where(col(Outbox.state) != "sent")).all() == []


def test_a_slow_reader_holds_up_nobody_who_comes_later(post: Post) -> None:
    later = asyncio.Event()

    async def meets(message: Outgoing) -> None:
        if message.key == "slow":
            post.lays("later", "b")
            await asyncio.wait_for(later.wait(), 5)
        else:
            later.set()

    post.wire.meets = meets
    post.lays("slow", "a")
    assert post.goes() == ["later", "slow"]


def test_what_breaks_on_one_message_touches_no_other(post: Post) -> None:
    async def breaks(message: Outgoing) -> None:
        if message.key == "broken":
            raise KeyError("张三")

    post.wire.meets = breaks
    post.lays("broken", "a")
    post.lays("fine", "b")
    assert post.goes() == ["fine"]
    assert post.row("fine").state == "sent"
    row = post.row("broken")
    assert (row.state, row.error, row.not_before) == ("open", "程序出错（KeyError）", NOON + timedelta(seconds=2))
    post.wire.meets = None
    assert post.goes(seconds=2) == ["broken"]


def test_a_database_that_fails_while_results_are_written_makes_no_message_go_twice(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = asyncio.Event()

    def fails(*_: object) -> None:
        slow.set()
        monkeypatch.undo()
        raise OperationalError("UPDATE", {}, Exception("the server is gone"))

    async def meets(message: Outgoing) -> None:
        if message.key == "slow":
            await slow.wait()

    monkeypatch.setattr("bot.jobs.deliver.finish_outbox", fails)
    post.wire.meets = meets
    post.lays("quick", "a")
    post.lays("slow", "b")
    with pytest.raises(OperationalError):
        post.goes()
    assert [message.key for message in post.wire.sent] == ["quick", "slow"]
    assert post.goes(minutes=2) == []
    assert {post.row(key).state for key in ("quick", "slow")} == {"sent"}


def test_many_messages_share_few_transactions(post: Post) -> None:
    for number in range(30):
        post.lays(str(number), f"lane{number}")
    commits: list[object] = []
    event.listen(post.database, "commit", commits.append)
    assert not post.deliver(post.clock), "nothing more is due, and it knows"
    assert (len(post.wire.sent), len(commits)) == (30, 2)


def test_a_crowd_is_not_left_waiting_for_the_next_tick(database: Engine) -> None:
    post = Post(database, per_minute=1)
    for number in range(40):
        post.lays(f"early{number}", f"lane{number}")
    post.goes()
    for number in range(40):
        post.lays(f"late{number}", f"lane{number}")
    post.lays("free", "b")
    assert post.goes() == ["free"], "the first to be looked at were all beyond their pace"
    post.deliver.close()


def test_a_channel_that_is_no_longer_set_up_keeps_its_messages_and_stops_no_other(post: Post) -> None:
    post.lays("one", "a")
    post.lays("two", "b")
    with writing(post.database) as session:
        session.exec(select(Outbox).where(Outbox.key == "one")).one().channel = "gone"
    assert post.goes() == ["two"]
    row = post.row("one")
    assert (row.state, row.error, row.not_before) == (
        "open",
        "渠道 gone 没有设置，消息先留着",
        NOON + timedelta(minutes=5),
    )


def test_a_round_ends_however_much_is_waiting(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two rounds a process that was asked to stop may stop."""
    monkeypatch.setattr("bot.jobs.deliver._ROUND_SECONDS", 0.0)
    for number in range(100):
        post.lays(str(number), f"lane{number}")
    assert post.deliver(post.clock), "more is waiting"
    assert len(post.wire.sent) == 64
    post.goes()
    assert len(post.wire.sent) == 100


def test_the_deliverer_ends_its_connections_in_its_own_loop(post: Post) -> None:
    loop = post.deliver._loop
    post.deliver.close()
    assert (post.wire.closed_in, loop.is_closed()) == ([loop], True)
