"""Verbs of whoever handles a case: take it, hand it on, send it up or back, finish it. Understands no words.

Each works in the caller's transaction, checks the table of moves first, leaves its event, and returns the letters that
follow (``notify`` says which).
"""

from datetime import timedelta

from sqlmodel import Session, col, select

from bot.desk import clocks, recusal
from bot.desk.acting import Acting, commit, move, note, snapshot
from bot.desk.assignment import assign
from bot.desk.errors import NotYet
from bot.desk.letters import Letter
from bot.desk.lifecycle import check
from bot.desk.news import News
from bot.desk.notify import announce
from bot.desk.standing import RANKS, rank_over, superior_of
from storage.case import Case, CaseState
from storage.case_file import CaseAssist, NoteKind
from storage.late import insert_once
from storage.person import Person

MOST_RETURNS = 1
CONFIRM_LIMIT = "3d"
_STANDINGS = ("worker", "worker", "leader", "chief", "street")
LONG_AFTER = timedelta(minutes=10)


def accept(session: Session, *, acting: Acting, case: Case) -> list[Letter]:
    """Take the case in hand: the first-reply clock stops. Whoever stands in the chain may take it from the lead."""
    check(case, "accept", acting.parts(session, case))
    was, before = snapshot(case), _lead(acting, case)
    person = acting.person
    if person is not None and case.lead_id != person.id:
        if why := recusal.kept_away(session, acting.view, case).get(person.id or 0):
            raise NotYet(case.number, f"不能由您来办：您{why}。")
        case.lead_id, case.lead_as = person.id, _standing(acting, case, person)
    case.accepted_at = acting.now
    commit(session, acting, case, "accept", kind="accepted", was=was, who=person.id if person else None)
    clocks.stop(session, case, clocks.FIRST_REPLY, now=acting.now)
    return announce("accepted", News(session=session, acting=acting, case=case, before=before, did="接单"))


def transfer(session: Session, *, acting: Acting, case: Case, to: Person, words: str = "") -> list[Letter]:
    """Hand the case to somebody else of the community: he has the whole first-reply time again."""
    check(case, "transfer", acting.parts(session, case))
    if to.id == case.lead_id:
        raise NotYet(case.number, f"本来就由{to.name}办理，不用转派。")
    if to.id == case.about_id:
        raise NotYet(case.number, f"与{to.name}有关，不能转派给他。")
    if acting.view.away(to.id or 0, acting.now):
        raise NotYet(case.number, f"不能转派给{to.name}，他正在请假，请换一个人。")
    if why := recusal.kept_away(session, acting.view, case).get(to.id or 0):
        raise NotYet(case.number, f"不能转派给{to.name}：他{why}，请换一个人。")
    return _hand_over(session, acting, case, to, verb="transfer", kind="transferred", words=words)


def escalate(session: Session, *, acting: Acting, case: Case, words: str = "") -> list[Letter]:
    """Send the case up: whoever stands next above in its chain leads, and the lead from before helps him."""
    check(case, "escalate", acting.parts(session, case))
    before = case.lead_id
    above = superior(acting, case)
    if above is None:
        raise NotYet(case.number, "上面没有可以上报的人了，请联系街道或者在后台名册里补上网格长、社区书记。")
    letters = _hand_over(session, acting, case, above, verb="escalate", kind="escalated", words=words)
    if before is not None and not case.restricted:
        _help(session, acting, case, before)
    return letters


def superior(acting: Acting, case: Case) -> Person | None:
    """Who stands next above the lead and is there."""
    rank = max(RANKS.get(case.lead_as, 1), rank_over(acting.view, case, case.lead_id or 0))
    return _next_above(acting, case, rank)


def give_back(session: Session, *, acting: Acting, case: Case, words: str) -> list[Letter]:
    """「不属本网格」: back to whoever dispatches. Once: whoever was then designated may not return it again."""
    check(case, "return", acting.parts(session, case))
    if case.returns >= MOST_RETURNS:
        raise NotYet(case.number, "已经退回过一次，是指定给您办的，不能再退；办不了请“上报”说明原因。")
    if not words:
        raise NotYet(case.number, "退回要写原因，比如“退回 不属本网格”。")
    above = _next_above(acting, case, 1) or _dispatcher(session, acting, case)
    if above is None or above.id == case.lead_id:
        raise NotYet(case.number, "没有可以接手派单的人，请直接“转派 姓名”。")
    was = snapshot(case)
    case.returns += 1
    commit(session, acting, case, "return", kind="returned", was=was, reason=words)
    note(session, acting, case, NoteKind.REASON, words)
    return _hand_over(session, acting, case, above, verb="transfer", kind="assigned", words=words, checked=True)


def finish(session: Session, *, acting: Acting, case: Case, words: str) -> list[Letter]:
    """办结: the handling clock stops, the reporter is asked whether it is solved. ``words`` are the result, masked."""
    check(case, "finish", acting.parts(session, case))
    if not words:
        raise NotYet(case.number, f"办结要写一句结果，比如“办结 {case.number} 已换灯泡”。")
    conclude(session, acting=acting, case=case, verb="finish", words=words)
    note(session, acting, case, NoteKind.RESULT, words)
    return announce("handled", News(session=session, acting=acting, case=case, words=words, did="办结"))


