"""The lexicon in service: made ready a little at a time once the door is open, and swapped when place names change."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine as Database

from bot.app import DEMO
from bot.desk import roster, sheets
from bot.intents.catalog import load_catalog
from bot.words import LiveWords
from storage.db import writing


def clock() -> datetime:
    return datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


@pytest.fixture
def live(sqlite: Database, tmp_path: Path) -> LiveWords:
    """What a second start finds: a catalogue of which nothing is compiled."""
    load_catalog(cache=tmp_path)
    return LiveWords(sqlite, load_catalog(cache=tmp_path))


def waiting(live: LiveWords) -> int:
    return sum(not frame.is_ready for _, _, frame in live._catalog.frames())


def test_the_first_round_is_left_to_the_opening_door(live: LiveWords) -> None:
    before = waiting(live)
    assert not live(clock)
    assert waiting(live) == before > 500


def test_the_next_rounds_make_all_ready_and_then_rest(live: LiveWords) -> None:
    live(clock)
    rounds = 0
    while live(clock):
        rounds += 1
    assert waiting(live) == 0
    assert rounds > 5
    assert not live(clock)


def test_nobody_has_to_wait_for_that(live: LiveWords) -> None:
    seen = live.current().understand("3号楼2单元楼道灯坏了")
    assert seen.intent == "streetlight"
    assert waiting(live) > 0


def test_a_new_lexicon_replaces_the_old_one_when_places_change(live: LiveWords, sqlite: Database) -> None:
    old = live.current()
    live.refresh()
    assert live.current() is old
    with writing(sqlite) as session:
        roster.import_tables(session, sheets.read(DEMO), now=clock(), actor="demo", door="command")
    live.refresh()
    assert live.current() is not old
    assert live.current().keeps("海棠苑")
    assert not old.keeps("海棠苑")
