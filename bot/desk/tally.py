"""How many report one matter and from where: the count of an incident, and the place of its case that grows with it.

Whoever calls this holds the matter (``storage.incident.hold``). Tells nobody anything.
"""

from sqlmodel import Session, col, func, select

from bot.desk import told_incident as told
from bot.desk.acting import Acting, note
from bot.desk.assignment import Located
from storage import incident as store
from storage.case import Case
from storage.case_file import CaseReporter, NoteKind
from storage.incident import NOWHERE, Incident, IncidentGroup
from storage.late import insert_once

_PLACE = 80


def of(session: Session, case: Case) -> Incident:
    """The count of this incident. While the reporter is alone it follows the case, whose place he may correct."""
    incident = store.counted(session, case.id or 0)
    where = _key(case.building_id)
    if incident is None:
        # opened by a door that knew of no neighbours
        joined = select(func.count()).select_from(CaseReporter).where(col(CaseReporter.case_id) == case.id)
        return Incident(case_id=case.id or 0, count=session.exec(joined).one() + 1, tally={where: 1})
    if incident.count == 1 and where not in incident.tally:
        incident.tally = {where: 1}
        incident.named = [case.building_id] if case.building_id is not None else []
    return incident


def one_more(session: Session, acting: Acting, case: Case, located: Located | None) -> Incident:
    """One more person reports it, from there."""
    incident = of(session, case)
    where = _key(located.building_id if located else None)
    incident.count += 1
    incident.tally = {**incident.tally, where: incident.tally.get(where, 0) + 1}
    _name(incident, located)
    _widen(session, acting, case, incident)
    session.add(incident)
    return incident


def from_there_too(
    session: Session, acting: Acting, case: Case, located: Located, *, identity_id: int
) -> Incident | None:
    """Somebody on record says where, or names one building more; None: nothing new in that."""
    if located.building_id is None or located.guessed:
        return None
    incident, where = of(session, case), _key(located.building_id)
    if located.building_id in incident.named:
        return None
    row = session.exec(
        select(CaseReporter).where(CaseReporter.case_id == case.id, CaseReporter.identity_id == identity_id)
    ).first()
    here = incident.tally.get(where, 0)
    if row is not None and not row.place:
        row.place = located.text[:80]
        session.add(row)
        incident.tally = {**incident.tally, NOWHERE: max(0, incident.tally.get(NOWHERE, 1) - 1), where: here + 1}
    else:
        incident.tally = {**incident.tally, where: here}
    _name(incident, located)
    _widen(session, acting, case, incident)
    session.add(incident)
    return incident


def absorb(session: Session, *, acting: Acting, case: Case, into: Case) -> None:
    """Two cases became one by hand: the count and the places of the one that goes on take up the other's."""
    if not into.incident:
        return
    whole, part = of(session, into), store.counted(session, case.id or 0)
    tally = part.tally if part else {_key(case.building_id): 1}
    for where, many in tally.items():
        whole.tally = {**whole.tally, where: whole.tally.get(where, 0) + many}
    whole.named = list(dict.fromkeys([*whole.named, *(part.named if part else [])]))
    # somebody may have reported both: the people are counted, not the reports
    rows = select(func.count()).select_from(CaseReporter).where(CaseReporter.case_id == into.id)
    whole.count = session.exec(rows).one() + 1
    session.add(whole)
    # what is said there from now on is of the case that goes on
    groups = session.exec(select(IncidentGroup).where(IncidentGroup.case_id == case.id)).all()
    known = [{"case_id": into.id, "group_id": row.group_id, "opened_at": into.opened_at, "last_at": row.last_at,
              "relay_at": row.relay_at, "post": ""} for row in groups]  # fmt: skip
    insert_once(session, IncidentGroup, known, on=("case_id", "group_id"))
    if case.estate_id == into.estate_id:
        _widen(session, acting, into, whole)


def _name(incident: Incident, located: Located | None) -> None:
    if located is None or located.building_id is None or located.guessed or located.building_id in incident.named:
        return
    incident.named = [*incident.named, located.building_id]


def _widen(session: Session, acting: Acting, case: Case, incident: Incident) -> None:
    """The case's place names every building it is reported from; whose flat was first goes into the file."""
    known = [int(where) for where in incident.tally if where != NOWHERE]
    if not known or known == [case.building_id]:
        return
    place = told.buildings(acting.view, known, most=_PLACE)
    if place in ("", case.place):
        return
    if case.unit_id is not None or case.room:
        note(session, acting, case, NoteKind.REMARK, f"最先报的是{case.place}{case.room}")
    case.place, case.unit_id, case.room = place, None, ""
    if case.estate_id is None and known[0] in acting.view.buildings:
        case.estate_id = acting.view.buildings[known[0]].estate_id
    session.add(case)


def _key(building_id: int | None) -> str:
    return NOWHERE if building_id is None else str(building_id)
