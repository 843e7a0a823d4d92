"""Verbs of mediation: the other side is named and asked, both agree or one refuses, cooling off, an agreement.

Mediation needs both sides; the word of either ends it at once (人民调解法 art. 17). Nothing of one side's words ever
goes to the other, and the other never learns who reported. Each verb checks the table of moves first.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlmodel import Session, col, select

from bot.desk import clocks, handling, opposite, recusal, sides
from bot.desk.acting import Acting, commit, note, snapshot
from bot.desk.errors import NotYet
from bot.desk.letters import Letter
from bot.desk.lifecycle import check
from bot.desk.news import News
from bot.desk.notify import announce
from bot.desk.opposite import Other
from bot.desk.sides import AGREED, ASKED, OTHER, REFUSED
from bot.desk.standing import party_of
from bot.texts import disputes as say
from storage.case import Case
from storage.case_file import CaseNote, CaseParty, NoteKind
from storage.person import Person

PROPOSED, REACHED = "proposed", "reached"
LONGEST_COOLING = timedelta(days=7)


def name_other(session: Session, *, acting: Acting, case: Case, other: Other) -> list[Letter]:
    """Write down the other side and ask him, or let the mediator call on him. A mediator who is his neighbour goes."""
    check(case, "mediate", acting.parts(session, case))
    _is_dispute(case)
    if case.mediation == PROPOSED:
        raise NotYet(case.number, "约定已经发给双方，不能再换对方；没谈成请回“对方不同意”再改。")
    known = sides.of(session, case)
    away = recusal.neighbours(acting.view, {other.building_id})
    if other.person is not None and other.person.id in acting.view.staff:
        away[other.person.id or 0] = recusal.IS_A_SIDE
    if case.lead_id in away and _instead(session, acting, case, frozenset(away)) is None:
        raise NotYet(case.number, "您和对方要回避，可是没有别人能接手，请先请社区指定调解员，“转派”之后再记对方。")
    letters: list[Letter] = []
    if (before := known.get(OTHER)) is not None:
        letters += announce("party_changed", News(session=session, acting=acting, case=case))
        session.delete(before)
        session.flush()
    case.chain = {standing: who for standing, who in case.chain.items() if who not in away}
    letters += make_way(session, acting=acting, case=case, also=away)
    was = snapshot(case)
    person_id = other.person.id if other.person else None
    identity = opposite.identity_of(session, acting, person_id)
    row = {"person_id": person_id, "identity_id": identity.id if identity else None, "building_id": other.building_id}
    session.add(CaseParty(case_id=case.id or 0, side=OTHER, place=other.place, says=ASKED, **row))
    case.mediation = ASKED
    if person_id in acting.view.staff and case.about_id is None:
        case.about_id = person_id
    commit(session, acting, case, "mediate", kind="party_named", was=was, to=person_id, building=other.building_id)
    session.flush()
    return letters + announce("party_named", News(session=session, acting=acting, case=case, did="记下对方"))


def make_way(
    session: Session, *, acting: Acting, case: Case, also: Mapping[int, str] = MappingProxyType({})
) -> list[Letter]:
    """Whoever leads and must keep away hands over to whoever comes next. Nothing when he may stay or nobody is left.

    ``also`` are people who must keep away for a reason that is not written down yet.
    """
    why = {**recusal.kept_away(session, acting.view, case), **also}.get(case.lead_id or 0)
    to = _instead(session, acting, case, frozenset(also)) if why else None
    if why is None or to is None:
        return []
    return handling.transfer(session, acting=acting, case=case, to=to, words=why)


def agree(session: Session, *, acting: Acting, case: Case, side: str = "") -> list[Letter]:
    """A side agrees to talk, or to what was agreed. ``side`` is set where the mediator notes what he was told."""
    mine = _side(session, acting, case, side)
    if case.mediation == PROPOSED:
        return _confirm(session, acting, case, mine)
    was = snapshot(case)
    mine.says = AGREED
    session.add(mine)
    known = sides.of(session, case)
    both = OTHER in known and all(each.says == AGREED for each in known.values())
    case.mediation = AGREED if both else ASKED
    commit(session, acting, case, _verb(side), kind="party_agreed", was=was, side=mine.side)
    news = News(session=session, acting=acting, case=case, side=mine.side, did=f"{say.SIDES[mine.side]}愿意调解")
    return announce("both_agreed" if both else "party_agreed", news)


def refuse(session: Session, *, acting: Acting, case: Case, side: str = "", words: str = "") -> list[Letter]:
    """A side does not want to talk: mediation ends at once. Of an agreement: it is not agreed, and they talk on."""
    mine = _side(session, acting, case, side)
    was = snapshot(case)
    object_ = case.mediation == PROPOSED
    for each in sides.of(session, case).values():
        each.says = AGREED if object_ else (REFUSED if each.side == mine.side else each.says)
        session.add(each)
    case.mediation = AGREED if object_ else REFUSED
    kind = "agreement_refused" if object_ else "party_refused"
    commit(session, acting, case, _verb(side), kind=kind, was=was, side=mine.side)
    if words:
        note(session, acting, case, NoteKind.ADDITION if not side else NoteKind.REMARK, words)
    did = f"{say.SIDES[mine.side]}{'不同意约定' if object_ else '不愿意调解'}"
    return announce(kind, News(session=session, acting=acting, case=case, side=mine.side, words=words, did=did))


def propose(session: Session, *, acting: Acting, case: Case, words: str) -> list[Letter]:
    """What both found together, put down by the mediator: each side reads it in private and says yes or no."""
    check(case, "mediate", acting.parts(session, case))
    _is_dispute(case)
    if not words:
        raise NotYet(case.number, f"达成要写约定的内容，比如“达成 {case.number} 晚上十点后不弹琴”。")
    known = sides.of(session, case)
    if OTHER not in known:
        raise NotYet(case.number, f"还没记对方，请先回“对方 {case.number} 门牌号或姓名”。")
    if case.mediation not in (AGREED, PROPOSED, REACHED):
        raise NotYet(case.number, f"还没有双方都愿意调解；对方当面答应的，请先回“对方同意 {case.number}”。")
    if _names_a_side(session, case, words):
        raise NotYet(case.number, "的约定会发给双方，里面请不要写姓名、电话、门牌，可以写“双方”“楼上”“楼下”。")
    was = snapshot(case)
    case.mediation = PROPOSED
    for each in known.values():
        each.says = ASKED
        session.add(each)
    commit(session, acting, case, "mediate", kind="agreement_proposed", was=was)
    note(session, acting, case, NoteKind.AGREEMENT, words)
    return announce("proposed", News(session=session, acting=acting, case=case, words=words, did="记下约定"))


def cool(session: Session, *, acting: Acting, case: Case, until: datetime) -> list[Letter]:
    """Both let it rest for some days, a week at most; then it goes on by itself. The mediator decides that alone."""
    check(case, "cool", acting.parts(session, case))
    _is_dispute(case)
    if not acting.now < until <= acting.now + LONGEST_COOLING:
        raise NotYet(case.number, "冷静期最长7天，请写几天或到哪天，比如“冷静 3天”；要更久请“挂账”。")
    was = snapshot(case)
    case.asked = None
    commit(session, acting, case, "cool", kind="cooled", was=was, until=until.isoformat())
    clocks.stop(session, case, clocks.FIRST_REPLY, now=acting.now)
    clocks.pause(session, office=acting.office, view=acting.view, case=case, reason="冷静期", now=acting.now)
    clocks.start_until(session, view=acting.view, office=acting.office, case=case, kind=clocks.RESUME, until=until,
                       now=acting.now)  # fmt: skip
    return announce("cooled", News(session=session, acting=acting, case=case, until=until, did="冷静几天"))


def refer(session: Session, *, acting: Acting, case: Case, words: str = "") -> list[Letter]:
    """Up the chain: 网格, 社区, 街道综治中心. Above it are the courts, and nobody here."""
    check(case, "escalate", acting.parts(session, case))
    _is_dispute(case)
    if handling.superior(acting, case) is None:
        raise NotYet(case.number, say.nobody_above(number=case.number))
    return handling.escalate(session, acting=acting, case=case, words=words or "调解不成，移交上一级")


def tell(session: Session, *, acting: Acting, case: Case, words: str, shown: str) -> list[Letter]:
    """What the other side says beside yes and no: for the mediator alone. ``shown`` are the words masked."""
    check(case, "take_part", acting.parts(session, case))
    commit(session, acting, case, "take_part", kind="party_spoke", was=snapshot(case), side=OTHER)
    note(session, acting, case, NoteKind.ADDITION, f"{say.SIDES[OTHER]}：{words}")
    return announce("party_spoke", News(session=session, acting=acting, case=case, side=OTHER, words=shown))


def asked_at(session: Session, case: Case) -> datetime | None:
    """When both were asked about what was agreed; None when they were not."""
    if case.mediation != PROPOSED:
        return None
    latest = select(CaseNote.at).where(CaseNote.case_id == case.id, CaseNote.kind == NoteKind.AGREEMENT)
    return session.exec(latest.order_by(col(CaseNote.id).desc()).limit(1)).first()


def _confirm(session: Session, acting: Acting, case: Case, mine: CaseParty) -> list[Letter]:
    check(case, "settle", acting.parts(session, case))
    mine.says = AGREED
    session.add(mine)
    known = sides.of(session, case)
    did = f"{say.SIDES[mine.side]}同意约定"
    if not all(each.says == AGREED for each in known.values()):
        commit(session, acting, case, "take_part", kind="agreement_confirmed", was=snapshot(case), side=mine.side)
        return announce("confirmed_by_one", News(session=session, acting=acting, case=case, side=mine.side, did=did))
    latest = select(CaseNote.words).where(CaseNote.case_id == case.id, CaseNote.kind == NoteKind.AGREEMENT)
    words = session.exec(latest.order_by(col(CaseNote.id).desc()).limit(1)).one()
    case.mediation = REACHED
    handling.conclude(session, acting=acting, case=case, verb="settle", words=words)
    return announce("settled", News(session=session, acting=acting, case=case, words=words, did="双方达成约定"))


def _side(session: Session, acting: Acting, case: Case, side: str) -> CaseParty:
    """The side that speaks, or of whom the mediator speaks; checked against the table of moves."""
    check(case, _verb(side), acting.parts(session, case))
    _is_dispute(case)
    known = sides.of(session, case)
    mine = known.get(side) if side else party_of(session, case, acting.identity) if acting.identity else None
    if mine is None:
        raise NotYet(case.number, f"还没记对方，请先回“对方 {case.number} 门牌号或姓名”。")
    return mine


def _verb(side: str) -> str:
    return "mediate" if side else "take_part"


def _is_dispute(case: Case) -> None:
    if not case.mediation:
        raise NotYet(case.number, "不是邻里纠纷，用不上调解；确实是纠纷请先“改类”。")


def _instead(session: Session, acting: Acting, case: Case, also: frozenset[int]) -> Person | None:
    """Who leads when the present lead must not, nor any of ``also``."""
    without = also | ({case.lead_id} if case.lead_id else frozenset())
    found = recusal.successor(
        session, acting.view, case, channels=acting.office.channels, now=acting.now, without=without
    )
    return found.person if found else None


def _names_a_side(session: Session, case: Case, words: str) -> bool:
    """Whether the words would tell one side who the other is: a name, a phone or a door."""
    for side in sides.of(session, case).values():
        person = session.get(Person, side.person_id) if side.person_id else None
        identity = sides.identity_of(session, side)
        told = [person.name, person.phone, person.room] if person else []
        told += [identity.display_name] if identity else []
        if any(len(each) > 1 and each in words for each in told):
            return True
    return False
