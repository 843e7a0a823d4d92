"""A past month stays as it was: real verbs at random, the same periods counted again and again while life goes on."""

import random
from datetime import timedelta

import pytest

from bot.reports import case_facts, drilldown
from bot.reports.counts import Tally, count
from bot.reports.drilldown import CaseRef
from bot.reports.period import Period
from bot.texts import assessment as words
from config.scheme import ClosedWhen
from tests.desk.test_life import Life

_FIGURES: tuple[drilldown.Figure, ...] = (
    "due", "closed", "on_time", "extended", "extension_base", "first_pass", "first_pass_base"
)  # fmt: skip
_WAYS: tuple[ClosedWhen, ...] = ("handled", "closed")


class Calm(Life):
    """The life of the other test, without its own questions."""

    def all_holds(self) -> None:
        pass

    def day(self, chance: random.Random) -> None:
        for _ in range(2):
            self.opens("normal", 0, False, chance.random() < 0.8)
        for _ in range(3):
            self.the_case_goes_on(chance.randint(0, 9), [chance.randint(0, 10_000) for _ in range(3)])
        # nobody does anything for a while: what was done can no longer be taken back
        self.now += timedelta(minutes=5)


def _picture(life: Life, period: Period, closed_when: ClosedWhen) -> dict[str, tuple[Tally, list[list[CaseRef]]]]:
    found = {}
    for each in count(life.session, period, closed_when=closed_when):
        # one unit's cases are enough: how units add up is tested elsewhere
        figures = _FIGURES if each.unit.level == words.COMMUNITY else ()
        cases = [drilldown.cases_of(life.session, period, each.unit, figure, closed_when=closed_when)
                 for figure in figures]  # fmt: skip
        found[each.unit.name] = (each.tally, cases)
    return found


@pytest.mark.parametrize("seed", range(2))
def test_a_period_that_is_over_never_changes(seed: int) -> None:
    chance = random.Random(seed)
    life = Calm()
    try:
        known = []
        for _ in range(6):
            life.day(chance)
            end = life.now - timedelta(minutes=3)
            for days, closed_when in ((2, _WAYS[0]), (7, _WAYS[0]), (7, _WAYS[1])):
                period = Period(end - timedelta(days=days), end, end)
                known.append((period, closed_when, _picture(life, period, closed_when)))
            life.now += timedelta(hours=chance.choice([30, 60, 90]))
        assert any(tally.due for *_, picture in known for tally, _ in picture.values()), "otherwise nothing was tested"
        for period, closed_when, picture in known:
            assert _picture(life, period, closed_when) == picture
            for tally, cases in picture.values():
                if cases:
                    _adds_up(tally, cases)
            _agrees(life, period, closed_when)
    finally:
        life.teardown()


def _adds_up(tally: Tally, cases: list[list[CaseRef]]) -> None:
    due, closed, on_time, extended, assigned, first, handled = cases
    assert [len(each) for each in cases] == [
        tally.due, tally.closed, tally.on_time, tally.extended, tally.assigned, tally.first_pass, tally.handled
    ]  # fmt: skip
    assert set(closed) | set(on_time) | set(handled) <= set(due)
    assert set(extended) <= set(assigned)
    assert set(first) <= set(handled)


def _agrees(life: Life, period: Period, closed_when: ClosedWhen) -> None:
    """What the database says of each case is what we say; and no case is passed over that has changed since."""
    every = [case.id or 0 for case in life.known()]
    special = {was.case_id for _, was in case_facts.changed(life.session, period, closed_when)}
    plain = {row.case_id: row for row in life.session.execute(case_facts.plain(period, closed_when))}
    for seems, was in case_facts.judged(life.session, every, period, closed_when):
        row = plain.get(seems.case_id)
        assert seems.due == (row is not None)
        if row is not None:
            assert [getattr(seems, flag) for flag in case_facts.FLAGS] == [
                bool(getattr(row, flag)) for flag in case_facts.FLAGS
            ]
        assert was.case_id in special or seems == was or not (seems.due or was.due)
