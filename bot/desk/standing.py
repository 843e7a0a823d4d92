"""Who somebody is to a case: its lead, his superior, the reporter, a stranger. Pure look-ups, changes nothing."""

from sqlmodel import Session, select

from bot.desk.directory import View
from bot.desk.lifecycle import ASSIST, BOT, CHAIN, JOINED, LEAD, PARTY, REPORTER, STAFF, SUPERIOR
from storage.case import Case
from storage.case_file import CaseAssist, CaseParty, CaseReporter
from storage.person import Identity, Person, RoleKind

SYSTEM = frozenset({BOT})
RANKS = {"assistant": 0, "worker": 1, "standin": 1, "leader": 2, "dispatcher": 3, "chief": 3, "street": 4}
_ROLE_RANK = {RoleKind.ASSISTANT: 0, RoleKind.WORKER: 1, RoleKind.LEADER: 2, RoleKind.CHIEF: 3, RoleKind.STREET: 4}
NAMES = {"worker": "网格员", "standin": "候补网格员", "leader": "网格长", "chief": "社区书记", "street": "街道"}


def parts_of(
    session: Session, *, view: View, case: Case, person: Person | None, identity: Identity | None
) -> frozenset[str]:
    """All parts this person has in the case. He whom it is about has none by his office, at most a party's."""
    found: set[str] = set()
    if case.mediation and identity is not None and party_of(session, case, identity) is not None:
        found.add(PARTY)
    if person is not None and case.about_id == person.id:
        return frozenset(found)
    if person is not None and any(role.person_id == person.id for role in view.roles):
        found |= _staff_parts(session, view, case, person.id or 0)
    if identity is not None:
        found |= _resident_parts(session, case, identity)
    return frozenset(found)


def party_of(session: Session, case: Case, identity: Identity) -> CaseParty | None:
    """The side of a dispute that this identity is, in whatever channel he speaks."""
    sides = session.exec(select(CaseParty).where(CaseParty.case_id == case.id)).all()
    mine = [side for side in sides if side.identity_id == identity.id]
    if not mine and identity.person_id is not None:
        mine = [side for side in sides if side.person_id == identity.person_id]
    return mine[0] if mine else None


def rank_over(view: View, case: Case, person_id: int) -> int:
    """The highest office this person holds over the case's grid (0 assistant … 4 street), -1: none."""
    above = set(view.upwards(case.grid_id)) if case.grid_id is not None else set()
    ranks = [-1]
    for role in view.roles:
        if role.person_id != person_id:
            continue
        rank = 3 if role.dispatcher else _ROLE_RANK.get(RoleKind(role.kind), -1)
        if case.past_grid and rank <= RANKS["leader"]:
            continue  # it is kept from the grid's own people
        if role.grid_id is None or role.grid_id in above or not above:
            ranks.append(rank)
    ranks += [RANKS[standing] for standing, who in case.chain.items() if who == person_id]
    return max(ranks)


def superior_of(view: View, case: Case, *, rank: int) -> int | None:
    """The person of the frozen chain who stands next above this rank and is not the one complained of."""
    for standing in ("leader", "chief", "street"):
        who = case.chain.get(standing)
        if who is not None and RANKS[standing] > rank and who not in (case.lead_id, case.about_id):
            return who
    return None


def lead_rank(view: View, case: Case) -> int:
    if case.lead_id is None:
        return 0
    return max(RANKS.get(case.lead_as, 1), rank_over(view, case, case.lead_id))


def _staff_parts(session: Session, view: View, case: Case, person_id: int) -> set[str]:
    found = {STAFF}
    if case.lead_id == person_id:
        found.add(LEAD)
    if person_id in case.chain.values():
        found.add(CHAIN)
    rank, leads = rank_over(view, case, person_id), lead_rank(view, case)
    if rank >= 2 and rank > leads:
        found.add(SUPERIOR)
    if rank >= 2 and case.lead_id == person_id and superior_of(view, case, rank=rank) is None:
        found.add(SUPERIOR)  # nobody stands above him: he answers for himself
    helps = select(CaseAssist.id).where(CaseAssist.case_id == case.id, CaseAssist.person_id == person_id)
    if LEAD not in found and session.exec(helps).first() is not None:
        found.add(ASSIST)
    return found


def _resident_parts(session: Session, case: Case, identity: Identity) -> set[str]:
    """One person may speak through several channels: then he is the reporter in all of them."""
    if case.reporter_id == identity.id:
        return {REPORTER}
    if identity.person_id is not None:
        reporter = session.get(Identity, case.reporter_id)
        if reporter is not None and reporter.person_id == identity.person_id:
            return {REPORTER}
    joined = select(CaseReporter.id).where(CaseReporter.case_id == case.id, CaseReporter.identity_id == identity.id)
    return {JOINED} if session.exec(joined).first() is not None else set()
