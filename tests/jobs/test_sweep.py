"""The tidy-up: questions end, messages are forgotten in time, the audit chain shows any touch."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from bot.desk.record import broken_seal, unsealed
from bot.jobs.sweep import Forget, Seal
from storage.audit import AuditRow
from storage.db import reading, writing
from storage.message import Inbox, Question
from tests.play import Play


@pytest.fixture
def play(database_url: str) -> Iterator[Play]:
    play = Play(database_url)
    yield play
    play.close()


def _seal(play: Play) -> None:
    seal = Seal(play.database, cache=play.service.cache)
    while seal(play.clock):
        pass


def test_the_chain_is_whole_and_grows(play: Play) -> None:
    play.says("安安", "1号楼停水了", group="海棠苑居民群")
    _seal(play)
    play.says("秀英", "1号楼楼道灯坏了", group="海棠苑居民群")
    _seal(play)
    with reading(play.database) as session:
        assert unsealed(session) == 0
        assert broken_seal(session) is None
        seals = session.exec(select(AuditRow.seal).order_by(col(AuditRow.seal))).all()
    assert list(seals) == list(range(1, len(seals) + 1))


@pytest.mark.parametrize("change", [{"actor": "somebody else"}, {"data": {"to": 99}}, {"digest": "0" * 64}])
def test_a_touched_row_breaks_the_chain_where_it_stands(play: Play, change: dict[str, object]) -> None:
    play.says("安安", "1号楼停水了", group="海棠苑居民群")
    _seal(play)
    with writing(play.database) as session:
        session.execute(update(AuditRow).where(col(AuditRow.seal) == 2).values(**change))
    with reading(play.database) as session:
        assert broken_seal(session) == 2


def test_a_removed_row_breaks_the_chain(play: Play) -> None:
    play.says("安安", "1号楼停水了", group="海棠苑居民群")
    _seal(play)
    with writing(play.database) as session:
        session.delete(session.exec(select(AuditRow).where(AuditRow.seal == 1)).one())
    with reading(play.database) as session:
        assert broken_seal(session) == 1


def test_worked_on_messages_are_forgotten_and_open_ones_are_not(play: Play) -> None:
    forget = Forget(play.database, retention=timedelta(hours=play.service.settings.retention_hours))
    play.says("安安", "1号楼停水了", group="海棠苑居民群")
    play.says("秀英", "楼道灯坏了", group="滨河苑居民群")
    play.passes(hours=71)
    forget(play.clock)
    assert play.count(Inbox) == 2
    play.passes(hours=2)
    forget(play.clock)
    assert play.count(Inbox) == 0
    assert play.count(Question) == 0
    assert len(play.cases()) == 2


def test_an_emptied_inbox_never_gives_a_number_again(play: Play) -> None:
    """Keys of questions and letters are made from row numbers, and outlive the rows."""
    forget = Forget(play.database, retention=timedelta(hours=1))
    for _ in range(2):
        play.says("安安", "楼道灯坏了", group="海棠苑居民群")
        assert "请补一句楼号" in str(play.heard())
        play.passes(hours=2)
        assert "已登记" in str(play.heard())
        forget(play.clock)
        assert play.count(Inbox) == 0
    assert len(play.cases()) == 2


def test_one_question_that_cannot_be_closed_holds_up_no_other(play: Play) -> None:
    play.says("安安", "麻烦帮我取个快递", group="海棠苑居民群")
    play.says("路人", "麻烦帮我取个快递", group="海棠苑居民群")
    with writing(play.database) as session:
        broken = session.exec(select(Question).order_by(col(Question.id))).first()
        assert broken is not None
        (draft,) = broken.draft["reports"]
        broken.draft = {**broken.draft, "reports": [draft, draft]}  # the same part twice: the tables forbid it
    play.passes(hours=1)
    assert len(play.cases()) == 1
    assert play.count(Question, state="open") == 1