def conclude(session: Session, *, acting: Acting, case: Case, verb: str, words: str) -> None:
    """Make the case handled by a move that was checked before, and let the reporter's time to answer begin."""
    was = snapshot(case)
    if case.accepted_at is None:
        case.accepted_at = acting.now
    case.handled_at = case.handled_at or acting.now
    case.handled_by = case.lead_id
    case.result, case.asked = words[:500], None
    commit(session, acting, case, verb, kind="handled", was=was)
    clocks.stop(session, case, clocks.FIRST_REPLY, clocks.FINISH, clocks.RESUME, now=acting.now)
    clocks.start(session, office=acting.office, view=acting.view, case=case, kind=clocks.CONFIRM, limit=CONFIRM_LIMIT,
                 now=acting.now)  # fmt: skip


def self_handle(session: Session, *, acting: Acting, case: Case, words: str) -> list[Letter]:
    """Solved on the spot: recorded, thanked for, not dispatched."""
    check(case, "self_handle", acting.parts(session, case))
    was = snapshot(case)
    case.result = words[:500]
    case.handled_at, case.handled_by = case.handled_at or acting.now, acting.person.id if acting.person else None
    commit(session, acting, case, "self_handle", kind="self_handled", was=was)
    if words:
        note(session, acting, case, NoteKind.RESULT, words)
    clocks.stop(session, case, now=acting.now)
    return announce("self_handled", News(session=session, acting=acting, case=case, words=words, did="自办"))


def assist(session: Session, *, acting: Acting, case: Case, helper: Person) -> list[Letter]:
    """Ask somebody of the staff to help; the lead stays the lead."""
    check(case, "assist", acting.parts(session, case))
    if helper.id == case.lead_id:
        raise NotYet(case.number, f"本来就由{helper.name}主办，不用协办。")
    if helper.id == case.about_id:
        raise NotYet(case.number, f"与{helper.name}有关，不能请他协办。")
    if case.restricted:
        raise NotYet(case.number, "按规定只由主办和上级经手，不能请人协办；要换人办请“转派”。")
    if why := recusal.kept_away(session, acting.view, case).get(helper.id or 0):
        raise NotYet(case.number, f"不能请{helper.name}协办：他{why}，请换一个人。")
    _help(session, acting, case, helper.id or 0)
    commit(session, acting, case, "assist", kind="assist_added", was=snapshot(case), to=helper.id)
    return announce("assist", News(session=session, acting=acting, case=case, other=helper, did="请人协办"))


def remark(session: Session, *, acting: Acting, case: Case, words: str, media: str = "") -> list[Letter]:
    """A remark or a picture from the staff; the lead hears of it when it is somebody else's."""
    move(session, acting, case, "remark", kind="remarked")
    note(session, acting, case, NoteKind.PHOTO if media else NoteKind.REMARK, words, media=media)
    return announce("photo" if media else "remarked", News(session=session, acting=acting, case=case, words=words))


def open_of(session: Session, person_id: int, *, most: int = 50) -> list[Case]:
    """What this person leads or helps with and what is not finished, the oldest first."""
    states = [CaseState.ASSIGNED, CaseState.IN_PROGRESS, CaseState.SUSPENDED]
    led = select(Case).where(Case.lead_id == person_id, col(Case.state).in_(states))
    helped = select(Case).join(CaseAssist).where(CaseAssist.person_id == person_id, col(Case.state).in_(states))
    found = {
        case.id: case for query in (led, helped) for case in session.exec(query.order_by(col(Case.id)).limit(most))
    }
    return sorted(found.values(), key=lambda case: case.id or 0)


def _hand_over(
    session: Session,
    acting: Acting,
    case: Case,
    to: Person,
    *,
    verb: str,
    kind: str,
    words: str,
    checked: bool = False,
) -> list[Letter]:
    was, before = snapshot(case), _lead(acting, case)
    case.lead_id, case.lead_as = to.id, _standing(acting, case, to)
    case.accepted_at, case.asked = None, None
    data = {"to": to.id, **({"reason": words} if words else {})}
    commit(session, acting, case, verb, kind=kind, was=was, **data)
    if words and not checked:
        note(session, acting, case, NoteKind.REASON, words)
    again = clocks.one(session, case, clocks.FIRST_REPLY)
    if again is not None:
        clocks.rebase(session, office=acting.office, view=acting.view, case=case, kind=clocks.FIRST_REPLY,
                      limit=again.limit, why=f"转给{to.name}", by=acting.by, now=acting.now)  # fmt: skip
    did = {"transferred": "转派给", "escalated": "上报给", "assigned": "退回，改由"}[kind] + to.name
    news = News(session=session, acting=acting, case=case, words=words, other=to, before=before, did=did)
    return announce("handed_over", news)


def _help(session: Session, acting: Acting, case: Case, person_id: int) -> None:
    row = {"case_id": case.id, "person_id": person_id, "at": acting.now}
    insert_once(session, CaseAssist, [row], on=("case_id", "person_id"))


def _lead(acting: Acting, case: Case) -> Person | None:
    return acting.view.staff.get(case.lead_id or 0)


def _standing(acting: Acting, case: Case, person: Person) -> str:
    """In which capacity he now leads: by the frozen chain, else by his office over this grid."""
    named = next((standing for standing, who in case.chain.items() if who == person.id), None)
    return named or _STANDINGS[max(0, rank_over(acting.view, case, person.id or 0))]


def _next_above(acting: Acting, case: Case, rank: int) -> Person | None:
    """The next above who is not on leave."""
    while (who := superior_of(acting.view, case, rank=rank)) is not None:
        if who in acting.view.staff and not acting.view.away(who, acting.now):
            return acting.view.staff[who]
        rank = next(RANKS[standing] for standing, each in case.chain.items() if each == who)
    return None


def _dispatcher(session: Session, acting: Acting, case: Case) -> Person | None:
    away = recusal.kept_away(session, acting.view, case)
    found = assign(acting.view, None, channels=acting.office.channels, now=acting.now, but=away)
    return found.person if found else None
