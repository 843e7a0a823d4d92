"""What lies in the file of a case beside its events: notes, those who joined it, helpers, parties, steps, cards."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, Column, ForeignKey, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.db import KEEPS_COUNTING, BigId, UtcTime


class NoteKind(StrEnum):
    ADDITION = "addition"
    PHOTO = "photo"
    REMARK = "remark"
    RESULT = "result"
    REASON = "reason"
    AGREEMENT = "agreement"


class CaseNote(SQLModel, table=True):
    """Words or a picture that somebody put to a case, as he gave them. Never changed, never deleted; staff see them.

    ``media`` is the channel's own reference (``wecom:MEDIA_ID``), empty for words. ``inbox_id`` makes one message one
    note; None where no message said it.
    """

    __tablename__ = "case_note"
    __table_args__ = (UniqueConstraint("case_id", "inbox_id", "kind"), KEEPS_COUNTING)

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    case_id: int = Field(sa_column=Column(BigId, ForeignKey("cases.id"), nullable=False, index=True))
    at: datetime = Field(sa_type=UtcTime)
    kind: str = Field(max_length=12)
    actor: str = Field(max_length=80)
    words: str = Field(default="", max_length=2_000)
    media: str = Field(default="", max_length=300)
    inbox_id: int | None = Field(default=None, sa_column=Column(BigId, nullable=True))


class CaseReporter(SQLModel, table=True):
    """Somebody beside the first reporter who reported the same thing and is told how it ends."""

    __tablename__ = "case_reporter"
    __table_args__ = (UniqueConstraint("case_id", "identity_id"), KEEPS_COUNTING)

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    case_id: int = Field(sa_column=Column(BigId, ForeignKey("cases.id"), nullable=False))
    identity_id: int = Field(foreign_key="identity.id", index=True)
    group_id: int | None = Field(default=None, foreign_key="chat_group.id")
    at: datetime = Field(sa_type=UtcTime)
    place: str = Field(default="", max_length=80)
    words: str = Field(default="", max_length=500)


class CaseAssist(SQLModel, table=True):
    """Somebody of the staff who helps the lead (协办)."""

    __tablename__ = "case_assist"
    __table_args__ = (UniqueConstraint("case_id", "person_id"), KEEPS_COUNTING)

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    case_id: int = Field(sa_column=Column(BigId, ForeignKey("cases.id"), nullable=False))
    person_id: int = Field(foreign_key="person.id", index=True)
    at: datetime = Field(sa_type=UtcTime)


class CaseParty(SQLModel, table=True):
    """One side of a dispute: ``first`` reported it, ``other`` is the one it is with.

    ``identity_id`` is None while nobody knows how to reach him in chat. ``says``: ``asked agreed refused``.
    """

    __tablename__ = "case_party"
    __table_args__ = (UniqueConstraint("case_id", "side"), KEEPS_COUNTING)

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    case_id: int = Field(sa_column=Column(BigId, ForeignKey("cases.id"), nullable=False))
    side: str = Field(max_length=8)
    identity_id: int | None = Field(default=None, foreign_key="identity.id", index=True)
    person_id: int | None = Field(default=None, foreign_key="person.id")
    building_id: int | None = Field(default=None, foreign_key="building.id")
    place: str = Field(default="", max_length=80)
    says: str = Field(default="asked", max_length=10)


class CaseStep(SQLModel, table=True):
    """A step of the clock's ladder that was done: once per clock, step and round, whoever did it."""

    __tablename__ = "case_step"
    __table_args__ = (UniqueConstraint("case_id", "clock", "step", "round"), KEEPS_COUNTING)

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    case_id: int = Field(sa_column=Column(BigId, ForeignKey("cases.id"), nullable=False))
    clock: str = Field(max_length=12)
    step: str = Field(max_length=16)
    round: int
    due_at: datetime = Field(sa_type=UtcTime)
    done_at: datetime = Field(sa_type=UtcTime, index=True)
    by: str = Field(default="clock", max_length=12)


class ShownCard(SQLModel, table=True):
    """The card of one case that one reader has before him, and the codes that let it be drawn anew, once each.

    ``codes`` are ``[code, when it came (ISO)]``, the oldest first; the platform forgets them after 72 hours.
    """

    __tablename__ = "shown_card"

    case_id: int = Field(sa_column=Column(BigId, ForeignKey("cases.id"), primary_key=True))
    identity_id: int = Field(foreign_key="identity.id", primary_key=True)
    codes: list[list[str]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
