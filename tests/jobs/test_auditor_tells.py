"""Who hears of trouble with the clock: whoever keeps the system, once a day, and a watch outside by silence."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from bot.jobs.auditor import Auditor
from storage.person import RoleKind
from tests.desk.clockwork import Clockwork, lives
from tests.town import NOON


@pytest.fixture
def small(sqlite: Engine) -> Clockwork:
    return Clockwork(sqlite)


class TestWhoIsTold:
    def breaks(self, works: Clockwork, *, minutes: float = 3) -> None:
        lives(works, minutes=minutes)

    def test_the_chief_where_nobody_keeps_the_system(self, small: Clockwork) -> None:
        self.breaks(small)
        (letter,) = [row for row in small.letters() if "计时检查" in row.payload["text"]]
        assert letter.label == "赵敏"
        assert "计时一次也没有走过" in letter.payload["text"]

    def test_whoever_keeps_the_system(self, small: Clockwork) -> None:
        small.grants(small.town.li, RoleKind.ADMIN)
        self.breaks(small)
        assert [row.label for row in small.letters() if "计时检查" in row.payload["text"]] == ["李慧"]

    def test_once_a_day_however_much_is_wrong(self, small: Clockwork) -> None:
        for _ in range(3):
            self.breaks(small, minutes=3)
            small.clock.passes(minutes=10)
            small.ticks()
        assert len([row for row in small.letters() if "计时检查" in row.payload["text"]]) == 1
        small.clock.passes(days=1)
        small.ticks()
        self.breaks(small, minutes=3)
        assert len([row for row in small.letters() if "计时检查" in row.payload["text"]]) == 2

    def test_not_in_the_night(self, small: Clockwork) -> None:
        small.clock.at = NOON + timedelta(hours=15)
        self.breaks(small)
        (letter,) = [row for row in small.letters() if "计时检查" in row.payload["text"]]
        assert letter.not_before == NOON + timedelta(hours=21)


def test_the_watch_outside_hears_nothing_while_anything_is_wrong(small: Clockwork) -> None:
    lives(small, minutes=2, tickers=(small.ticker,))
    knocks = len(small.knocks)
    lives(small, minutes=6)
    assert len(small.knocks) <= knocks + 1
    lives(small, minutes=12, tickers=(small.ticker,))
    assert len(small.knocks) > knocks + 5


def test_one_auditor_a_minute_is_enough(small: Clockwork) -> None:
    second: Auditor = small.new_auditor("two")
    for _ in range(5):
        small.clock.passes(seconds=50)
        small.ticks()
        small.auditor(small.clock)
        small.clock.passes(seconds=10)
        small.ticks()
        second(small.clock)
    assert len(small.knocks) == 5
    # when the first one falls silent the second takes over
    small.clock.passes(seconds=60)
    small.ticks()
    second(small.clock)
    assert len(small.knocks) == 6
