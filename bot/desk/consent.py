"""Verbs on what the person says for whom somebody else reported. Tells nobody outside the staff."""

from sqlmodel import Session

from bot.desk.acting import Acting, commit, snapshot
from bot.desk.errors import NotYet
from bot.desk.letters import Letter
from bot.desk.lifecycle import check
from bot.desk.news import News
from bot.desk.notify import announce
from storage.case import Case

GIVEN, REFUSED = "given", "refused"


def give(session: Session, *, acting: Acting, case: Case) -> list[Letter]:
    """He himself was asked, and agrees."""
    return _note(session, acting, case, GIVEN, "记下本人同意")


def refuse(session: Session, *, acting: Acting, case: Case) -> list[Letter]:
    """He himself was asked, and does not want it. What becomes of the case is the lead's next word."""
    return _note(session, acting, case, REFUSED, "记下本人不同意")


def _note(session: Session, acting: Acting, case: Case, says: str, did: str) -> list[Letter]:
    check(case, "note_consent", acting.parts(session, case))
    if not case.beneficiary:
        raise NotYet(case.number, "不是替别人报的，不用记本人意见。")
    was = snapshot(case)
    before, case.consent = case.consent, says
    commit(session, acting, case, "note_consent", kind=f"consent_{says}", was=was, before=before)
    return announce("consent", News(session=session, acting=acting, case=case, did=did))
