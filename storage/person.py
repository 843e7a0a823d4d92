"""People, the roles they hold, when they are away, and the names they bear on each channel."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, Session, SQLModel, col, select

from storage.db import UtcTime
from storage.late import insert_once


class RoleKind(StrEnum):
    """Who somebody is to a grid or community; the Chinese name is ``ROLE_NAMES[kind]``."""

    RESIDENT = "resident"
    ASSISTANT = "assistant"
    WORKER = "worker"
    LEADER = "leader"
    CHIEF = "chief"
    STREET = "street"
    ADMIN = "admin"
    AUDITOR = "auditor"


ROLE_NAMES = {
    RoleKind.RESIDENT: "居民",
    RoleKind.ASSISTANT: "网格辅助员",
    RoleKind.WORKER: "全科网格员",
    RoleKind.LEADER: "网格长",
    RoleKind.CHIEF: "总网格长",
    RoleKind.STREET: "街道",
    RoleKind.ADMIN: "管理员",
    RoleKind.AUDITOR: "审计员",
}
STAFF = frozenset(RoleKind) - {RoleKind.RESIDENT}


class Person(SQLModel, table=True):
    """``code`` is the roster's own number of the person. A resident's phone is private, a worker's may be public."""

    __tablename__ = "person"

    id: int | None = Field(default=None, primary_key=True)
    community_id: int = Field(foreign_key="community.id", index=True)
    code: str = Field(unique=True, max_length=32)
    name: str = Field(max_length=40)
    phone: str = Field(default="", max_length=20)
    phone_public: bool = False
    born: date | None = None
    building_id: int | None = Field(default=None, foreign_key="building.id", index=True)
    unit_id: int | None = Field(default=None, foreign_key="unit.id")
    room: str = Field(default="", max_length=10)


class Role(SQLModel, table=True):
    """One role of one person. ``grid_id`` None means the whole community.

    ``standin`` marks the second (B) worker of a grid; ``dispatcher`` the one who gets what nobody else can take.
    """

    __tablename__ = "role"
    __table_args__ = (UniqueConstraint("person_id", "kind", "community_id", "grid_id"),)

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    kind: str = Field(max_length=12, index=True)
    community_id: int = Field(foreign_key="community.id", index=True)
    grid_id: int | None = Field(default=None, foreign_key="grid.id", index=True)
    standin: bool = False
    dispatcher: bool = False


class Absence(SQLModel, table=True):
    """``starts`` ≤ t < ``ends``: the person is on leave and gets nothing new.

    ``handed_at`` is when his open cases were handed over for it.
    """

    __tablename__ = "absence"

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    starts: datetime = Field(sa_type=UtcTime)
    ends: datetime = Field(sa_type=UtcTime)
    reason: str = Field(default="", max_length=60)
    handed_at: datetime | None = Field(default=None, sa_type=UtcTime)


class Duty(SQLModel, table=True):
    """``starts`` ≤ t < ``ends``: who answers for the community outside its hours (值班)."""

    __tablename__ = "duty"
    __table_args__ = (UniqueConstraint("community_id", "person_id", "starts"),)

    id: int | None = Field(default=None, primary_key=True)
    community_id: int = Field(foreign_key="community.id", index=True)
    person_id: int = Field(foreign_key="person.id")
    starts: datetime = Field(sa_type=UtcTime)
    ends: datetime = Field(sa_type=UtcTime)


class Identity(SQLModel, table=True):
    """Somebody as one channel knows him. ``person_id`` is set only by consent or by staff, never guessed."""

    __tablename__ = "identity"
    __table_args__ = (UniqueConstraint("channel", "external_id"),)

    id: int | None = Field(default=None, primary_key=True)
    channel: str = Field(max_length=20)
    external_id: str = Field(max_length=128)
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    display_name: str = Field(default="", max_length=60)


Speaker = tuple[Identity, Person | None]


def speakers(session: Session, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], Speaker]:
    """Who these (channel, external id) are, as far as anybody knows; one query for all of them."""
    rows = session.exec(
        select(Identity, Person)
        .outerjoin(Person, col(Identity.person_id) == Person.id)
        .where(
            col(Identity.channel).in_({channel for channel, _ in names}),
            col(Identity.external_id).in_({external_id for _, external_id in names}),
        )
    )
    return {(identity.channel, identity.external_id): (identity, person) for identity, person in rows}


def introduce(session: Session, names: Mapping[tuple[str, str], str]) -> None:
    """Write down those who speak for the first time, with the names they show; joined to nobody."""
    rows = [
        {"channel": channel, "external_id": external_id, "display_name": name[:60], "person_id": None}
        for (channel, external_id), name in names.items()
    ]
    insert_once(session, Identity, rows, on=("channel", "external_id"))
