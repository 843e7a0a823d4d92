"""The case: one request of one resident, with every event of its life and the clocks that run on it."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, ForeignKey, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.db import KEEPS_COUNTING, BigId, UtcTime


class CaseState(StrEnum):
    """The Chinese name is ``STATE_NAMES[state]``."""

    CANDIDATE = "candidate"
    RECEIVED = "received"
    REGISTERED = "registered"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    HANDLED = "handled"
    CLOSED = "closed"
    ARCHIVED = "archived"
    DISCARDED = "discarded"
    DECLINED = "declined"
    SELF_HANDLED = "self_handled"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"


STATE_NAMES = {
    CaseState.CANDIDATE: "待确认",
    CaseState.RECEIVED: "已收到",
    CaseState.REGISTERED: "已立案",
    CaseState.ASSIGNED: "待接单",
    CaseState.IN_PROGRESS: "办理中",
    CaseState.HANDLED: "待回访",
    CaseState.CLOSED: "已结案",
    CaseState.ARCHIVED: "已归档",
    CaseState.DISCARDED: "不是诉求",
    CaseState.DECLINED: "不予受理",
    CaseState.SELF_HANDLED: "已自办",
    CaseState.SUSPENDED: "挂账",
    CaseState.WITHDRAWN: "已撤回",
    CaseState.MERGED: "已并案",
}
# somebody still has to do something about these
OPEN_STATES = frozenset(
    {CaseState.RECEIVED, CaseState.REGISTERED, CaseState.ASSIGNED, CaseState.IN_PROGRESS, CaseState.SUSPENDED}
)
# spelled out where a query should find its partial index: see storage/message.py
LIVE = text("state IN ('received', 'registered', 'assigned', 'in_progress', 'suspended', 'handled')")


class Case(SQLModel, table=True):
    """``number`` is the short one people type (``1122-07``), unique per community and year by ``day`` and ``serial``.

    A candidate has no number yet, and as serial its own id below zero. ``words`` are the resident's own; only staff
    see them; ``quote`` are the same, masked. ``privacy`` is the class of the matter (0, 1, 2). ``inbox_id`` and
    ``part`` make one message yield the same case however often it is worked on.

    ``chain`` is who stood above the case when it began, by standing (``worker standin leader chief street`` → person
    id): escalation follows it, whoever holds the offices later. ``version`` counts changes. ``asked`` is a request of
    the lead that waits for a superior's yes. ``restricted`` marks what must be reported by law: no withdrawing, few
    viewers. ``about_id`` is the member of staff a complaint is about; he never sees it. ``past_grid`` keeps it from the
    grid's own people; ``reporter_hidden``: who reported is shown to nobody who handles it. ``incident`` marks a matter
    that neighbours may join. ``beneficiary`` is whom it is for, where that is not the reporter, and ``consent``
    (``"" asked given refused``) what he says. ``handled_at`` is the first time, ``handled_by`` the last hand.
    ``closed_as`` is ``confirmed verified no_response``.
    """

    __tablename__ = "cases"
    __table_args__ = (
        UniqueConstraint("community_id", "day", "serial"),
        UniqueConstraint("inbox_id", "part"),
        Index("ix_case_lead_state", "lead_id", "state"),
        Index("ix_case_live", "community_id", "id", sqlite_where=LIVE, postgresql_where=LIVE),
        Index("ix_case_live_item", "item", "estate_id", "id", sqlite_where=LIVE, postgresql_where=LIVE),
        Index("ix_case_live_group", "group_id", "id", sqlite_where=LIVE, postgresql_where=LIVE),
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
    quote: str = Field(default="", max_length=500, sa_column_kwargs={"server_default": ""})
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
    chain: dict[str, int] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False, server_default="{}"))
    version: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    accepted_at: datetime | None = Field(default=None, sa_type=UtcTime)
    handled_at: datetime | None = Field(default=None, sa_type=UtcTime)
    handled_by: int | None = None
    closed_at: datetime | None = Field(default=None, sa_type=UtcTime)
    closed_as: str = Field(default="", max_length=16, sa_column_kwargs={"server_default": ""})
    result: str = Field(default="", max_length=500, sa_column_kwargs={"server_default": ""})
    rating: int | None = None
    extensions: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    reworks: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    returns: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    supervised: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    asked: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True), nullable=True))
    restricted: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    incident: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    mediation: str = Field(default="", max_length=12, sa_column_kwargs={"server_default": ""})
    beneficiary: str = Field(default="", max_length=40, sa_column_kwargs={"server_default": ""})
    consent: str = Field(default="", max_length=10, sa_column_kwargs={"server_default": ""})
    about_id: int | None = None
    past_grid: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    reporter_hidden: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    merged_into: int | None = Field(default=None, sa_column=Column(BigId, nullable=True))

    @property
    def long_number(self) -> str:
        """The part of the long number after the community's tag: ``20261122-007``."""
        return f"{self.day:%Y%m%d}-{self.serial:03d}"


class CaseEvent(SQLModel, table=True):
    """What happened, who did it, through which door. Never changed, never deleted."""

    __tablename__ = "case_event"
    __table_args__ = (Index("ix_case_event_kind", "kind", "at"), KEEPS_COUNTING)

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    case_id: int = Field(sa_column=Column(BigId, ForeignKey("cases.id"), nullable=False, index=True))
    at: datetime = Field(sa_type=UtcTime)
    kind: str = Field(max_length=24)
    actor: str = Field(max_length=80)
    door: str = Field(max_length=20)
    data: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


class CaseClock(SQLModel, table=True):
    """One limit running on a case: ``first_reply finish confirm resume candidate``; ``ledger`` explains ``due_at``.

    ``next_step`` is due at ``next_at`` (None: nothing more will happen by itself); ``round`` counts how often the
    clock was set anew; ``since`` is when this round was set while the clock ran, and what was due before then belongs
    to an earlier round (None: the round began with ``started_at``). While it is paused ``paused_at`` is set and
    ``left`` holds the minutes that remain, working minutes where the limit counts those.
    """

    __tablename__ = "case_clock"
    __table_args__ = (
        UniqueConstraint("case_id", "kind"),
        Index("ix_case_clock_due", "stopped_at", "due_at"),
        Index("ix_case_clock_kind_due", "kind", "due_at"),
        Index(
            "ix_case_clock_next",
            "next_at",
            sqlite_where=text("next_at IS NOT NULL"),
            postgresql_where=text("next_at IS NOT NULL"),
        ),
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
    next_at: datetime | None = Field(default=None, sa_type=UtcTime)
    next_step: str = Field(default="", max_length=16, sa_column_kwargs={"server_default": ""})
    round: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    since: datetime | None = Field(default=None, sa_type=UtcTime)
    paused_at: datetime | None = Field(default=None, sa_type=UtcTime)
    left: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class CaseSerial(SQLModel, table=True):
    """The last number given to a case of one community on one day."""

    __tablename__ = "case_serial"

    community_id: int = Field(foreign_key="community.id", primary_key=True)
    day: date = Field(primary_key=True)
    last: int
