"""What a running clock does by itself, and when: the steps of reminding and escalating. Pure; tells nobody anything.

Ordinary matters: at half of the first-reply time the stand-in hears of it, at the end the leader. At four fifths of
the time to finish the lead and his superior, at its end the community's secretary, one working day later the street.
Emergencies climb every time their limit (3 minutes) passes once more; whoever is at the top is called again every 15
minutes, four times and not more.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Protocol

from bot.desk.calendar import Calendar, Hours
from bot.desk.clock import Limit, advance, deadline, working_minutes
from storage.case import CaseClock, CaseState

EMERGENCY = "emergency"
_NEXT_DAY = Limit(1, "wd")


class Ticking(Protocol):
    """What of a clock decides about its steps: a ``CaseClock``, or a row that was read with these columns."""

    @property
    def kind(self) -> str: ...
    @property
    def limit(self) -> str: ...
    @property
    def started_at(self) -> datetime: ...
    @property
    def due_at(self) -> datetime: ...
    @property
    def stopped_at(self) -> datetime | None: ...
    @property
    def paused_at(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Rung:
    """``share`` of the clock's time, and ``later`` that much after it; above 1 the time passes again."""

    step: str
    share: float
    later: Limit | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """``step`` of a clock is due at ``at`` (aware UTC)."""

    step: str
    at: datetime


HALF, FULL, WARN, OVER, STREET, END = "half", "full", "warn", "over", "street", "end"
ALARMS = ("alarm1", "alarm2", "alarm3")
AGAIN = ("again1", "again2", "again3", "again4")
_END = (Rung(END, 1.0),)
_LADDERS: dict[str, tuple[Rung, ...]] = {
    "first_reply": (Rung(HALF, 0.5), Rung(FULL, 1.0)),
    "finish": (Rung(WARN, 0.8), Rung(OVER, 1.0), Rung(STREET, 1.0, _NEXT_DAY)),
    "confirm": _END,
    "resume": _END,
    "candidate": _END,
}
_ALARM = tuple(Rung(step, float(number)) for number, step in enumerate(ALARMS, start=1)) + tuple(
    Rung(step, float(len(ALARMS)), Limit(15 * number, "min")) for number, step in enumerate(AGAIN, start=1)
)
_BEFORE_WORK = frozenset({CaseState.RECEIVED, CaseState.REGISTERED, CaseState.ASSIGNED})
# in any other state nothing is due: whoever brought the case there has stopped or paused the clock
_RUNS_IN: dict[str, frozenset[CaseState]] = {
    "first_reply": _BEFORE_WORK,
    "finish": _BEFORE_WORK | {CaseState.IN_PROGRESS},
    "confirm": frozenset({CaseState.HANDLED}),
    "resume": frozenset({CaseState.SUSPENDED}),
    "candidate": frozenset({CaseState.CANDIDATE}),
}


def rungs(kind: str, urgency: str) -> tuple[Rung, ...]:
    """The steps of this kind of clock, in their order."""
    return _ALARM if kind == "first_reply" and urgency == EMERGENCY else _LADDERS[kind]


def runs(clock: Ticking, state: str) -> bool:
    """Whether this clock still has anything to do in a case of this state."""
    return clock.stopped_at is None and clock.paused_at is None and state in _RUNS_IN[clock.kind]


def plan(clock: Ticking, urgency: str, *, hours: Hours, calendar: Calendar) -> tuple[Due, ...]:
    """All steps of this round of the clock, whether they were done or not."""
    natural = Limit.parse(clock.limit).natural
    return tuple(
        Due(rung.step, _at(clock.started_at, clock.due_at, rung.share, rung.later, natural, hours, calendar))
        for rung in rungs(clock.kind, urgency)
    )


def set_next(clock: CaseClock, urgency: str, *, after: str, hours: Hours, calendar: Calendar) -> None:
    """Let the clock wait for the step that follows ``after`` (empty: for its first one)."""
    if clock.stopped_at is not None or clock.paused_at is not None:
        clock.next_at, clock.next_step = None, ""
        return
    steps = plan(clock, urgency, hours=hours, calendar=calendar)
    names = [due.step for due in steps]
    following = steps[names.index(after) + 1 :] if after in names else steps
    clock.next_at, clock.next_step = (following[0].at, following[0].step) if following else (None, "")


@lru_cache(maxsize=4_096)
def _at(
    start: datetime,
    due: datetime,
    share: float,
    later: Limit | None,
    natural: bool,
    hours: Hours,
    calendar: Calendar,
) -> datetime:
    if due <= start:  # the time was over before it was set anew
        share = 1
    passed = due if share == 1 else start + (due - start) * share
    if later is not None:
        return deadline(passed, later, hours=hours, calendar=calendar).due
    if share == 1 or natural or share > 1:
        return passed
    minutes = working_minutes(start, due, hours=hours, calendar=calendar)
    return advance(start, int(minutes * share), hours=hours, calendar=calendar)
