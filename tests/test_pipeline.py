"""One row, one transaction: what fails is tried again, what is lost to another worker is undone, nothing doubles."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import select

from bot import pipeline as pipeline_module
from bot.channels.base import Action, Incoming, lane_of, pack, unpack
from bot.handlers import HANDLERS
from bot.handlers.base import Turn
from bot.intents.base import Understanding
from bot.pipeline import LEASE, MOST_FAULTS
from storage.case import Case, CaseEvent
from storage.db import writing
from storage.message import Inbox, Outbox
from storage.queue import claim_inbox
from tests.play import Play
from tests.town import NOON


@pytest.fixture
def play(database_url: str) -> Iterator[Play]:
    play = Play(database_url)
    yield play
    play.close()


def _boom(turn: Turn) -> str | None:
    raise RuntimeError("a fault in a handler")


def test_a_case_leaves_its_events_clocks_letters_and_audit(play: Play) -> None:
    play.says("安安", "3号楼2单元楼道灯坏了", group="海棠苑居民群")
    (case,) = play.cases()
    assert case.long_number == "20261123-001"
    assert case.opened_at == NOON
    assert play.count(CaseEvent, case_id=case.id) == 3  # received, registered, assigned
    assert play.count(Outbox, case_id=case.id, state="sent") == 2


def test_a_fault_undoes_everything_and_is_tried_again(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(pipeline_module, "HANDLERS", (_boom,))
        play.says("安安", "3号楼2单元楼道灯坏了", group="海棠苑居民群")
    assert play.cases() == []
    play.passes(seconds=10)
    assert len(play.cases()) == 1
    assert play.count(Inbox, state="done") == 1


def test_a_lasting_fault_ends_where_a_human_sees_it_and_blocks_nobody(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(pipeline_module, "HANDLERS", (_boom,))
        play.says("安安", "3号楼2单元楼道灯坏了", group="海棠苑居民群")
        for _ in range(MOST_FAULTS):
            play.passes(minutes=2)
    assert play.count(Inbox, state="failed") == 1
    play.says("安安", "1号楼停水了", group="海棠苑居民群")
    assert len(play.cases()) == 1


def test_a_worker_that_lost_its_lease_changes_nothing(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another worker takes the row while ours is still at it: ours must leave no trace."""

    def slow(turn: Turn) -> str | None:
        turn.session.commit()  # lets the other one in, as a stalled process would
        play.clock.passes(seconds=LEASE.total_seconds() + 1)
        with writing(play.database) as session:
            assert len(claim_inbox(session, now=play.clock(), lease=LEASE, most=1)) == 1
        turn.session.begin()
        return None

    with monkeypatch.context() as patch:
        patch.setattr(pipeline_module, "HANDLERS", (slow, *HANDLERS))
        play.says("安安", "3号楼2单元楼道灯坏了", group="海棠苑居民群")
    assert play.cases() == []
    play.passes(seconds=LEASE.total_seconds() + 1)
    assert len(play.cases()) == 1


def test_doing_the_whole_row_twice_gives_one_case(play: Play) -> None:
    play.says("安安", "3号楼2单元楼道灯坏了", group="海棠苑居民群")
    with writing(play.database) as session:
        row = session.exec(select(Inbox)).one()
        row.state, row.not_before = "open", play.clock()
    for _ in range(MOST_FAULTS):
        play.passes(minutes=2)
    assert len(play.cases()) == 1
    assert play.count(Outbox) == 2


def test_numbers_run_per_community_and_day(play: Play) -> None:
    for place in ("海棠苑3号楼2单元", "海棠苑1号楼2单元", "滨河苑5号楼"):
        play.says("安安", f"{place}楼道灯坏了", group="海棠苑居民群")
    play.passes(hours=24)
    play.says("安安", "3号楼2单元楼道灯坏了", group="海棠苑居民群")
    assert [case.number for case in play.cases()] == ["1123-01", "1123-02", "1123-03", "1124-01"]


def test_a_message_survives_the_inbox_unchanged() -> None:
    incoming = Incoming(channel="c", message_id="1", kind="action", sender="s", at=NOON + timedelta(microseconds=5),
                        action=Action("accept", "case-1@1", "code", (("q", ("a", "b")),)))  # fmt: skip
    assert unpack(pack(incoming)) == incoming


def test_everybody_has_his_own_lane() -> None:
    lanes = {
        lane_of(Incoming(channel="c", message_id="1", kind="text", sender=sender, group=group, at=NOON))
        for sender in ("a", "b")
        for group in ("", "g")
    }
    assert len(lanes) == 4


def test_every_case_is_one_of_its_message(play: Play) -> None:
    play.says("安安", "3号楼2单元楼道灯坏了", group="海棠苑居民群", times=4)
    assert play.count(Case) == 1


class _Broken:
    """A classifier that is out of order."""

    def understand(self, text: str, *, from_staff: bool = False) -> Understanding:
        raise RuntimeError("out of order")


def test_an_emergency_is_heard_while_the_classifier_is_broken(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(play.service.pipeline, "_words", _Broken)
        play.says("安安", "3号楼2单元着火了", group="海棠苑居民群")
        play.says("秀英", "3号楼1单元楼道灯坏了", group="海棠苑居民群")
    (case,) = play.cases()
    assert case.urgency == "emergency"
    heard = play.heard()
    assert "119" in heard["海棠苑居民群"][0]
    assert {"宋佳明", "郭文媛", "李慧"} <= set(heard)
    play.passes(seconds=10)
    assert len(play.cases()) == 2, "what could wait was tried again"
