"""What came in and what goes out: the inbox, the outbox, and the one question that may be open in a talk.

Both boxes are queues made of rows. A ``lane`` keeps order: within one lane only the oldest open row is taken.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, ColumnElement, ForeignKey, Index, UniqueConstraint, literal_column, text
from sqlmodel import Field, Session, SQLModel, col, select

from storage.db import KEEPS_COUNTING, BigId, UtcTime

OPEN = text("state = 'open'")
# spelled out in a query, not handed over as a value: only then may the planner use the indexes of open rows
IS_OPEN: ColumnElement[str] = literal_column("'open'")


class Inbox(SQLModel, table=True):
    """A message that may matter, committed before its caller is answered. Unique per channel and message id.

    ``state``: open → done | failed. ``attempts`` counts claims and tells holders apart, ``faults`` the ones that
    ended in an error. ``outcome`` and ``thought`` say what became of it and why.
    """

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("channel", "message_id"),
        Index("ix_inbox_open", "id", sqlite_where=OPEN, postgresql_where=OPEN),
        Index("ix_inbox_lane", "lane", "id", sqlite_where=OPEN, postgresql_where=OPEN),
        Index("ix_inbox_received", "received_at"),
        KEEPS_COUNTING,
    )

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    channel: str = Field(max_length=20)
    message_id: str = Field(max_length=200)
    lane: str = Field(max_length=200)
    payload: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    received_at: datetime = Field(sa_type=UtcTime)
    state: str = Field(default="open", max_length=8)
    attempts: int = 0
    faults: int = 0
    not_before: datetime = Field(sa_type=UtcTime)
    outcome: str = Field(default="", max_length=200)
    thought: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON, nullable=True))


class Outbox(SQLModel, table=True):
    """One message to carry. ``key`` is unique: a step that runs twice writes it once.

    ``state``: open → sent | dead. ``not_before`` is both the earliest moment and, while a sender holds the row,
    the end of his lease.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_open", "urgent", "id", sqlite_where=OPEN, postgresql_where=OPEN),
        Index("ix_outbox_lane", "lane", "id", sqlite_where=OPEN, postgresql_where=OPEN),
        Index("ix_outbox_pace", "lane", "tried_at"),
        KEEPS_COUNTING,
    )

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    key: str = Field(unique=True, max_length=120)
    channel: str = Field(max_length=20)
    lane: str = Field(max_length=200)
    to: str = Field(max_length=8)
    address: str = Field(max_length=200)
    label: str = Field(default="", max_length=80)
    payload: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    case_id: int | None = Field(default=None, sa_column=Column(BigId, ForeignKey("cases.id"), index=True))
    urgent: bool = False
    created_at: datetime = Field(sa_type=UtcTime)
    not_before: datetime = Field(sa_type=UtcTime)
    state: str = Field(default="open", max_length=8)
    attempts: int = 0
    tried_at: datetime | None = Field(default=None, sa_type=UtcTime)
    ref: str = Field(default="", max_length=600)
    response_code: str = Field(default="", max_length=600)
    error: str = Field(default="", max_length=400)
    sent_at: datetime | None = Field(default=None, sa_type=UtcTime)


class Question(SQLModel, table=True):
    """The one thing the bot asked somebody and waits for. At most one is open per talk (``lane``).

    ``draft`` is the waiting request; when nobody answers until ``expires_at`` it is opened as it is.
    """

    __tablename__ = "question"
    __table_args__ = (
        Index("uq_question_open", "lane", unique=True, sqlite_where=OPEN, postgresql_where=OPEN),
        Index("ix_question_expires", "expires_at", sqlite_where=OPEN, postgresql_where=OPEN),
        UniqueConstraint("inbox_id", "part"),
        KEEPS_COUNTING,
    )

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    lane: str = Field(max_length=200)
    inbox_id: int = Field(sa_column=Column(BigId, nullable=False))
    part: int = 0
    asks: str = Field(max_length=12)
    draft: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    asked_at: datetime = Field(sa_type=UtcTime)
    expires_at: datetime = Field(sa_type=UtcTime)
    state: str = Field(default="open", max_length=8)


def asked_in(session: Session, lanes: Collection[str]) -> frozenset[str]:
    """Those of these talks in which a question is open."""
    return frozenset(
        session.exec(select(Question.lane).where(col(Question.state) == IS_OPEN, col(Question.lane).in_(lanes)))
    )
