"""The clocks of one case: started, stopped, paused, set anew. Says when things are due, never what then happens.

A pause keeps what is left of the time, in working minutes where the limit counts those, and the ledger says in words
why a clock is due when it is. Every change of a running deadline leaves an event with old, new, actor and reason.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlmodel import Session, select

from bot.desk import ladder
from bot.desk.calendar import Calendar, Hours
from bot.desk.clock import Limit, advance, deadline, working_minutes
from bot.desk.directory import View
from bot.desk.office import Office
from bot.desk.record import By, event
from bot.texts import times
from storage.case import Case, CaseClock
from storage.late import insert_late

FIRST_REPLY, FINISH, CONFIRM, RESUME, CANDIDATE = "first_reply", "finish", "confirm", "resume", "candidate"
_MINUTE = timedelta(minutes=1)
_LEDGER = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A limit as it was started, and why it is due when it is."""

    kind: str
    limit: str
    due_at: datetime
    ledger: str


def of(session: Session, case: Case) -> dict[str, CaseClock]:
    """All clocks of a case by kind."""
    return {clock.kind: clock for clock in session.exec(select(CaseClock).where(CaseClock.case_id == case.id))}


def one(session: Session, case: Case, kind: str) -> CaseClock | None:
    return session.exec(select(CaseClock).where(CaseClock.case_id == case.id, CaseClock.kind == kind)).first()


def begin(
    session: Session, *, office: Office, view: View, case: Case, limits: list[tuple[str, str]], now: datetime
) -> tuple[Clock, ...]:
    """Start the first clocks of a new case; ``limits`` are (kind, limit)."""
    start = _whole(now)
    clocks, rows = [], []
    for kind, limit in limits:
        due_at, ledger = _due(start, limit, view.hours, office.calendar)
        clocks.append(Clock(kind=kind, limit=limit, due_at=due_at, ledger=ledger))
        row = CaseClock(case_id=case.id or 0, kind=kind, limit=limit, started_at=start, due_at=due_at, ledger=ledger)
        ladder.set_next(row, case.urgency, after="", hours=view.hours, calendar=office.calendar)
        rows.append({name: getattr(row, name) for name in _COLUMNS})
    insert_late(session, CaseClock, rows)
    return tuple(clocks)


_COLUMNS = tuple(name for name in CaseClock.model_fields if name != "id")


def start(
    session: Session, *, office: Office, view: View, case: Case, kind: str, limit: str, now: datetime
) -> CaseClock:
    """Start a clock, or set the one of this kind anew for another round."""
    begun = _whole(now)
    due_at, ledger = _due(begun, limit, view.hours, office.calendar)
    clock = one(session, case, kind)
    if clock is None:
        clock = CaseClock(case_id=case.id or 0, kind=kind, limit=limit, started_at=begun, due_at=due_at, ledger=ledger)
    else:
        clock.round += 1
        clock.limit, clock.started_at, clock.due_at, clock.stopped_at = limit, begun, due_at, None
        clock.paused_at, clock.since, clock.left, clock.ledger = None, None, 0, ledger
    ladder.set_next(clock, case.urgency, after="", hours=view.hours, calendar=office.calendar)
    session.add(clock)
    return clock


