"""A matter that neighbours share: how many report it, from where, in which groups it is known. Decides nothing.

The case itself is in ``storage/case.py``, each further reporter in ``storage/case_file.py``. Here stands what must not
be counted anew with every report, and the lock under which it is counted.
"""

from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import JSON, Column, ForeignKey, Index, bindparam, event, or_, text, update
from sqlmodel import Field, Session, SQLModel, col, select

from storage.case import LIVE, OPEN_STATES, Case
from storage.case_file import CaseReporter
from storage.db import BigId, UtcTime, is_postgres
from storage.late import insert_late

NOWHERE = ""
_EMERGENCY = "emergency"
Row = TypeVar("Row", "Incident", "IncidentGroup")


class Incident(SQLModel, table=True):
    """``count`` are the people on record, the first reporter included; ``tally`` says how many of each building.

    The keys of ``tally`` are building ids in words, ``""`` where nobody knows. ``named`` are the buildings that
    somebody named himself: only these may be said in a group. ``letters`` numbers the lines that tell the lead the
    count, and ``told_at`` is when the last of them was due.
    """

    __tablename__ = "incident"

    case_id: int = Field(sa_column=Column(BigId, ForeignKey("cases.id"), primary_key=True, autoincrement=False))
    count: int = 1
    tally: dict[str, int] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    named: list[int] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    letters: int = 0
    told_at: datetime | None = Field(default=None, sa_type=UtcTime)


class IncidentGroup(SQLModel, table=True):
    """A group in which the incident was spoken of. ``post`` is the key of its one further post, empty before that.

    ``last_at``: when somebody last named it there; ``relay_at``: when a 接龙 began there, so that a bare 「+1」 after
    it means the relay.
    """

    __tablename__ = "incident_group"
    __table_args__ = (Index("ix_incident_group_recent", "group_id", "opened_at"),)

    case_id: int = Field(sa_column=Column(BigId, ForeignKey("cases.id"), primary_key=True, autoincrement=False))
    group_id: int = Field(foreign_key="chat_group.id", primary_key=True)
    opened_at: datetime = Field(sa_type=UtcTime)
    last_at: datetime = Field(sa_type=UtcTime)
    relay_at: datetime | None = Field(default=None, sa_type=UtcTime)
    post: str = Field(default="", max_length=120)


def hold(session: Session, *, community_id: int, item: str) -> None:
    """Until this transaction ends nobody else opens, joins or counts a shared matter of this kind in this community.

    What is read after it is what all others have committed. SQLite needs no lock: it has one writer at a time.
    """
    held: set[tuple[int, str]] = session.info.setdefault(_HELD, set())
    if (community_id, item) in held:
        return
    connection = session.connection()
    if is_postgres(connection):
        connection.execute(_HOLD, {"community": community_id, "item": item})
    held.add((community_id, item))


def counted(session: Session, case_id: int) -> Incident | None:
    """The count of this incident, for whoever holds the matter: nobody else changes it, so it is read once."""
    return _kept(session, Incident, case_id)


def spoken_in(session: Session, case_id: int, group_id: int) -> IncidentGroup | None:
    """What is known of the incident in this group, for whoever holds the matter."""
    return _kept(session, IncidentGroup, (case_id, group_id))


def _kept(session: Session, model: type[Row], key: Any) -> Row | None:
    kept: dict[Any, Row] = session.info.setdefault(_ROWS, {})
    if (model, key) not in kept:
        row = session.get(model, key, populate_existing=True)
        if row is None:
            return None
        kept[model, key] = row
    return kept[model, key]


_HELD, _ROWS = "incidents held", "incidents counted"
_HOLD = text("SELECT pg_advisory_xact_lock(:community, hashtext(:item))")


@event.listens_for(Session, "after_commit")
def _let_go(session: Session) -> None:
    for kept in (_HELD, _ROWS):
        session.info.pop(kept, None)


@event.listens_for(Session, "after_soft_rollback")
def _let_go_too(session: Session, _previous: object) -> None:
    _let_go(session)


def begin(session: Session, case: Case, *, building_id: int | None, named: bool) -> None:
    """A shared matter was reported for the first time; ``named``: the reporter said himself where."""
    known = [building_id] if building_id is not None and named else []
    where = NOWHERE if building_id is None else str(building_id)
    incident = {"case_id": case.id, "count": 1, "tally": {where: 1}, "named": known, "letters": 0, "told_at": None}
    insert_late(session, Incident, [incident])
    if case.group_id is not None:
        heard_in = {"case_id": case.id, "group_id": case.group_id, "opened_at": case.opened_at,
                    "last_at": case.opened_at, "relay_at": None, "post": ""}  # fmt: skip
        insert_late(session, IncidentGroup, [heard_in])


def in_estate(session: Session, *, item: str, estate_id: int, since: datetime) -> list[Case]:
    """The running incidents of this matter in this estate that began since then, the oldest first."""
    return list(session.exec(_IN_ESTATE, params={"item": item, "estate": estate_id, "since": since}))


def in_group(session: Session, *, group_id: int, since: datetime, bare: bool = False) -> list[Case]:
    """The running incidents that were spoken of in this group, the newest first.

    ``bare``: for words that name nothing; an incident over which a relay has gone since is not what they mean.
    """
    asked = _IN_GROUP_BARE if bare else _IN_GROUP
    return list(session.exec(asked, params={"group": group_id, "since": since}))


def joined_by(session: Session, identity_id: int, *, item: str, since: datetime) -> Case | None:
    """The running incident of this matter that began since then and that somebody joined."""
    return session.exec(_JOINED_BY, params={"who": identity_id, "item": item, "since": since}).first()


# somebody still works on it, neighbours may join it, and no alarm was sounded over it
_JOINABLE = (
    col(Case.state).in_(sorted(OPEN_STATES)),
    col(Case.opened_at) >= bindparam("since"),
    col(Case.incident).is_(True),
    col(Case.urgency) != _EMERGENCY,
)
_IN_ESTATE = (
    select(Case)
    .where(LIVE, Case.item == bindparam("item"), Case.estate_id == bindparam("estate"), *_JOINABLE)
    .order_by(col(Case.id))
    .execution_options(populate_existing=True)
)
_IN_GROUP = (
    select(Case)
    .join(IncidentGroup, col(IncidentGroup.case_id) == col(Case.id))
    .where(IncidentGroup.group_id == bindparam("group"), col(IncidentGroup.opened_at) >= bindparam("since"))
    .where(*_JOINABLE)
    .order_by(col(Case.id).desc())
    .execution_options(populate_existing=True)
)
_IN_GROUP_BARE = _IN_GROUP.where(
    or_(col(IncidentGroup.relay_at).is_(None), col(IncidentGroup.relay_at) < col(IncidentGroup.last_at))
)


_JOINED_BY = (
    select(Case)
    .join(CaseReporter, col(CaseReporter.case_id) == col(Case.id))
    .where(CaseReporter.identity_id == bindparam("who"), Case.item == bindparam("item"), *_JOINABLE)
    .order_by(col(Case.id).desc())
    .limit(1)
    .execution_options(populate_existing=True)
)


def relay_began(session: Session, *, group_id: int, since: datetime, now: datetime) -> None:
    """A 接龙 goes through this group: what is said shortly from now on is an answer to that."""
    session.execute(
        update(IncidentGroup)
        .where(col(IncidentGroup.group_id) == group_id, col(IncidentGroup.opened_at) >= since)
        .values(relay_at=now)
        .execution_options(synchronize_session=False)
    )
