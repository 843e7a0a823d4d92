"""Verbs about time: a later deadline, putting a case on the shelf and taking it down, waiting for the resident.

The lead asks, a superior says yes or no; where nobody stands above him the lead decides himself. A deadline can only
be moved before it has passed, and the resident is told the reason.
"""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from bot.desk import clocks
from bot.desk.acting import Acting, commit, move, note, snapshot
from bot.desk.clock import Limit, deadline
from bot.desk.errors import NotYet
from bot.desk.letters import Letter
from bot.desk.lifecycle import SUPERIOR, check
from bot.desk.news import News
from bot.desk.notify import announce
from bot.desk.standing import lead_rank, superior_of
from bot.texts import times
from storage.case import Case, CaseEvent
from storage.case_file import NoteKind

MOST_EXTENSIONS = 2
LONGEST_SHELF = timedelta(days=180)


def ask_extension(session: Session, *, acting: Acting, case: Case, limit: Limit, words: str) -> list[Letter]:
    """The lead asks for more time, before the time is over and with a reason; granted at once where nobody is above."""
    parts = acting.parts(session, case)
    check(case, "extend" if SUPERIOR in parts else "ask_extension", parts)
    if not words:
        raise NotYet(case.number, f"延期要写原因，比如“延期 {case.number} 2天 等配件”。")
    clock = clocks.one(session, case, clocks.FINISH)
    if clock is None or clock.due_at <= acting.now:
        raise NotYet(case.number, "已经超时，不能再延期；请尽快办结，或者“上报”请网格长协调。")
    if case.extensions >= MOST_EXTENSIONS:
        raise NotYet(case.number, f"已经延期{case.extensions}次，不能再延；办不了请“挂账”或“上报”。")
    if SUPERIOR in parts:
        return _extend(session, acting, case, limit, words)
    until = deadline(clock.due_at, limit, hours=acting.view.hours, calendar=acting.office.calendar).due
    was = snapshot(case)
    case.asked = {"for": "extend", "limit": str(limit), "reason": words}
    commit(session, acting, case, "ask_extension", kind="extension_asked", was=was, limit=str(limit), reason=words)
    note(session, acting, case, NoteKind.REASON, words)
    return _ask(session, acting, case, words, until, limit.say())


def ask_suspension(session: Session, *, acting: Acting, case: Case, until: datetime, words: str) -> list[Letter]:
    """The lead asks to put the case on the shelf until a date, with a reason."""
    parts = acting.parts(session, case)
    check(case, "suspend" if SUPERIOR in parts else "ask_suspension", parts)
    if not words:
        raise NotYet(case.number, f"挂账要写原因和日期，比如“挂账 {case.number} 到3月15日 等开春施工”。")
    if not acting.now < until <= acting.now + LONGEST_SHELF:
        raise NotYet(case.number, "挂账的日期要在今天之后、半年之内，到期会自动提醒接着办。")
    if SUPERIOR in parts:
        return _suspend(session, acting, case, until, words)
    was = snapshot(case)
    case.asked = {"for": "suspend", "until": until.isoformat(), "reason": words}
    commit(session, acting, case, "ask_suspension", kind="suspension_asked", was=was, until=until.isoformat(),
           reason=words)  # fmt: skip
    note(session, acting, case, NoteKind.REASON, words)
    return _ask(session, acting, case, words, until, "")


def approve(session: Session, *, acting: Acting, case: Case) -> list[Letter]:
    """The superior says yes to what the lead asked."""
    asked = _asked(session, acting, case)
    if asked["for"] == "suspend":
        return _suspend(session, acting, case, datetime.fromisoformat(asked["until"]), asked["reason"])
    return _extend(session, acting, case, Limit.parse(asked["limit"]), asked["reason"])


def refuse(session: Session, *, acting: Acting, case: Case, words: str = "") -> list[Letter]:
    """The superior says no; the deadline stays as it is."""
    asked = _asked(session, acting, case)
    was = snapshot(case)
    case.asked = None
    commit(session, acting, case, "refuse", kind="refused", was=was, what=asked["for"], reason=words)
    what = "挂账" if asked["for"] == "suspend" else "延期"
    return announce("refused", News(session=session, acting=acting, case=case, words=words, did=what))