def start_until(session: Session, *, view: View, office: Office, case: Case, kind: str, until: datetime, now: datetime
                ) -> CaseClock:  # fmt: skip
    """A clock that ends at a moment somebody named (a review date)."""
    minutes = max(1, (until - now) // _MINUTE)
    clock = start(session, office=office, view=view, case=case, kind=kind, limit=f"{min(minutes, 525_600)}min", now=now)
    clock.due_at = until
    clock.ledger = f"{_point(now)}起，到{_point(until)}"
    ladder.set_next(clock, case.urgency, after="", hours=view.hours, calendar=office.calendar)
    return clock


def stop(session: Session, case: Case, *kinds: str, now: datetime, known: Iterable[CaseClock] | None = None) -> None:
    """Stop these clocks (all of them when none is named); ``known`` are the case's, where they were read before."""
    for clock in of(session, case).values() if known is None else known:
        if clock.stopped_at is None and (not kinds or clock.kind in kinds):
            clock.stopped_at, clock.next_at, clock.next_step = now, None, ""
            session.add(clock)


def pause(session: Session, *, office: Office, view: View, case: Case, reason: str, now: datetime) -> None:
    """Stop counting until ``resume``: what is left of the time to finish is kept."""
    clock = one(session, case, FINISH)
    if clock is None or clock.stopped_at is not None or clock.paused_at is not None:
        return
    clock.left = _left(clock, now, view.hours, office.calendar)
    clock.paused_at, clock.next_at, clock.next_step = now, None, ""
    _note(clock, f"{_point(now)}暂停（{reason}），还剩{_say_left(clock)}")
    session.add(clock)


def resume(session: Session, *, office: Office, view: View, case: Case, by: By, now: datetime) -> datetime | None:
    """Count on with what was left; returns the new deadline. Leaves an event with old and new."""
    clock = one(session, case, FINISH)
    if clock is None or clock.paused_at is None:
        return None
    old, natural = clock.due_at, Limit.parse(clock.limit).natural
    begun = _whole(now)
    if clock.left < 0:
        clock.due_at = old
    elif natural:
        clock.due_at = begun + clock.left * _MINUTE
    else:
        clock.due_at = advance(begun, clock.left, hours=view.hours, calendar=office.calendar)
    clock.started_at, clock.paused_at, clock.since = begun, None, None
    clock.round += 1
    _note(clock, f"{_point(now)}恢复，{_point(clock.due_at, ends=True)}到期")
    if clock.left < 0:
        # what a time that was over before the pause asked for was done then
        go_on(clock, office=office, view=view, case=case, now=now)
    else:
        ladder.set_next(clock, case.urgency, after="", hours=view.hours, calendar=office.calendar)
    session.add(clock)
    _moved(session, case, clock, old=old, by=by, why="resumed", now=now)
    return clock.due_at


def extend(
    clock: CaseClock, *, office: Office, view: View, case: Case, until: datetime, say: str, reason: str, now: datetime
) -> None:
    """Move the running deadline to ``until``; the steps begin anew for the time that was added."""
    clock.due_at = until
    clock.round += 1
    _note(clock, f"{_point(now)}延期{say}（{reason}），{_point(until, ends=True)}到期")
    go_on(clock, office=office, view=view, case=case, now=now)


def go_on(clock: CaseClock, *, office: Office, view: View, case: Case, now: datetime) -> None:
    """Let a running clock wait for the first step that lies ahead; what was due before now is not asked for again."""
    clock.since = now
    ladder.set_next(clock, case.urgency, after="", hours=view.hours, calendar=office.calendar)
    while clock.next_at is not None and clock.next_at <= now:
        ladder.set_next(clock, case.urgency, after=clock.next_step, hours=view.hours, calendar=office.calendar)


def rebase(
    session: Session, *, office: Office, view: View, case: Case, kind: str, limit: str, why: str, by: By, now: datetime
) -> CaseClock:
    """The time begins anew, for somebody else or another matter. Leaves an event with old and new."""
    before = one(session, case, kind)
    old = before.due_at if before else None
    clock = start(session, office=office, view=view, case=case, kind=kind, limit=limit, now=now)
    if old is not None and old != clock.due_at:
        _note(clock, f"{why}，重新计时")
        _moved(session, case, clock, old=old, by=by, why=why, now=now)
    return clock


def _moved(session: Session, case: Case, clock: CaseClock, *, old: datetime, by: By, why: str, now: datetime) -> None:
    data: dict[str, Any] = {"clock": clock.kind, "old": old.isoformat(), "new": clock.due_at.isoformat(), "reason": why}
    event(session, case_id=case.id or 0, kind="deadline_moved", by=by, now=now, **data)


def _left(clock: CaseClock, now: datetime, hours: Hours, calendar: Calendar) -> int:
    """Minutes until the clock is due; negative when it is over."""
    if Limit.parse(clock.limit).natural:
        return (clock.due_at - now) // _MINUTE
    return working_minutes(now, clock.due_at, hours=hours, calendar=calendar)


def _say_left(clock: CaseClock) -> str:
    over = "已超时" if clock.left < 0 else ""
    unit = "" if Limit.parse(clock.limit).natural else "（工作时间）"
    return f"{over}{times.span(abs(clock.left))}{unit}"


def _note(clock: CaseClock, line: str) -> None:
    clock.ledger = f"{clock.ledger}\n{line}"[-_LEDGER:]


def _point(at: datetime, *, ends: bool = False) -> str:
    on, said = times.end_of(at) if ends else (times.local(at).date(), f"{times.local(at):%H:%M}")
    return f"{times.day(on, year=times.local(at).year, weekday=True)}{said}"


def _whole(at: datetime) -> datetime:
    """Clocks run in whole minutes, so what many report in the same minute is reckoned once."""
    return at.replace(second=0, microsecond=0)


@lru_cache(maxsize=1_024)
def _due(begun: datetime, limit: str, hours: Hours, calendar: Calendar) -> tuple[datetime, str]:
    due = deadline(begun, Limit.parse(limit), hours=hours, calendar=calendar)
    return due.due, due.explain()[:_LEDGER]
