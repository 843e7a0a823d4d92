"""Verbs around being away and on duty: take leave, come back, hand open cases over when a leave begins.

A case goes to whoever stands next in the grid, as a new one would; who is back has his later cases, not the old ones.
"""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from bot.desk import clocks, handling, recusal
from bot.desk.acting import Acting
from bot.desk.directory import View
from bot.desk.errors import Refusal, Unknown
from bot.desk.office import Office
from bot.desk.record import BOT, By, audit
from storage import revision
from storage.case import Case, CaseState
from storage.person import Absence, Person, RoleKind

LONGEST = timedelta(days=92)
_SUPERIORS = (RoleKind.LEADER, RoleKind.CHIEF, RoleKind.STREET, RoleKind.ADMIN)


def take_leave(
    session: Session, *, acting: Acting, person: Person, starts: datetime, ends: datetime, reason: str
) -> None:
    """Away from ``starts`` until ``ends`` (aware UTC): his own word, or a superior's for him."""
    if person.id != (acting.person.id if acting.person else None) and not _may_decide(acting):
        raise Refusal(f"只能给自己请假；要给{person.name}登记，请网格长或社区书记来办。")
    if ends <= acting.now or ends <= starts:
        raise Refusal("请假的结束时间要晚于现在，请核对日期。")
    if ends - starts > LONGEST:
        raise Refusal("一次请假最长三个月，请核对日期；更长的请在名册里调整角色。")
    session.add(Absence(person_id=person.id or 0, starts=starts, ends=ends, reason=reason[:60]))
    audit(session, verb="leave_taken", subject=f"person:{person.id}", by=acting.by, now=acting.now,
          starts=starts.isoformat(), ends=ends.isoformat())  # fmt: skip
    _moved(session, acting)


def come_back(session: Session, *, acting: Acting, person: Person) -> None:
    """The leave that runs now, or lies ahead, ends. Raises when there is none."""
    found = session.exec(select(Absence).where(Absence.person_id == person.id, col(Absence.ends) > acting.now)).all()
    if not found:
        raise Unknown("没有登记请假，不用销假。")
    for absence in found:
        absence.ends = max(absence.starts, acting.now)
        session.add(absence)
    audit(session, verb="leave_ended", subject=f"person:{person.id}", by=acting.by, now=acting.now)
    _moved(session, acting)


def begun(session: Session, *, now: datetime) -> list[int]:
    """The leaves that have begun and whose cases were not handed over yet."""
    running = select(Absence.id).where(
        col(Absence.starts) <= now, col(Absence.ends) > now, col(Absence.handed_at).is_(None)
    )
    return [key for key in session.exec(running.order_by(col(Absence.id)).limit(50)) if key is not None]


def hand_over(session: Session, *, office: Office, view: View, absence_id: int, now: datetime) -> list[Case]:
    """Give to others what this person cannot do in time: what he has not taken, and what is due before he is back."""
    absence = session.get_one(Absence, absence_id)
    if absence.handed_at is not None:
        return []
    absence.handed_at = now
    session.add(absence)
    away = view.staff.get(absence.person_id)
    acting = Acting(office=office, view=view, by=By(BOT, "clock"), now=now)
    moved = []
    for case in _cases_of(session, absence.person_id):
        if case.state == CaseState.IN_PROGRESS and not _due_before(session, case, absence.ends):
            continue
        gone = frozenset({absence.person_id})
        to = recusal.successor(session, view, case, channels=office.channels, now=now, without=gone)
        if to is not None:
            handling.transfer(session, acting=acting, case=case, to=to.person, words=f"{_name(away)}请假")
            moved.append(case)
    return moved


def _cases_of(session: Session, person_id: int) -> list[Case]:
    states = [CaseState.ASSIGNED, CaseState.IN_PROGRESS]
    return list(
        session.exec(
            select(Case).where(Case.lead_id == person_id, col(Case.state).in_(states)).order_by(col(Case.id)).limit(500)
        )
    )


def _due_before(session: Session, case: Case, until: datetime) -> bool:
    clock = clocks.one(session, case, clocks.FINISH)
    return clock is None or clock.paused_at is not None or clock.due_at <= until


def _may_decide(acting: Acting) -> bool:
    roles = acting.view.roles_of(acting.person.id or 0) if acting.person else []
    return any(role.kind in _SUPERIORS for role in roles)


def _name(person: Person | None) -> str:
    return person.name if person else "同事"


def _moved(session: Session, acting: Acting) -> None:
    session.flush()
    revision.bump(session)
    acting.office.directory.refresh(session)
