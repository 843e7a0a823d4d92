"""What a running clock does by itself, and when: the steps of reminding and escalating. Pure; tells nobody anything.

Ordinary matters: at half of the first-reply time the stand-in hears of it, at the end the leader. At four fifths of
the time to finish the lead and his superior, at its end the community's secretary, one working day later the street.
Emergencies climb every time their limit (3 minutes) passes once more.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from bot.desk.calendar import Calendar, Hours
from bot.desk.clock import Limit, advance, deadline, working_minutes
from storage.case import CaseClock

EMERGENCY = "emergency"
_NEXT_DAY = Limit(1, "wd")


@dataclass(frozen=True, slots=True)
class Rung:
    """``share`` of the clock's time, or ``later`` that much after it ended; above 1 the time passes again."""

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
_END = (Rung(END, 1.0),)
_LADDERS: dict[str, tuple[Rung, ...]] = {
    "first_reply": (Rung(HALF, 0.5), Rung(FULL, 1.0)),
    "finish": (Rung(WARN, 0.8), Rung(OVER, 1.0), Rung(STREET, 1.0, _NEXT_DAY)),
    "confirm": _END,
    "resume": _END,
    "candidate": _END,
}
_ALARM = tuple(Rung(step, float(number)) for number, step in enumerate(ALARMS, start=1))


def rungs(kind: str, urgency: str) -> tuple[Rung, ...]:
    """The steps of this kind of clock, in their order."""
    return _ALARM if kind == "first_reply" and urgency == EMERGENCY else _LADDERS[kind]


def plan(clock: CaseClock, urgency: str, *, hours: Hours, calendar: Calendar) -> tuple[Due, ...]:
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
    if later is not None:
        return deadline(due, later, hours=hours, calendar=calendar).due
    if share == 1:
        return due
    if natural or share > 1:
        return start + (due - start) * share
    minutes = working_minutes(start, due, hours=hours, calendar=calendar)
    return advance(start, int(minutes * share), hours=hours, calendar=calendar)
