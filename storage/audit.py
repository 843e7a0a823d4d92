"""The audit: who did what, through which door, when. Append-only; rows are chained by hash once sealed.

Rows are written in the transaction of the act and sealed a moment later, in order, by one sealer: chaining inside
the act would make every writer wait for every other.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, text
from sqlmodel import Field, SQLModel

from storage.db import KEEPS_COUNTING, BigId, UtcTime

UNSEALED = text("seal IS NULL")


class AuditRow(SQLModel, table=True):
    """``seal`` numbers the sealed rows without a gap; ``digest`` covers the row and the digest before it."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_unsealed", "id", sqlite_where=UNSEALED, postgresql_where=UNSEALED),
        KEEPS_COUNTING,
    )

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    at: datetime = Field(sa_type=UtcTime)
    actor: str = Field(max_length=80)
    door: str = Field(max_length=20)
    verb: str = Field(max_length=40)
    subject: str = Field(max_length=80)
    data: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    seal: int | None = Field(default=None, sa_column=Column(BigId, unique=True, nullable=True))
    digest: str = Field(default="", max_length=64)
