"""What is true about each case at the end of a period: due, closed, on time, done at once. Counts nothing itself.

A report of November must say the same in January, so nothing may be taken from a column that January has changed:
* the deadline is the one that stood when the case was first handled, or at the end of the period; what was moved
  later is read back from the events, which keep the old deadline;
* whether a case was withdrawn, merged, declined, done on the spot or resting (挂账, 等居民) is read from its events
  wherever one of them stands after the period's end;
* what was taken back within its two minutes never happened.
Most cases need neither: ``plain`` lets the database judge them by their columns. The few others come out one by one,
as ``changed``, with what the columns say and what was true.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from bot.reports.period import Period
from config.scheme import ClosedWhen
from storage.case import Case, CaseClock, CaseEvent, CaseState

FINISH = "finish"
# these events carry ``old``, the deadline before them
MOVES = ("extended", "deadline_moved")
AGAIN = ("reworked", "reopened")
# out of the base; while a case rests its clock does not run
LEAVES = ("withdrawn", "merged", "declined", "self_handled", "suspended", "cooled", "waits_for_resident")
RETURNS = ("resumed", "handled")
UNDONE = "undone"
# not (yet) filed, or no longer anybody's to finish
OUT = (CaseState.CANDIDATE, CaseState.RECEIVED, CaseState.DISCARDED, CaseState.DECLINED, CaseState.SELF_HANDLED,
       CaseState.SUSPENDED, CaseState.WITHDRAWN, CaseState.MERGED)  # fmt: skip
FINAL = (CaseState.CLOSED, CaseState.ARCHIVED)
_BATCH = 500
# no deadline is set longer ahead than about a year, and extensions do not stack up to more than this
_REACH = timedelta(days=1_100)

_Select = Select[*tuple[Any, ...]]
id_, state, number = col(Case.id), col(Case.state), col(Case.number)
handled_at, closed_at = col(Case.handled_at), col(Case.closed_at)
due_at = col(CaseClock.due_at)
event_id, event_of, event_at, event_kind = (
    col(CaseEvent.id), col(CaseEvent.case_id), col(CaseEvent.at), col(CaseEvent.kind)
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One case at the end of a period; it is ``due`` in it or not, and only then the rest counts."""

    case_id: int
    number: str
    community_id: int
    grid_id: int | None
    due: bool = True
    closed: bool
    on_time: bool
    handled: bool
    first_pass: bool


FLAGS = ("closed", "on_time", "handled", "first_pass")


def plain(period: Period, closed_when: ClosedWhen) -> _Select:
    """The cases due in the period, judged by their columns: a row of ``Fact`` each, with flags of 0 and 1."""
    done, first = _done(period), _first_done()
    again = id_.in_(select(event_of).where(event_kind.in_(AGAIN), event_at < period.seen))
    closed = done if closed_when == "handled" else and_(closed_at < period.seen, state.in_(FINAL))
    flags = {
        "closed": closed,
        "on_time": or_(and_(done, first <= due_at), and_(~done, due_at >= period.seen)),
        "handled": done,
        "first_pass": and_(done, ~again),
    }
    # what ended otherwise than by closing is archived like what was closed
    out = or_(
        state.in_(OUT),
        and_(state == CaseState.ARCHIVED, closed_at.is_(None)),
        and_(col(CaseClock.paused_at).is_not(None), ~done),
    )
    columns: list[Any] = [id_.label("case_id"), number.label("number"), col(Case.community_id).label("community_id"),
                          col(Case.grid_id).label("grid_id")]  # fmt: skip
    return (
        select(*columns, *(_flag(flags[name]).label(name) for name in FLAGS))
        .select_from(CaseClock)
        .join(Case, id_ == col(CaseClock.case_id))
        .where(col(CaseClock.kind) == FINISH, _in(period), ~out)
    )


def changed(session: Session, period: Period, closed_when: ClosedWhen) -> Iterator[tuple[Fact, Fact]]:
    """The cases whose columns say something else than was true then: what ``plain`` says of each, and what was."""
    ids = sorted(_moved(session, period) | _left_later(session, period, closed_when))
    yield from judged(session, ids, period, closed_when)


def judged(
    session: Session, ids: Sequence[int], period: Period, closed_when: ClosedWhen
) -> Iterator[tuple[Fact, Fact]]:
    """These cases one by one, in batches: what their columns say now, and what was true at the period's end."""
    for start in range(0, len(ids), _BATCH):
        some = ids[start : start + _BATCH]
        events: dict[int, list[Any]] = {}
        for event in session.execute(_story(some)):
            events.setdefault(event.case_id, []).append(event)
        for row in session.execute(_as_it_stands(some)):
            yield _judged(row, events.get(row.id, []), period, closed_when)


