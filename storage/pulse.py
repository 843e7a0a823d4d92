"""The heartbeat of each ticking job: when it last ran, and in whose hands. Says nothing about what was done."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from storage.db import UtcTime


class Pulse(SQLModel, table=True):
    """``at`` is the clock's time of the last round, ``holder`` the process that ran it, ``rounds`` how many there were.

    ``before`` is the round before that one, so that a leap of the clock is seen by whoever looks.
    """

    __tablename__ = "pulse"

    name: str = Field(primary_key=True, max_length=20)
    at: datetime = Field(sa_type=UtcTime)
    before: datetime | None = Field(default=None, sa_type=UtcTime)
    holder: str = Field(default="", max_length=40)
    rounds: int = 0