def resume(session: Session, *, acting: Acting, case: Case) -> list[Letter]:
    """Take the case off the shelf: its clock counts on with what was left."""
    move(session, acting, case, "resume", kind="resumed")
    clocks.stop(session, case, clocks.RESUME, now=acting.now)
    until = clocks.resume(session, office=acting.office, view=acting.view, case=case, by=acting.by, now=acting.now)
    what = "cool_over" if case.mediation and _was_cooling(session, case) else "resumed"
    return announce(what, News(session=session, acting=acting, case=case, until=until, did="恢复办理"))


def _was_cooling(session: Session, case: Case) -> bool:
    """Whether the shelf it was on was the two sides' cooling-off."""
    rests = select(CaseEvent.kind).where(CaseEvent.case_id == case.id, col(CaseEvent.kind).in_(("suspended", "cooled")))
    return session.exec(rests.order_by(col(CaseEvent.id).desc()).limit(1)).first() == "cooled"


def await_resident(session: Session, *, acting: Acting, case: Case, words: str) -> list[Letter]:
    """Something is needed from the resident: he is told what, and the clock rests until he answers."""
    check(case, "await_resident", acting.parts(session, case))
    if not words:
        raise NotYet(case.number, f"请写清等居民什么，比如“等居民 {case.number} 补身份证复印件”。")
    move(session, acting, case, "await_resident", kind="waits_for_resident", reason=words)
    clocks.pause(session, office=acting.office, view=acting.view, case=case, reason="等居民", now=acting.now)
    return announce("awaits", News(session=session, acting=acting, case=case, words=words, did="等居民答复"))


def resident_answered(session: Session, *, acting: Acting, case: Case) -> datetime | None:
    """He answered: the clock counts on. None when it was not resting."""
    return clocks.resume(session, office=acting.office, view=acting.view, case=case, by=acting.by, now=acting.now)


def _extend(session: Session, acting: Acting, case: Case, limit: Limit, words: str) -> list[Letter]:
    clock = clocks.one(session, case, clocks.FINISH)
    assert clock is not None, "a case that is worked on has a time to finish"
    until = deadline(clock.due_at, limit, hours=acting.view.hours, calendar=acting.office.calendar).due
    was = snapshot(case)
    case.extensions += 1
    case.asked = None
    data = {"clock": clocks.FINISH, "old": clock.due_at.isoformat(), "new": until.isoformat(), "reason": words}
    commit(session, acting, case, "extend", kind="extended", was=was, **data)
    clocks.extend(clock, office=acting.office, view=acting.view, case=case, until=until, say=limit.say(), reason=words,
                  now=acting.now)  # fmt: skip
    session.add(clock)
    news = News(session=session, acting=acting, case=case, words=words, until=until, limit=limit.say(), did="延期")
    return announce("extended", news)


def _suspend(session: Session, acting: Acting, case: Case, until: datetime, words: str) -> list[Letter]:
    was = snapshot(case)
    case.asked = None
    commit(session, acting, case, "suspend", kind="suspended", was=was, until=until.isoformat(), reason=words)
    note(session, acting, case, NoteKind.REASON, words)
    clocks.stop(session, case, clocks.FIRST_REPLY, now=acting.now)
    clocks.pause(session, office=acting.office, view=acting.view, case=case, reason=f"挂账：{words}", now=acting.now)
    clocks.start_until(session, view=acting.view, office=acting.office, case=case, kind=clocks.RESUME, until=until,
                       now=acting.now)  # fmt: skip
    news = News(session=session, acting=acting, case=case, words=words, until=until, did="挂账")
    return announce("suspended", news)


def _ask(session: Session, acting: Acting, case: Case, words: str, until: datetime, limit: str) -> list[Letter]:
    above = superior_of(acting.view, case, rank=lead_rank(acting.view, case))
    superior = acting.view.staff.get(above or 0)
    news = News(session=session, acting=acting, case=case, words=words, until=until, limit=limit, other=superior,
                did="申请延期" if limit else "申请挂账")  # fmt: skip
    return announce("asked", news)


def _asked(session: Session, acting: Acting, case: Case) -> dict[str, str]:
    verb = "suspend" if (case.asked or {}).get("for") == "suspend" else "extend"
    check(case, verb, acting.parts(session, case))
    if case.asked is None:
        raise NotYet(case.number, "没有等您同意的申请。")
    return case.asked


def review_day(now: datetime, days: int) -> datetime:
    """The morning (09:00) so many days from now, aware UTC."""
    here = times.local(now) + timedelta(days=days)
    return times.utc(here.replace(hour=9, minute=0, second=0, microsecond=0))
