"""Verbs of a resident on a case that is there: add, correct the place, take it back, ask how it goes, urge.

What staff must not let go of stays: danger ends only when somebody has seen that it is over, and what the law says
must be reported cannot be taken back.
"""

from datetime import datetime

from sqlmodel import Session, col, or_, select

from bot.desk import clocks, recusal
from bot.desk.acting import Acting, commit, move, note, snapshot
from bot.desk.assignment import Located
from bot.desk.errors import Refusal
from bot.desk.letters import Letter
from bot.desk.lifecycle import check
from bot.desk.news import EMERGENCY, News
from bot.desk.notify import announce
from bot.desk.waiting import resident_answered
from bot.texts import progress, times
from storage.case import Case, CaseEvent, CaseState
from storage.case_file import CaseReporter, NoteKind
from storage.incident import Incident
from storage.person import Identity

_LIVE = (CaseState.RECEIVED, CaseState.REGISTERED, CaseState.ASSIGNED, CaseState.IN_PROGRESS, CaseState.SUSPENDED,
         CaseState.HANDLED)  # fmt: skip


def cases_of(session: Session, identity: Identity, *, states: tuple[str, ...] = _LIVE, most: int = 10) -> list[Case]:
    """What this person reported or joined, in whatever channel, newest first."""
    mine = select(Identity.id).where(
        Identity.id == identity.id
        if identity.person_id is None
        else or_(col(Identity.id) == identity.id, col(Identity.person_id) == identity.person_id)
    )
    joined = select(CaseReporter.case_id).where(col(CaseReporter.identity_id).in_(mine))
    found = (
        select(Case)
        .where(or_(col(Case.reporter_id).in_(mine), col(Case.id).in_(joined)), col(Case.state).in_(states))
        .order_by(col(Case.id).desc())
        .limit(most)
    )
    return list(session.exec(found))


def add(session: Session, *, acting: Acting, case: Case, words: str, shown: str, media: str = "") -> list[Letter]:
    """More words or a picture to a case; ``words`` as they were said, ``shown`` masked. A resting clock counts on."""
    move(session, acting, case, "add", kind="photo_added" if media else "added")
    note(session, acting, case, NoteKind.PHOTO if media else NoteKind.ADDITION, words, media=media)
    resident_answered(session, acting=acting, case=case)
    news = News(session=session, acting=acting, case=case, words=shown)
    return announce("photo_added" if media else "added", news)


def correct_place(session: Session, *, acting: Acting, case: Case, located: Located, words: str) -> list[Letter]:
    """It is somewhere else: the place changes, and with another grid the people."""
    check(case, "correct_place", acting.parts(session, case))
    was, before = snapshot(case), acting.view.staff.get(case.lead_id or 0)
    case.grid_id, case.estate_id, case.building_id = located.grid_id, located.estate_id, located.building_id
    case.unit_id, case.room, case.place = located.unit_id, located.room[:10], located.text[:80]
    lead = recusal.successor(session, acting.view, case, channels=acting.office.channels, now=acting.now)
    moved = lead is not None and case.state == CaseState.ASSIGNED and lead.person.id != case.lead_id
    if moved and lead is not None:
        case.lead_id, case.lead_as = lead.person.id, lead.standing
    commit(session, acting, case, "correct_place", kind="located", was=was, building=located.building_id)
    note(session, acting, case, NoteKind.ADDITION, words)
    news = News(session=session, acting=acting, case=case, before=before if moved else None, did="更正地点",
                other=lead.person if moved and lead else None, words=located.text)  # fmt: skip
    return announce("moved", news)


def withdraw(session: Session, *, acting: Acting, case: Case, words: str) -> list[Letter]:
    """He no longer wants it. Danger, what must be reported and what neighbours reported too stay: the lead hears it."""
    check(case, "withdraw", acting.parts(session, case))
    if case.restricted:
        raise Refusal(progress.must_stay(number=case.number))
    if case.urgency == EMERGENCY:
        note(session, acting, case, NoteKind.ADDITION, words)
        move(session, acting, case, "add", kind="said_fine")
        return announce("said_fine", News(session=session, acting=acting, case=case, words=words))
    if case.incident and (many := session.get(Incident, case.id)) is not None and many.count > 1:
        note(session, acting, case, NoteKind.ADDITION, words)
        move(session, acting, case, "add", kind="left")
        return announce("left", News(session=session, acting=acting, case=case, words=words))
    move(session, acting, case, "withdraw", kind="withdrawn")
    note(session, acting, case, NoteKind.ADDITION, words)
    clocks.stop(session, case, now=acting.now)
    return announce("withdrawn", News(session=session, acting=acting, case=case, did="撤回"))


def urge(session: Session, *, acting: Acting, case: Case) -> list[Letter]:
    """The resident asks to hurry: the lead is reminded, once per case and day. Empty: he was today."""
    check(case, "nudge", acting.parts(session, case))
    here = times.local(acting.now)
    midnight = times.utc(here.replace(hour=0, minute=0, second=0, microsecond=0))
    today = select(CaseEvent.id).where(
        CaseEvent.case_id == case.id, CaseEvent.kind == "nudged", col(CaseEvent.at) >= midnight
    )
    if session.exec(today).first() is not None:
        return []
    move(session, acting, case, "nudge", kind="nudged")
    news = News(session=session, acting=acting, case=case)
    return announce("nudged", news, once=f"nudge-{here.date().isoformat()}")


def deadline_of(session: Session, case: Case) -> datetime | None:
    """What a resident may be told: the first reply until it was taken, then the end."""
    kind = {CaseState.ASSIGNED: clocks.FIRST_REPLY, CaseState.SUSPENDED: clocks.RESUME}.get(
        CaseState(case.state), clocks.FINISH
    )
    clock = clocks.one(session, case, kind)
    return clock.due_at if clock and clock.paused_at is None and clock.stopped_at is None else None
