"""Verbs of whoever decides what a case is and how much it presses: reclassify, supervise. Handles nothing."""

from sqlmodel import Session

from bot.desk import clocks, disputes, sides
from bot.desk.acting import Acting, commit, note, snapshot
from bot.desk.cases import Report
from bot.desk.errors import NotYet
from bot.desk.letters import Letter
from bot.desk.lifecycle import check
from bot.desk.news import News
from bot.desk.notify import announce
from storage.case import Case
from storage.case_file import NoteKind
from storage.person import Identity, Person

MOST_SUPERVISED = 3


def reclassify(session: Session, *, acting: Acting, case: Case, report: Report) -> list[Letter]:
    """It is another matter: title, privacy and limits become that matter's, counted from the case's beginning.

    ``report`` brings the terms of the right matter. What must be reported by law stays so, and privacy never falls:
    a group that must not read it before must not read it now.
    """
    check(case, "reclassify", acting.parts(session, case))
    if report.item == case.item:
        raise NotYet(case.number, f"本来就是“{case.title}”，不用改。")
    was = snapshot(case)
    case.item, case.title, case.urgency = report.item, report.title, _graver(case.urgency, report.urgency)
    case.privacy = max(case.privacy, report.privacy)
    case.restricted = case.restricted or report.restricted
    case.reporter_hidden = case.reporter_hidden or report.hides_reporter
    if report.dispute and not case.mediation:
        case.mediation = sides.ASKED
        reporter = session.get_one(Identity, case.reporter_id)
        person = session.get(Person, reporter.person_id) if reporter.person_id else None
        sides.begin(session, case, reporter=reporter, person=person)
    commit(session, acting, case, "reclassify", kind="reclassified", was=was, item=report.item)
    finish = clocks.one(session, case, clocks.FINISH)
    if finish is not None and finish.stopped_at is None and finish.paused_at is None and finish.limit != report.finish:
        clocks.rebase(session, office=acting.office, view=acting.view, case=case, kind=clocks.FINISH,
                      limit=report.finish, why=f"改为“{report.title}”", by=acting.by, now=acting.now)  # fmt: skip
    letters = disputes.make_way(session, acting=acting, case=case) if case.mediation else []
    news = News(session=session, acting=acting, case=case, did=f"改类为“{report.title}”")
    return letters + announce("reclassified", news)


def supervise(session: Session, *, acting: Acting, case: Case, words: str, points: str = "") -> list[Letter]:
    """督办: a higher body presses, up to level 3. ``points`` is what a report in the media costs in the assessment."""
    check(case, "supervise", acting.parts(session, case))
    was = snapshot(case)
    case.supervised = min(MOST_SUPERVISED, case.supervised + 1)
    kind = "media_supervised" if points else "supervised"
    data = {"level": case.supervised, **({"points": points} if points else {})}
    commit(session, acting, case, "supervise", kind=kind, was=was, **data)
    if words:
        note(session, acting, case, NoteKind.REMARK, f"督办：{words}")
    return announce("supervised", News(session=session, acting=acting, case=case, words=words, did="督办"))


def _graver(now: str, then: str) -> str:
    """An emergency stays one, whatever it is called."""
    return now if now == "emergency" else then
