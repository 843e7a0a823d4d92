"""The case: one request of one resident, with every event of its life and the clocks that run on it."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, ForeignKey, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.db import KEEPS_COUNTING, BigId, UtcTime


class CaseState(StrEnum):
    REGISTERED = "registered"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"


class Case(SQLModel, table=True):
    """``number`` is the short one people type (``1122-07``), unique per community and year by ``day`` and ``serial``.

    ``words`` are the resident's own; only staff see them. ``privacy`` is the class of the matter (0, 1, 2).
    ``inbox_id`` and ``part`` make one message yield the same case however often it is worked on.
    """

    __tablename__ = "cases"
    __table_args__ = (
        UniqueConstraint("community_id", "day", "serial"),
        UniqueConstraint("inbox_id", "part"),
        Index("ix_case_lead_state", "lead_id", "state"),
        KEEPS_COUNTING,
    )

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    community_id: int = Field(foreign_key="community.id")
    day: date
    serial: int
    number: str = Field(max_length=12)
    item: str = Field(max_length=60)
    title: str = Field(max_length=60)
    words: str = Field(max_length=2_000)
    urgency: str = Field(max_length=12)
    privacy: int
    state: str = Field(max_length=16)
    grid_id: int | None = Field(default=None, foreign_key="grid.id")
    estate_id: int | None = Field(default=None, foreign_key="estate.id")
    building_id: int | None = Field(default=None, foreign_key="building.id")
    unit_id: int | None = Field(default=None, foreign_key="unit.id")
    room: str = Field(default="", max_length=10)
    place: str = Field(default="", max_length=80)
    reporter_id: int = Field(foreign_key="identity.id", index=True)
    group_id: int | None = Field(default=None, foreign_key="chat_group.id")
    lead_id: int | None = Field(default=None, foreign_key="person.id")
    lead_as: str = Field(default="", max_length=12)
    opened_at: datetime = Field(sa_type=UtcTime)
    inbox_id: int = Field(sa_column=Column(BigId, nullable=False))
    part: int = 0

    @property
    def long_number(self) -> str:
        """The part of the long number after the community's tag: ``20261122-007``."""
        return f"{self.day:%Y%m%d}-{self.serial:03d}"


class CaseEvent(SQLModel, table=True):
    """What happened, who did it, through which door. Never changed, never deleted."""

    __tablename__ = "case_event"
    __table_args__ = (KEEPS_COUNTING,)

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    case_id: int = Field(sa_column=Column(BigId, ForeignKey("cases.id"), nullable=False, index=True))
    at: datetime = Field(sa_type=UtcTime)
    kind: str = Field(max_length=24)
    actor: str = Field(max_length=80)
    door: str = Field(max_length=20)
    data: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


class CaseClock(SQLModel, table=True):
    """One limit running on a case: ``first_reply`` or ``finish``. ``ledger`` explains ``due_at`` in words."""

    __tablename__ = "case_clock"
    __table_args__ = (
        UniqueConstraint("case_id", "kind"),
        Index("ix_case_clock_due", "stopped_at", "due_at"),
        KEEPS_COUNTING,
    )

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    case_id: int = Field(sa_column=Column(BigId, ForeignKey("cases.id"), nullable=False))
    kind: str = Field(max_length=12)
    limit: str = Field(max_length=12)
    started_at: datetime = Field(sa_type=UtcTime)
    due_at: datetime = Field(sa_type=UtcTime)
    stopped_at: datetime | None = Field(default=None, sa_type=UtcTime)
    ledger: str = Field(default="", max_length=2_000)


class CaseSerial(SQLModel, table=True):
    """The last number given to a case of one community on one day."""

    __tablename__ = "case_serial"

    community_id: int = Field(foreign_key="community.id", primary_key=True)
    day: date = Field(primary_key=True)
    last: int
