"""Who the other side of a dispute is, by the roster alone, and how he is reached. Guesses nobody, changes nothing."""

from dataclasses import dataclass

from sqlmodel import Session, col, or_, select

from bot.desk import sides
from bot.desk.acting import Acting
from bot.desk.assignment import Said, Unclear, locate
from bot.desk.errors import Unknown
from bot.desk.lifecycle import AT_WORK
from bot.desk.standing import party_of
from bot.texts import disputes as say
from storage.case import Case, CaseState
from storage.case_file import CaseParty
from storage.person import Identity, Person

_TALKED_OF = (*AT_WORK, CaseState.SUSPENDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """The other side as the roster knows him: a person, or only a door behind which nobody is registered."""

    person: Person | None
    building_id: int | None
    place: str


def find_by_name(session: Session, *, acting: Acting, case: Case, name: str) -> Other:
    """The one resident of this name. Raises ``Unknown`` with what to write instead."""
    query = select(Person).where(Person.community_id == case.community_id, Person.name == name)
    found = [person for person in session.exec(query.limit(20)) if person.id != _reporter(session, case)]
    if not found:
        raise Unknown(f"名册里没有“{name}”，请写全名，或者写门牌号，比如“对方 {case.number} 3号楼2单元502”。")
    if len(found) > 1:
        raise Unknown(f"叫“{name}”的有{len(found)}位，请写门牌号，比如“对方 {case.number} 3号楼2单元502”。")
    building = acting.view.buildings.get(found[0].building_id or 0)
    unit = acting.view.units.get(found[0].unit_id or 0)
    estate = acting.view.estates[building.estate_id].name if building else ""
    place = (f"{estate}{building.number}号楼" if building else "") + (f"{unit.number}单元" if unit else "")
    return Other(person=found[0], building_id=found[0].building_id, place=place)


def find_at(session: Session, *, acting: Acting, case: Case, said: Said, words: str) -> Other:
    """Who is registered behind this door; in the case's own estate, unless another one is said."""
    place = locate(acting.view, said, group=None, home=None, whole_text=words)
    if isinstance(place, Unclear) and case.estate_id is not None:
        estate = acting.view.estates[case.estate_id].name
        place = locate(acting.view, said, group=None, home=None, whole_text=estate + words)
    if isinstance(place, Unclear) or place.building_id is None:
        why = place.why if isinstance(place, Unclear) else "没有楼号"
        raise Unknown(f"{why}，请写全小区、楼号、单元、门牌，比如“对方 {case.number} 海棠苑3号楼2单元502”。")
    if not said.room:
        raise Unknown(f"请写到门牌号，比如“对方 {case.number} {place.text}502”，或者写姓名。")
    query = select(Person).where(Person.building_id == place.building_id, Person.room == said.room)
    if place.unit_id is not None:
        query = query.where(Person.unit_id == place.unit_id)
    found = list(session.exec(query.order_by(col(Person.id)).limit(20)))
    if found and all(person.id == _reporter(session, case) for person in found):
        raise Unknown("这是报事人自己家的门牌，请写另一方的。")
    if len(found) > 1:
        raise Unknown(f"{place.text}{said.room}登记了{len(found)}位（{say.several(each.name for each in found)}），"
                      f"请写姓名，比如“对方 {case.number} 张三”。")  # fmt: skip
    return Other(person=found[0] if found else None, building_id=place.building_id, place=place.text)


def talked_of(session: Session, identity: Identity) -> list[Case]:
    """The disputes in which this person is a side and that still run, newest first."""
    me = col(CaseParty.identity_id) == identity.id
    him = me if identity.person_id is None else or_(me, col(CaseParty.person_id) == identity.person_id)
    query = select(Case).join(CaseParty).where(him, col(Case.state).in_(_TALKED_OF), Case.mediation != "")
    return list(session.exec(query.order_by(col(Case.id).desc()).limit(10)))


def waits_for(session: Session, case: Case, identity: Identity) -> bool:
    """Whether this side was asked something and has not answered."""
    side = party_of(session, case, identity)
    return side is not None and side.says == sides.ASKED


def identity_of(session: Session, acting: Acting, person_id: int | None) -> Identity | None:
    """How to reach him, on the best channel that does."""
    if person_id is None:
        return None
    rows = session.exec(select(Identity).where(Identity.person_id == person_id)).all()
    known = {row.channel: row for row in rows}
    return next((known[channel] for channel in acting.office.channels if channel in known), None)


def _reporter(session: Session, case: Case) -> int | None:
    first = sides.of(session, case).get(sides.FIRST)
    return first.person_id if first is not None else None
