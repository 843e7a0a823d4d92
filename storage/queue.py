"""Taking work from the inbox and the outbox. Says who may work on a row, never what is done with it.

A claim moves ``not_before`` into the future: that is the lease. Whoever dies leaves a row that becomes free again
by itself. Only the oldest open row of a lane is ever taken, so one talk is worked in order and one target gets
one message at a time, however many processes take part.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Table, any_, bindparam, func, literal_column, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from storage.db import is_postgres
from storage.message import IS_OPEN, Inbox, Outbox

OPEN, DONE, FAILED, SENT, DEAD = "open", "done", "failed", "sent", "dead"
_BOX: Table = Outbox.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class End:
    """What became of one message, and why."""

    row: Inbox
    outcome: str
    thought: dict[str, Any]


def claim_inbox(session: Session, *, now: datetime, lease: timedelta, most: int) -> list[Inbox]:
    """Up to ``most`` messages to work on, oldest first, held until ``now + lease``."""
    statement = _claim_inbox(is_postgres(session.get_bind()))
    return sorted(_claimed(session, statement, now, lease, most), key=lambda row: row.id or 0)


class Parcel(NamedTuple):
    """An outbox row in the hands of one sender: ``attempts`` tells him from whoever takes it after his lease."""

    id: int
    key: str
    channel: str
    lane: str
    to: str
    address: str
    label: str
    payload: dict[str, Any]
    case_id: int | None
    urgent: bool
    attempts: int


def claim_outbox(session: Session, *, now: datetime, lease: timedelta, most: int) -> list[Parcel]:
    """Up to ``most`` messages to send, urgent ones first, held until ``now + lease``."""
    rows = session.connection().execute(
        _claim_outbox(is_postgres(session.get_bind())),
        {"now": now, "until": now + lease, "most": most},
    )
    return sorted(map(Parcel._make, rows), key=lambda row: (not row.urgent, row.id))


def finish_outbox(session: Session, ends: Sequence[Mapping[str, Any]]) -> None:
    """Write down what came of messages: columns by name, and ``row`` and ``tries`` of the one who held it.

    Only the holder of the lease may write: a second sender has raised the count, and his word stands.
    """
    session.connection().execute(_MARK, ends)


def put_off(session: Session, waits: Iterable[tuple[Parcel, datetime]]) -> None:
    """Give messages back that were not tried: each is due at its moment, and the attempt does not count."""
    session.connection().execute(
        _PUT_OFF, [{"row": row.id, "tries": row.attempts, "until": until} for row, until in waits]
    )


def _claimed(session: Session, statement: Any, now: datetime, lease: timedelta, most: int) -> Iterable[Any]:
    return session.scalars(
        statement,
        {"now": now, "until": now + lease, "most": most},
        execution_options={"synchronize_session": False},
    )


@cache
def _claim_inbox(postgres: bool) -> Any:
    other = aliased(Inbox)
    older = select(other.id).where(col(other.lane) == Inbox.lane, col(other.state) == IS_OPEN, col(other.id) < Inbox.id)
    free = (
        select(col(Inbox.id))
        .where(col(Inbox.state) == IS_OPEN, col(Inbox.not_before) <= bindparam("now"), ~older.exists())
        .order_by(col(Inbox.id))
        .limit(bindparam("most"))
    )
    return (
        update(Inbox)
        .where(col(Inbox.id).in_(free.with_for_update(skip_locked=True) if postgres else free))
        .values(attempts=col(Inbox.attempts) + 1, not_before=bindparam("until"))
        .returning(Inbox)
    )


@cache
def _claim_outbox(postgres: bool) -> Any:
    return (
        update(_BOX)
        .where(_BOX.c.id.in_(_free()) if not postgres else _BOX.c.id == any_(_rows(_free_and_unheld())))
        .values(attempts=_BOX.c.attempts + 1, not_before=bindparam("until"), tried_at=bindparam("now"))
        .returning(*(_BOX.c[name] for name in Parcel._fields))
    )


def _free() -> Any:
    """Rows that wait for nobody, for SQLite: each open row asks its lane's index whether another goes before it."""
    other = _BOX.alias()
    goes_before = (other.c.urgent > _BOX.c.urgent) | ((other.c.urgent == _BOX.c.urgent) & (other.c.id < _BOX.c.id))
    earlier = select(other.c.id).where(
        other.c.lane == _BOX.c.lane, other.c.state == IS_OPEN, goes_before, _in_the_way(other)
    )
    return (
        select(_BOX.c.id)
        .where(_BOX.c.state == IS_OPEN, _BOX.c.not_before <= bindparam("now"), ~earlier.exists())
        .order_by(_BOX.c.urgent.desc(), _BOX.c.id)
        .limit(bindparam("most"))
    )


