"""The ticking clock: takes the steps that are due, looks for people again, puts old cases away. Says no word itself.

Any number of these may tick: a step is taken once, whoever comes first. Each round ends with a beat
(``storage/pulse.py``), so that somebody else can see that the clock goes (``jobs/auditor.py``).
"""

import logging
from collections.abc import Callable
from datetime import date, datetime, timedelta

from prometheus_client import Counter
from sqlalchemy import Engine

from bot.desk import archiving, dispatch, reminding, steps
from bot.desk.office import Office
from bot.jobs.base import tried
from storage.db import reading, writing
from storage.pulse import beat

_log = logging.getLogger("gridbot.deadlines")
_STEPS = Counter("gridbot_clock_steps_total", "Steps of the clock by what came of them", ["result"])
NAME = "deadlines"
# short enough that nobody who writes to an SQLite file waits long behind it
BATCH = 250
_SEARCH_EVERY = timedelta(minutes=10)
_STAND_BACK = timedelta(minutes=10)
Clock = Callable[[], datetime]


class ClockStands(Exception):
    """Nothing at all could be done: this round does not count as a beat."""


class Deadlines:
    """One ticker. ``holder`` names the process; ``wake`` is called when letters wait to be sent."""

    def __init__(self, engine: Engine, *, office: Office, holder: str, wake: Callable[[], None] = lambda: None) -> None:
        self._engine = engine
        self._office = office
        self._holder = holder
        self._wake = wake
        self._searched: datetime | None = None

    def __call__(self, now: Clock) -> bool:
        at = now()
        done, letters = self._take_steps(at)
        if not done:
            letters += self._look_again(at)
            self._call_off(at)
        if letters:
            self._wake()
        with writing(self._engine) as session:
            beat(session, name=NAME, holder=self._holder, now=at)
        return done > 0

    def _take_steps(self, at: datetime) -> tuple[int, int]:
        """One batch in one transaction; when anything is wrong with it each step is taken alone."""
        batch: list[int] = []
        letters = 0

        def together() -> None:
            nonlocal letters
            with writing(self._engine) as session:
                todo = steps.due(session, now=at, most=BATCH)
                batch.extend(each.clock.id or 0 for each in todo)
                letters = steps.run(session, office=self._office, todo=todo, now=at) if todo else 0

        if tried("a batch of clock steps", together):
            _STEPS.labels("taken").inc(len(batch))
            return len(batch), letters
        if not batch:
            raise ClockStands("the steps that are due could not even be read")
        for clock_id in batch:
            letters += self._alone(clock_id, at)
        return len(batch), letters

    def _alone(self, clock_id: int, at: datetime) -> int:
        letters = 0

        def one() -> None:
            nonlocal letters
            with writing(self._engine) as session:
                for clock, case in steps.held(session, clock_ids=[clock_id]):
                    if clock.next_at is not None and clock.next_at <= at:
                        todo = [reminding.Todo(clock, case, clock.next_step, clock.next_at)]
                        letters = steps.run(session, office=self._office, todo=todo, now=at)

        if tried(f"the step of clock {clock_id}", one):
            _STEPS.labels("taken").inc()
            return letters
        _STEPS.labels("failed").inc()
        with writing(self._engine) as session:
            steps.put_off(session, clock_id=clock_id, until=at + _STAND_BACK)
        return 0

    def _look_again(self, at: datetime) -> int:
        """Every ten minutes: does anybody take what nobody could take?"""
        if self._searched is not None and timedelta(0) <= at - self._searched < _SEARCH_EVERY:
            return 0
        self._searched = at
        with reading(self._engine) as session:
            found = dispatch.alone(session, office=self._office, now=at)
        went = 0
        for case_id in found:
            with writing(self._engine) as session:
                went += dispatch.dispatch(session, office=self._office, case_ids=[case_id], now=at)
        return went

    def _call_off(self, at: datetime) -> None:
        """What waits, for the morning or for a platform, and is no longer true."""
        with writing(self._engine) as session:
            gone = reminding.call_off(session, now=at)
        if gone:
            _log.info("%s reminders had lost their reason before they left", gone)


class Archive:
    """Puts away, once a night, what ended long ago."""

    def __init__(self, engine: Engine, *, office: Office) -> None:
        self._engine = engine
        self._office = office
        self._done_on: date | None = None

    def __call__(self, now: Clock) -> bool:
        at = now()
        night = archiving.night_of(at)
        if night is None or night == self._done_on:
            return False
        with writing(self._engine) as session:
            put_away = archiving.put_away(session, office=self._office, now=at)
        if put_away:
            _log.info("%s cases put away", put_away)
            return True
        self._done_on = night
        return False