def _judged(row: Any, story: Sequence[Any], period: Period, closed_when: ClosedWhen) -> tuple[Fact, Fact]:
    events = _kept(story)
    before = [event for event in events if event.at < period.seen]
    after = events[len(before) :]
    first = min((at for at in (row.handled_at, row.closed_at) if at), default=None)
    handled = first is not None and first < period.seen
    again = any(event.kind in AGAIN for event in before)

    def fact(due: datetime, *, out: bool, closed: bool) -> Fact:
        return Fact(
            case_id=row.id,
            number=row.number,
            community_id=row.community_id,
            grid_id=row.grid_id,
            due=period.start <= due < period.end and not out,
            closed=closed,
            on_time=first <= due if handled and first else due >= period.seen,
            handled=handled,
            first_pass=handled and not again,
        )

    ended_otherwise = row.state == CaseState.ARCHIVED and row.closed_at is None
    out = row.state in OUT or ended_otherwise or (row.paused_at is not None and not handled)
    checked = row.closed_at is not None and row.closed_at < period.seen and row.state in FINAL
    due, closed = row.due_at, handled if closed_when == "handled" else checked
    seems = fact(due, out=out, closed=closed)
    moved = next((event for event in events if _is_move(event) and _too_late(event, first, period)), None)
    if moved is not None:
        due = datetime.fromisoformat(moved.data["old"]).astimezone(UTC)
    if any(_step(event) in LEAVES or _step(event) == "resumed" for event in after):
        out = _last(before, (*LEAVES, *RETURNS)) in LEAVES
    if closed_when == "closed" and any(event.kind == "reopened" for event in after):
        closed = _last(before, ("closed", "reopened")) == "closed"
    return seems, fact(due, out=out, closed=closed)


def _kept(story: Sequence[Any]) -> list[Any]:
    """The events without those that were taken back, and all that these had brought with them."""
    kept: list[Any] = []
    for event in story:
        if event.kind == UNDONE:
            what = event.data.get("what")
            index = next((index for index in reversed(range(len(kept))) if kept[index].kind == what), len(kept))
            del kept[index:]
        else:
            kept.append(event)
    return kept


def _is_move(event: Any) -> bool:
    return event.kind in MOVES and event.data.get("clock") == FINISH


def _too_late(event: Any, first: datetime | None, period: Period) -> bool:
    """Whether the deadline had ceased to matter by then."""
    return event.at >= period.seen or (first is not None and event.at > first)


def _step(event: Any) -> str:
    """A resident's answer ends the waiting without an event of its own: the clock says so."""
    goes_on = _is_move(event) and event.data.get("reason") == "resumed"
    return "resumed" if goes_on else str(event.kind)


def _last(events: Sequence[Any], kinds: tuple[str, ...]) -> str:
    return next((_step(event) for event in reversed(events) if _step(event) in kinds), "")


def _story(ids: Sequence[int]) -> _Select:
    # naming the kinds as well would lead SQLite to an index that knows nothing of these few cases
    columns: list[Any] = [event_of, event_at, event_kind, col(CaseEvent.data)]
    return select(*columns).where(event_of.in_(ids)).order_by(event_of, event_at, event_id)


def _as_it_stands(ids: Sequence[int]) -> _Select:
    columns: list[Any] = [id_, number, col(Case.community_id), col(Case.grid_id), state, handled_at, closed_at, due_at,
                          col(CaseClock.paused_at)]  # fmt: skip
    clock = and_(col(CaseClock.case_id) == id_, col(CaseClock.kind) == FINISH)
    return select(*columns).join(CaseClock, clock).where(id_.in_(ids))


def _moved(session: Session, period: Period) -> set[int]:
    """Cases whose deadline was moved after it had ceased to matter (handled by then, or the period over), where the
    old or the present deadline lies in the period."""
    clock: ColumnElement[str] = col(CaseEvent.data)["clock"].as_string()
    old: ColumnElement[str] = col(CaseEvent.data)["old"].as_string()
    # the text is compared by its day, generously: it may have been written in another time zone
    near = old.between(f"{period.start - timedelta(days=1):%Y-%m-%d}", f"{period.end + timedelta(days=2):%Y-%m-%d}")
    rows = session.execute(
        select(event_of)
        .distinct()
        .select_from(CaseEvent)
        .join(Case, id_ == event_of)
        .join(CaseClock, and_(col(CaseClock.case_id) == id_, col(CaseClock.kind) == FINISH))
        .where(event_kind.in_(MOVES), clock == FINISH, event_at >= period.start - _REACH)
        .where(or_(event_at >= period.seen, event_at > _first_done()))
        .where(or_(_in(period), near))
    )
    return {row.case_id for row in rows}


def _left_later(session: Session, period: Period, closed_when: ClosedWhen) -> set[int]:
    """Cases due in the period that left, came back or were opened anew after it."""
    kinds = (*LEAVES, "resumed", *(("reopened",) if closed_when == "closed" else ()))
    rows = session.execute(
        select(event_of)
        .distinct()
        .join(CaseClock, and_(col(CaseClock.case_id) == event_of, col(CaseClock.kind) == FINISH))
        .where(event_kind.in_(kinds), event_at >= period.seen, _in(period))
    )
    return {row.case_id for row in rows}


def stands() -> ColumnElement[bool]:
    """An event that was not taken back: undoing is the very next change of its case."""
    undoing = aliased(CaseEvent)
    undone: ColumnElement[int] = col(undoing.data)["v"].as_integer()
    did: ColumnElement[int] = col(CaseEvent.data)["v"].as_integer()
    return ~exists().where(col(undoing.case_id) == event_of, col(undoing.kind) == UNDONE, undone == did + 1)


def _in(period: Period) -> ColumnElement[bool]:
    return and_(due_at >= period.start, due_at < period.end)


def _flag(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


def _done(period: Period) -> ColumnElement[bool]:
    """Handled for the first time, or closed without a word of handling, before the period was over."""
    return or_(
        and_(handled_at.is_not(None), handled_at < period.seen), and_(closed_at.is_not(None), closed_at < period.seen)
    )


def _first_done() -> ColumnElement[datetime]:
    return case((or_(closed_at.is_(None), handled_at <= closed_at), handled_at), else_=closed_at)
