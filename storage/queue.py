"""Taking work from the inbox and the outbox. Says who may work on a row, never what is done with it.

A claim moves ``not_before`` into the future: that is the lease. Whoever dies leaves a row that becomes free again
by itself. Only the oldest open row of a lane is ever taken, so one talk is worked in order and one target gets
one message at a time, however many processes take part.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import bindparam, func, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from storage.db import is_postgres
from storage.message import IS_OPEN, Inbox, Outbox

OPEN, DONE, FAILED, SENT, DEAD = "open", "done", "failed", "sent", "dead"


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


def claim_outbox(session: Session, *, now: datetime, lease: timedelta, most: int) -> list[Outbox]:
    """Up to ``most`` messages to send, urgent ones first, held until ``now + lease``."""
    statement = _claim_outbox(is_postgres(session.get_bind()))
    return sorted(_claimed(session, statement, now, lease, most), key=lambda row: (not row.urgent, row.id or 0))


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
    other = aliased(Outbox)
    older = select(other.id).where(
        col(other.lane) == Outbox.lane,
        col(other.state) == IS_OPEN,
        col(other.id) < Outbox.id,
        # within a lane an urgent message waits for no ordinary one, and an ordinary one for all urgent ones
        col(other.urgent) >= col(Outbox.urgent),
    )
    urgent_waits = select(other.id).where(
        col(other.lane) == Outbox.lane,
        col(other.state) == IS_OPEN,
        col(other.urgent).is_(True),
        col(Outbox.urgent).is_(False),
    )
    free = (
        select(col(Outbox.id))
        .where(
            col(Outbox.state) == IS_OPEN,
            col(Outbox.not_before) <= bindparam("now"),
            ~older.exists(),
            ~urgent_waits.exists(),
        )
        .order_by(col(Outbox.urgent).desc(), col(Outbox.id))
        .limit(bindparam("most"))
    )
    return (
        update(Outbox)
        .where(col(Outbox.id).in_(free.with_for_update(skip_locked=True) if postgres else free))
        .values(attempts=col(Outbox.attempts) + 1, not_before=bindparam("until"), tried_at=bindparam("now"))
        .returning(Outbox)
    )


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


def sent_since(session: Session, lanes: list[str], *, since: datetime) -> dict[str, tuple[int, datetime]]:
    """How many messages each lane tried since then, and when the first of them left: what pacing goes by."""
    rows = session.execute(
        select(col(Outbox.lane), func.count(), func.min(col(Outbox.tried_at)))
        .where(col(Outbox.lane).in_(lanes), col(Outbox.tried_at) > since, col(Outbox.state) != OPEN)
        .group_by(col(Outbox.lane))
    ).all()
    return {lane: (count, first) for lane, count, first in rows}
