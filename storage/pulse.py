"""The heartbeat of each ticking job: when it last ran, and in whose hands. Says nothing about what was done."""

from datetime import datetime, timedelta

from sqlalchemy import JSON, Column
from sqlmodel import Field, Session, SQLModel, select

from storage.db import UtcTime
from storage.late import insert_once

MOST_BEATS = 40
# a job with much to do beats many times a second: within this time one beat stands for all
_NEAR = timedelta(seconds=5)


class Pulse(SQLModel, table=True):
    """``at`` is the clock's time of the last round, ``holder`` the process that ran it, ``rounds`` how many there were.

    ``before`` is the round before that one. ``beats`` are the last ones as ``[at (ISO), holder]``, the oldest first, so
    that a leap of the clock, or a second ticker, is seen by whoever looks once a minute.
    """

    __tablename__ = "pulse"

    name: str = Field(primary_key=True, max_length=20)
    at: datetime = Field(sa_type=UtcTime)
    before: datetime | None = Field(default=None, sa_type=UtcTime)
    holder: str = Field(default="", max_length=40)
    rounds: int = 0
    beats: list[list[str]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False, server_default="[]"))

    @property
    def heard(self) -> list[tuple[datetime, str]]:
        """The last beats as times and holders."""
        return [(datetime.fromisoformat(at), holder) for at, holder in self.beats]


def beat(session: Session, *, name: str, holder: str, now: datetime) -> None:
    """Write down that a round has ended. Two tickers that beat at once do so one after the other."""
    first = {"name": name, "at": now, "before": None, "holder": holder, "rounds": 0, "beats": []}
    insert_once(session, Pulse, [first], on=("name",))
    pulse = session.exec(select(Pulse).where(Pulse.name == name).with_for_update()).one()
    if pulse.rounds:
        pulse.before = pulse.at
    pulse.at, pulse.holder, pulse.rounds = now, holder, pulse.rounds + 1
    pulse.beats = _with(pulse.heard, now, holder)
    session.add(pulse)


def _with(beats: list[tuple[datetime, str]], now: datetime, holder: str) -> list[list[str]]:
    if len(beats) > 1 and beats[-1][1] == beats[-2][1] == holder and timedelta(0) <= now - beats[-2][0] < _NEAR:
        beats = beats[:-1]
    return [[at.isoformat(), who] for at, who in [*beats, (now, holder)][-MOST_BEATS:]]
