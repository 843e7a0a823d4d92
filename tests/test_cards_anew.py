"""Cards are drawn anew for everybody who has one before him: by code, and as a text when none is left."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlmodel import select

from storage.case_file import ShownCard
from tests.play_wecom import WecomPlay


@pytest.fixture
def play(sqlite_url: str) -> Iterator[WecomPlay]:
    play = WecomPlay(sqlite_url)
    yield play
    play.close()


def _seen(play: WecomPlay, member: str) -> list[tuple[str, str]]:
    return [(row["kind"], row["text"]) for row in play.standin.delivered() if row["to"] == member]


def _codes(play: WecomPlay) -> list[Any]:
    with play.session() as session:
        return [shown.codes for shown in session.exec(select(ShownCard))]


def test_a_pressed_card_is_drawn_anew_with_its_own_fresh_code(play: WecomPlay) -> None:
    play.says("安安", "3号楼2单元楼道灯坏了", group="海棠苑居民群")
    play.presses("郭文媛", "accept", "case-1@1")
    assert [kind for kind, _ in _seen(play, "guo")] == ["template_card", "update"]
    assert _seen(play, "song") == []


def test_each_code_draws_once_and_then_the_words_come_as_a_text(play: WecomPlay) -> None:
    play.says("安安", "3号楼2单元楼道灯坏了", group="海棠苑居民群")
    assert [len(codes) for codes in _codes(play)] == [1]
    play.says("郭文媛", "转派 宋佳明")  # hers is drawn anew with the code of the sending
    assert [kind for kind, _ in _seen(play, "guo")][-2:] in (["text", "update"], ["update", "text"])
    before = len(_seen(play, "guo"))
    play.says("宋佳明", "接单")  # no code is left for hers
    kinds = [kind for kind, _ in _seen(play, "guo")[before:]]
    assert kinds == ["text"]
    assert "1123-01 宋佳明接单" in _seen(play, "guo")[-1][1]


def test_a_code_older_than_three_days_is_not_tried(play: WecomPlay) -> None:
    play.says("安安", "3号楼2单元楼道灯坏了", group="海棠苑居民群")
    play.clock.passes(hours=72)
    play.says("李慧", "转派 1123-01 宋佳明")
    assert not [body for api, body in play.standin.bodies if api == "message/update_template_card"]
    assert any("转派给宋佳明" in text for _, text in _seen(play, "guo"))
