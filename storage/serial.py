"""Case numbers: one after the other per community and day, without a gap and without a clash.

The counters of all communities that a transaction may need are locked in one statement, always in the same order, so
that two workers never wait for each other crosswise; counting goes on in memory and is written with the commit.
"""

from collections.abc import Collection
from datetime import date

from sqlalchemy import Date, bindparam, event, text
from sqlmodel import Session

_HELD = "case numbers"
Key = tuple[int, date]


def reserve(session: Session, communities: Collection[int], day: date) -> None:
    """Lock the counters of these communities for this transaction."""
    held: dict[Key, list[int]] = session.info.setdefault(_HELD, {})
    new = sorted(community for community in set(communities) if (community, day) not in held)
    if new:
        for community, last in session.connection().execute(_LOCK, {"ids": new, "day": day}):
            held[community, day] = [last, last]


def next_serial(session: Session, community: int, day: date) -> int:
    """The next number of the day; used up only when the transaction commits."""
    reserve(session, [community], day)
    counter: list[int] = session.info[_HELD][community, day]
    counter[1] += 1
    return counter[1]


_LOCK = text(
    "INSERT INTO case_serial (community_id, day, last) SELECT id, :day, 0 FROM community WHERE id IN :ids ORDER BY id "
    "ON CONFLICT (community_id, day) DO UPDATE SET last = case_serial.last RETURNING community_id, last"
).bindparams(bindparam("ids", expanding=True), bindparam("day", type_=Date()))
_WRITE = text("UPDATE case_serial SET last = :last WHERE community_id = :community AND day = :day").bindparams(
    bindparam("day", type_=Date())
)


@event.listens_for(Session, "before_commit")
def _write(session: Session) -> None:
    held: dict[Key, list[int]] = session.info.pop(_HELD, {})
    rows = [
        {"community": community, "day": day, "last": last}
        for (community, day), (first, last) in held.items()
        if last > first
    ]
    if rows:
        session.connection().execute(_WRITE, rows)


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, _previous: object) -> None:
    session.info.pop(_HELD, None)
