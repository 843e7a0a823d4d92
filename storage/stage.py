"""The simulator's network: what was said on its stage, by people and by the bot. Only the demo fills it."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from storage.db import KEEPS_COUNTING, BigId, UtcTime


class StageLine(SQLModel, table=True):
    """One bubble. ``room`` is a group's id (``group:…``) or a person's (``person:…``); ``task`` names a card.

    ``kind``: said (a person), text, card (the bot). A card with the same ``task`` replaces the one drawn before.
    """

    __tablename__ = "stage_line"
    __table_args__ = (KEEPS_COUNTING,)

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    room: str = Field(max_length=140, index=True)
    speaker: str = Field(max_length=140)
    speaker_name: str = Field(default="", max_length=60)
    kind: str = Field(max_length=8)
    text: str = Field(max_length=4_000)
    card: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    key: str = Field(default="", max_length=120, index=True)
    at: datetime = Field(sa_type=UtcTime)