def _free_and_unheld() -> Any:
    """The same for PostgreSQL, in a shape that leaves its planner no choice.

    Its statistics mostly say that almost nothing is open, and then it compares every open row with every other:
    a second and a half for 1,500 rows. The first of each lane are found in one pass, and the rows by their key.
    """
    first = func.row_number().over(partition_by=_BOX.c.lane, order_by=(_BOX.c.urgent.desc(), _BOX.c.id))
    open_rows = (
        select(_BOX.c.id, _BOX.c.urgent, _BOX.c.not_before, first.label("place"))
        .where(_BOX.c.state == IS_OPEN, _in_the_way(_BOX))
        .subquery()
    )
    heads = (
        select(open_rows.c.id)
        .where(open_rows.c.place == 1, open_rows.c.not_before <= bindparam("now"))
        .order_by(open_rows.c.urgent.desc(), open_rows.c.id)
        .limit(bindparam("most"))
    )
    # asked again of the row itself: another sender may have taken it since this statement began
    still_free = (_BOX.c.state == IS_OPEN) & (_BOX.c.not_before <= bindparam("now"))
    return select(_BOX.c.id).where(_BOX.c.id == any_(_rows(heads)), still_free).with_for_update(skip_locked=True)


def _in_the_way(row: Any) -> Any:
    """A letter that was tried, or is due, goes before later ones; one held back for the morning lets them pass."""
    return (row.c.attempts > literal_column("0")) | (row.c.not_before <= bindparam("now"))


def _rows(found: Any) -> Any:
    return func.array(found.scalar_subquery())


_HELD = (_BOX.c.id == bindparam("row"), _BOX.c.attempts == bindparam("tries"), _BOX.c.state == IS_OPEN)
_MARK = (
    update(_BOX)
    .where(*_HELD)
    .values(
        state=bindparam("end"),
        not_before=bindparam("due"),
        sent_at=bindparam("sent"),
        ref=bindparam("receipt"),
        response_code=bindparam("code"),
        error=bindparam("trouble"),
    )
)
_PUT_OFF = update(_BOX).where(*_HELD).values(not_before=bindparam("until"), tried_at=None, attempts=_BOX.c.attempts - 1)


def finish_inbox(session: Session, ends: Sequence[End]) -> bool:
    """Close rows that are still held by whoever says so; False: a lease has passed on, undo everything."""
    done = session.connection().execute(
        _FINISH,
        [
            {
                "row": end.row.id,
                "tries": end.row.attempts,
                "ended": DONE,
                "became": end.outcome[:200],
                "why": end.thought,
            }
            for end in ends
        ],
    )
    return done.rowcount == len(ends)


_FINISH = (
    update(Inbox.__table__)  # type: ignore[attr-defined]
    .where(col(Inbox.id) == bindparam("row"), col(Inbox.state) == IS_OPEN, col(Inbox.attempts) == bindparam("tries"))
    .values(state=bindparam("ended"), outcome=bindparam("became"), thought=bindparam("why"))
)


def sent_since(session: Session, lanes: Collection[str], *, since: datetime) -> dict[str, tuple[int, datetime]]:
    """How many messages each lane tried since then, and when the first of them left: what pacing goes by."""
    rows = session.connection().execute(_SENT_SINCE, {"lanes": list(lanes), "since": since})
    return {lane: (count, first) for lane, count, first in rows}


_SENT_SINCE = (
    select(_BOX.c.lane, func.count(), func.min(_BOX.c.tried_at))
    .where(_BOX.c.lane.in_(bindparam("lanes", expanding=True)), _BOX.c.tried_at > bindparam("since"))
    .where(_BOX.c.state != IS_OPEN)
    .group_by(_BOX.c.lane)
)
