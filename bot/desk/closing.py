"""Verbs around the end of a case: declined, checked, closed, rated, opened again, merged, archived.

Whoever closes is not whoever handled, unless the settings say so for a community of very few people.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from bot.desk import clocks, incidents, tally
from bot.desk.acting import Acting, commit, note, snapshot
from bot.desk.errors import NotYet
from bot.desk.letters import Letter
from bot.desk.lifecycle import ENDED, REPORTER, RUNNING, check
from bot.desk.news import EMERGENCY, News
from bot.desk.notify import announce
from bot.desk.standing import superior_of
from storage.case import Case, CaseClock, CaseState
from storage.case_file import CaseReporter, NoteKind
from storage.late import insert_once
from storage.person import Identity, Person

REOPEN_WITHIN = timedelta(days=7)
ARCHIVE_AFTER = timedelta(days=90)
REWORK_LIMIT = "4wh"
CONFIRMED, VERIFIED, NO_RESPONSE = "confirmed", "verified", "no_response"
SATISFIED, SO_SO, UNSOLVED = 1, 2, 3


def decline(session: Session, *, acting: Acting, case: Case, words: str, channel: str) -> list[Letter]:
    """不予受理: always with the reason and with the right place to go."""
    check(case, "decline", acting.parts(session, case))
    if not words or not channel:
        example = f"不受理 {case.number} 属于劳动争议 找 12348或劳动仲裁"
        raise NotYet(case.number, f"不予受理要写原因和该找谁，比如“{example}”。")
    was = snapshot(case)
    commit(session, acting, case, "decline", kind="declined", was=was, reason=words, channel=channel)
    note(session, acting, case, NoteKind.REASON, f"{words} 找 {channel}")
    clocks.stop(session, case, now=acting.now)
    news = News(session=session, acting=acting, case=case, words=words, channel=channel, did="不予受理")
    return announce("declined", news)


def confirm(session: Session, *, acting: Acting, case: Case, rating: int) -> list[Letter]:
    """The reporter says that it is solved, and how well: the case is closed. Rated once."""
    check(case, "close", acting.parts(session, case))
    return _close(session, acting, case, CONFIRMED, rating=rating)


def verify(session: Session, *, acting: Acting, case: Case) -> list[Letter]:
    """A superior has checked the result; he is not the one who handled it."""
    check(case, "close", acting.parts(session, case))
    if acting.person is not None and acting.person.id == case.handled_by and not acting.office.closer_may_be_handler:
        raise NotYet(case.number, "是您自己办的，要由别人核查或居民确认后才能结案。")
    return _close(session, acting, case, VERIFIED)


def lapse(
    session: Session,
    *,
    acting: Acting,
    case: Case,
    running: Iterable[CaseClock] | None = None,
    holders: Iterable[Identity] | None = None,
) -> list[Letter]:
    """Nobody answered in time: closed as unrated, never counted as satisfied.

    Where many lapse at once, the clocks and whoever has a card were read before, for all of them.
    """
    check(case, "close", acting.parts(session, case))
    return _close(session, acting, case, NO_RESPONSE, running=running, holders=holders)


def rework(session: Session, *, acting: Acting, case: Case, words: str = "") -> list[Letter]:
    """「没解决」: back to work, now with the leader. For handled and, within seven days, for closed cases."""
    verb = "rework" if case.state == CaseState.HANDLED else "reopen"
    parts = acting.parts(session, case)
    check(case, verb, parts)
    if verb == "reopen" and REPORTER in parts and (case.closed_at or acting.now) + REOPEN_WITHIN < acting.now:
        raise NotYet(case.number, "结案已经超过7天，请直接说地点和什么事，我们重新登记。")
    was = snapshot(case)
    before = acting.view.staff.get(case.lead_id or 0)
    leader = _leader(acting, case)
    if leader is not None and before is not None and leader.id != before.id:
        case.lead_id, case.lead_as = leader.id, next(s for s, who in case.chain.items() if who == leader.id)
    case.accepted_at, case.closed_at, case.closed_as, case.asked = None, None, "", None
    if verb == "rework":
        case.reworks += 1
    kind = "reworked" if verb == "rework" else "reopened"
    commit(session, acting, case, verb, kind=kind, was=was, to=case.lead_id)
    if words:
        note(session, acting, case, NoteKind.ADDITION, words)
    clocks.stop(session, case, clocks.CONFIRM, now=acting.now)
    again = {"office": acting.office, "view": acting.view, "case": case, "by": acting.by, "now": acting.now}
    clocks.rebase(session, kind=clocks.FIRST_REPLY, limit=REWORK_LIMIT, why="居民说没解决", **again)  # type: ignore[arg-type]
    finish = clocks.one(session, case, clocks.FINISH)
    if finish is not None:
        clocks.rebase(session, kind=clocks.FINISH, limit=finish.limit, why="居民说没解决", **again)  # type: ignore[arg-type]
    first = clocks.one(session, case, clocks.FIRST_REPLY)
    news = News(session=session, acting=acting, case=case, words=words, before=before, other=leader,
                until=first.due_at if first else None, did="重新打开")  # fmt: skip
    return announce("reworked", news)


def merge(session: Session, *, acting: Acting, case: Case, into: Case) -> list[Letter]:
    """Two reports of one thing: this one ends, its reporter and all who joined it hear how the other goes on."""
    for item in {case.item, into.item}:
        incidents.hold(session, acting=acting, item=item)
    check(case, "merge", acting.parts(session, case))
    if case.id == into.id or into.state not in RUNNING or into.community_id != case.community_id:
        raise NotYet(case.number, f"不能并到{into.number or '还没立案的事'}，请换一件正在办的。")
    if case.urgency == EMERGENCY != into.urgency:
        raise NotYet(case.number, f"是紧急的事，不能并到{into.number}；可以反过来并。")
    if any(each.restricted or each.mediation or each.about_id or each.reporter_hidden for each in (case, into)):
        raise NotYet(case.number, f"和{into.number}不能并案：涉及双方或要保密的事一件一件办，请分别办理。")
    was = snapshot(case)
    case.merged_into = into.id
    commit(session, acting, case, "merge", kind="merged", was=was, into=into.id)
    rows = [{"identity_id": case.reporter_id, "group_id": case.group_id, "place": case.place, "words": case.quote}]
    joined = session.exec(select(CaseReporter).where(CaseReporter.case_id == case.id)).all()
    rows += [{"identity_id": row.identity_id, "group_id": row.group_id, "place": row.place, "words": row.words}
             for row in joined]  # fmt: skip
    insert_once(
        session,
        CaseReporter,
        [{"case_id": into.id, "at": acting.now, **row} for row in rows if row["identity_id"] != into.reporter_id],
        on=("case_id", "identity_id"),
    )
    tally.absorb(session, acting=acting, case=case, into=into)
    clocks.stop(session, case, now=acting.now)
    return announce("merged", News(session=session, acting=acting, case=case, words=into.number, did="并案"))


def archive(session: Session, *, acting: Acting, before: datetime, most: int = 500) -> int:
    """Put away what ended long ago; returns how many. Nothing is deleted."""
    old = select(Case).where(col(Case.state).in_(ENDED), col(Case.opened_at) < before).order_by(col(Case.id))
    cases = session.exec(old.limit(most)).all()
    for case in cases:
        check(case, "archive", acting.parts(session, case))
        commit(session, acting, case, "archive", kind="archived", was=snapshot(case))
    return len(cases)


def _close(
    session: Session,
    acting: Acting,
    case: Case,
    how: str,
    *,
    rating: int | None = None,
    running: Iterable[CaseClock] | None = None,
    holders: Iterable[Identity] | None = None,
) -> list[Letter]:
    was = snapshot(case)
    case.closed_at, case.closed_as = acting.now, how
    if rating is not None:
        case.rating = rating
    commit(session, acting, case, "close", kind="closed", was=was, how=how, rating=rating)
    clocks.stop(session, case, now=acting.now, known=running)
    return announce("closed", News(session=session, acting=acting, case=case, did="结案", holders=holders))


def _leader(acting: Acting, case: Case) -> Person | None:
    """Whom a case that was not solved goes to: the leader, or whoever stands next above and is there."""
    for standing in ("leader", "chief", "street"):
        who = case.chain.get(standing)
        if who is not None and who != case.about_id and not acting.view.away(who, acting.now):
            return acting.view.staff.get(who)
    above = superior_of(acting.view, case, rank=1)
    return acting.view.staff.get(above or 0)
