"""Whatever happens to the clock, what was done is exactly what a simple model of the ladder says: nothing else, once.

The model knows nothing of databases: a tick takes every step whose moment has come, an audit every one that is
a minute and a half old, and neither ever takes one twice.
"""

import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.desk import waiting
from bot.jobs.deadlines import Deadlines
from storage.case import Case
from storage.db import open_engine
from tests.desk.clockwork import Clockwork
from tests.town import NOON

GRACE = timedelta(seconds=90)
MINUTE = timedelta(minutes=1)


@dataclass
class Line:
    """One clock as the model sees it, with what was done of it over all its rounds."""

    kind: str
    shares: dict[str, float]
    start: datetime
    due: datetime
    round: int = 1
    since: datetime | None = None
    stopped: datetime | None = None
    paused: datetime | None = None
    left: int = 0
    done: set[str] = field(default_factory=set)

    def take(self, before: datetime) -> None:
        """Everything due up to that moment, once."""
        for step, share in self.shares.items():
            at = self.start + (self.due - self.start) * share if self.due > self.start else self.due
            if at <= before and (self.since is None or at > self.since):
                self.done.add(f"{self.kind}.{step}.{self.round}")


class Model:
    def __init__(self, now: datetime) -> None:
        self.first = Line("first_reply", {"half": 0.5, "full": 1.0}, now, now + 60 * MINUTE)
        self.finish = Line("finish", {"warn": 0.8, "over": 1.0}, now, now + 240 * MINUTE)
        self.lines = (self.first, self.finish)

    def ticks(self, now: datetime) -> None:
        for line in self.lines:
            if line.stopped is None and line.paused is None:
                line.take(now)

    def audits(self, now: datetime) -> None:
        for line in self.lines:
            ends = [moment for moment in (line.stopped, line.paused) if moment is not None]
            # strictly before: a moment ago is not yet owed
            line.take(min([now, *ends]) - GRACE - timedelta(microseconds=1))

    def resumes(self, now: datetime) -> None:
        line = self.finish
        begun = now.replace(second=0, microsecond=0)
        if line.left >= 0:
            line.due = begun + line.left * MINUTE
        line.start, line.paused, line.round = begun, None, line.round + 1
        line.since = now if line.left < 0 else None

    @property
    def done(self) -> set[str]:
        return self.first.done | self.finish.done


SPANS = st.integers(min_value=1, max_value=90)
EVENTS = st.one_of(
    st.tuples(st.sampled_from(["ticks", "second ticks", "both tick", "audits", "is taken", "pauses", "resumes"])),
    st.tuples(st.just("stands"), SPANS),
    st.tuples(st.just("runs"), SPANS),
    st.tuples(st.just("leaps"), st.integers(min_value=-60, max_value=180)),
)


@settings(max_examples=30, deadline=None)
@given(events=st.lists(EVENTS, min_size=3, max_size=18))
@example(events=[("stands", 40), ("is taken",), ("audits",), ("stands", 90), ("both tick",), ("audits",)])
@example(events=[("is taken",), ("runs", 60), ("pauses",), ("stands", 90), ("resumes",), ("leaps", 180), ("audits",)])
@example(events=[("is taken",), ("leaps", 180), ("leaps", 90), ("pauses",), ("resumes",), ("runs", 5), ("audits",)])
@example(events=[("leaps", 90), ("both tick",), ("leaps", -60), ("is taken",), ("stands", 30), ("audits",)])
def test_what_was_done_is_what_the_ladder_says(sqlite_template: Path, events: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(sqlite_template, Path(folder) / "town.db")
        engine = open_engine(f"sqlite:///{Path(folder) / 'town.db'}")
        try:
            _plays(Clockwork(engine), events)
        finally:
            engine.dispose()


def _plays(works: Clockwork, events: list[tuple[Any, ...]]) -> None:
    second = Deadlines(works.engine, office=works.office, holder="two")
    case = works.opens(first_reply="60min", finish="240min")
    model = Model(NOON)
    for event, *much in [*events, ("ticks",), ("stands", 3), ("audits",)]:
        _happens(works, model, second, case, event, *much)
        done = works.steps(case)
        assert len(done) == len(set(done))
        assert set(done) == model.done, f"after {event} {much}"
    reminders = [row.key for row in works.letters() if ".half." in row.key or ".full." in row.key]
    assert len(reminders) <= 2
    assert "letter_twice" not in works.findings()
    assert "letter_gone" not in works.findings()


def _happens(works: Clockwork, model: Model, second: Deadlines, case_id: int, event: str, much: int = 0) -> None:
    clock, line = works.clock, model.finish
    taken = model.first.stopped is not None
    if event in ("stands", "leaps"):
        clock.passes(minutes=much)
        if event == "leaps":
            works.ticks()
            model.ticks(clock.at)
    elif event == "runs":
        for _ in range(0, much, 15):
            clock.passes(minutes=min(15, much))
            works.ticks()
            model.ticks(clock.at)
    elif event in ("ticks", "second ticks", "both tick"):
        for ticker in {"ticks": [works.ticker], "second ticks": [second]}.get(event, [works.ticker, second]):
            works.ticks(ticker)
        model.ticks(clock.at)
    elif event == "audits":
        works.auditor(clock)
        model.audits(clock.at)
    elif event == "is taken" and not taken:
        works.accepts(case_id, works.town.song)
        model.first.stopped = clock.at
    elif event == "pauses" and taken and line.paused is None:
        with works.writing() as session:
            acting = works.acting(session, works.town.song)
            waiting.await_resident(session, acting=acting, case=session.get_one(Case, case_id), words="补材料")
        line.paused, line.left = clock.at, (line.due - clock.at) // MINUTE
    elif event == "resumes" and line.paused is not None:
        with works.writing() as session:
            acting = works.acting(session, works.town.song)
            waiting.resident_answered(session, acting=acting, case=session.get_one(Case, case_id))
        model.resumes(clock.at)
