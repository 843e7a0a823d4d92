"""The two sides of a dispute: who they are, what they say, how each is reached. Decides nothing about the case."""

from sqlmodel import Session, select

from storage.case import Case
from storage.case_file import CaseParty
from storage.late import insert_once
from storage.person import Identity, Person

FIRST, OTHER = "first", "other"
ASKED, AGREED, REFUSED = "asked", "agreed", "refused"


def of(session: Session, case: Case) -> dict[str, CaseParty]:
    """The sides that are known, by ``first`` and ``other``."""
    return {side.side: side for side in session.exec(select(CaseParty).where(CaseParty.case_id == case.id))}


def ref(case: Case, side: str) -> str:
    """What the case is called towards a side.

    The other side has a number of his own: the reporter's was said beside his name in the group.
    """
    return case.number if side == FIRST else f"T{case.id}"


def begin(session: Session, case: Case, *, reporter: Identity, person: Person | None) -> None:
    """Whoever reports a dispute is its first side, and by that agrees to talk."""
    home = person.building_id if person else None
    row = {"case_id": case.id, "side": FIRST, "identity_id": reporter.id, "person_id": person.id if person else None,
           "building_id": home or case.building_id, "place": case.place, "says": AGREED}  # fmt: skip
    insert_once(session, CaseParty, [row], on=("case_id", "side"))


def identity_of(session: Session, side: CaseParty) -> Identity | None:
    """How to write to this side; None while nobody knows."""
    return session.get(Identity, side.identity_id) if side.identity_id else None
