"""A case that found nobody when it was opened is tried again: once somebody is there, it is his. Looks for nobody else.

In working hours only, because people and accounts are put right by day; an emergency is tried at any hour.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from bot.desk import clocks, recusal
from bot.desk.acting import Acting, commit, snapshot
from bot.desk.assignment import Assignee, freeze
from bot.desk.clock import next_working
from bot.desk.directory import View
from bot.desk.letters import Letter
from bot.desk.lifecycle import check
from bot.desk.news import EMERGENCY, News
from bot.desk.notify import announce
from bot.desk.office import Office
from bot.desk.record import BOT, By
from storage.case import Case, CaseState
from storage.db import is_postgres


def alone(session: Session, *, office: Office, now: datetime, most: int = 500) -> list[int]:
    """The cases without a lead for which somebody is there now, the oldest first."""
    office.directory.refresh(session)
    unled = select(Case).where(col(Case.lead_id).is_(None), Case.state == CaseState.REGISTERED)
    found = []
    for case in session.exec(unled.order_by(col(Case.id)).limit(most)):
        view = office.directory.view(session, case.community_id)
        if not _may_be_tried(case, view, office, now):
            continue
        if recusal.successor(session, view, case, channels=office.channels, now=now) is not None:
            found.append(case.id or 0)
    return found


def dispatch(session: Session, *, office: Office, case_ids: Sequence[int], now: datetime) -> int:
    """Give these cases to whoever is there; their first-reply time begins with that. Returns how many went."""
    office.directory.refresh(session)
    these = select(Case).where(col(Case.id).in_(case_ids), col(Case.lead_id).is_(None))
    if is_postgres(session.get_bind()):
        these = these.with_for_update(skip_locked=True, key_share=True)
    went = 0
    for case in session.exec(these.where(Case.state == CaseState.REGISTERED).order_by(col(Case.id))).all():
        view = office.directory.view(session, case.community_id)
        who = recusal.successor(session, view, case, channels=office.channels, now=now)
        if who is not None:
            acting = Acting(office=office, view=view, by=By(BOT, "clock"), now=now)
            _give(session, acting=acting, case=case, who=who)
            went += 1
    return went


def _give(session: Session, *, acting: Acting, case: Case, who: Assignee) -> list[Letter]:
    check(case, "dispatch", acting.parts(session, case))
    was = snapshot(case)
    case.lead_id, case.lead_as = who.person.id, who.standing
    # who stood above it when it began may have been nobody at all
    passed = recusal.outside(session, acting.view, case)
    case.chain = {**freeze(acting.view, case.grid_id, without=passed), **case.chain}
    commit(session, acting, case, "dispatch", kind="assigned", was=was, to=who.person.id, why=who.why)
    again = clocks.one(session, case, clocks.FIRST_REPLY)
    if again is not None and again.stopped_at is None:
        clocks.rebase(session, office=acting.office, view=acting.view, case=case, kind=clocks.FIRST_REPLY,
                      limit=again.limit, why=f"派给{who.person.name}", by=acting.by, now=acting.now)  # fmt: skip
    news = News(session=session, acting=acting, case=case, other=who.person, did=f"派给{who.person.name}")
    return announce("dispatched", news)


def _may_be_tried(case: Case, view: View, office: Office, now: datetime) -> bool:
    return case.urgency == EMERGENCY or next_working(now, hours=view.hours, calendar=office.calendar) == now
