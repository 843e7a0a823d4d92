"""The counts behind an assessment, read from cases and their events: per grid, community and street. Changes nothing.

What is counted, where nobody has published it (推断 marks what was inferred from the city's table):

* received 受理: what came in during the period; what was doubtful came in with a human's yes.
* self_handled 自行处置, registered 立案: cases with such an event in the period.
* due 应结案: filed, the deadline falls in the period, and at its end the case was not withdrawn, merged, declined,
  done on the spot or waiting (挂账 leaves the base in some cities; 推断).
* closed 结案: of those due, handled by the period's end, or verified by then (``closed_when`` of the scheme; 推断).
* on_time 按期: of those due, first handled within the deadline, or open with the deadline still ahead.
* extension_base, extended: cases that were assigned in the period, and those that were extended in it; a case that
  was assigned earlier and extended now is in both, so that no rate can exceed 100 % (推断).
* first_pass_base, first_pass: of those due, the handled ones, and of these the ones never sent back nor opened anew by
  the period's end (推断).
* media_deduction: the sum of the points of 媒体督办 in the period.

A micro-grid's cases are its grid's. A case without a grid is its community's, and is shown in a line of its own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, Result, and_, case, func, or_, select
from sqlmodel import Session, col

from bot.reports import case_facts
from bot.reports.assessment import Counts
from bot.reports.case_facts import FLAGS, event_at, event_kind, event_of, id_
from bot.reports.period import Period
from bot.texts import assessment as words
from bot.texts import times
from config.scheme import ClosedWhen
from storage.case import Case, CaseEvent
from storage.grid import Community, Grid, GridLevel

ASSIGNED, EXTENDED, REGISTERED, SELF_HANDLED, SUPERVISED = (
    "assigned", "extended", "registered", "self_handled", "media_supervised"
)  # fmt: skip
# what may be a request waits for a human's yes
EXTRACTED, CONFIRMED = "extracted", "confirmed"
# of the kinds that are counted
_UNDOABLE = (EXTENDED, SELF_HANDLED)
_DAY = timedelta(days=1)
_Spot = tuple[int, int | None]
"""Community and grid of a case."""
_Spots = dict[int, dict[int | None, "Tally"]]
_NO_GRID: frozenset[int | None] = frozenset({None})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What was counted in one place; places add up."""

    received: int = 0
    self_handled: int = 0
    registered: int = 0
    due: int = 0
    closed: int = 0
    on_time: int = 0
    handled: int = 0
    first_pass: int = 0
    assigned: int = 0
    extended: int = 0
    points: Fraction = Fraction(0)

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(**{each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(Tally)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Who is assessed. ``grids`` None: all cases of ``communities``, else only those of these grids (None: of none)."""

    level: str
    code: str
    name: str
    communities: frozenset[int]
    grids: frozenset[int | None] | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    unit: Unit
    tally: Tally

    def counts(self) -> Counts:
        """For the assessment."""
        tally = self.tally
        return Counts(
            unit=self.unit.name,
            group=self.unit.level,
            due=tally.due,
            closed=tally.closed,
            on_time=tally.on_time,
            extended=tally.extended,
            extension_base=tally.assigned,
            first_pass=tally.first_pass,
            first_pass_base=tally.handled,
            media_deduction=tally.points or None,
        )

    def extra(self) -> dict[str, int | str]:
        """What stands beside the assessment."""
        tally = self.tally
        return {"code": self.unit.code, "received": tally.received, "self_handled": tally.self_handled,
                "registered": tally.registered}  # fmt: skip


def count(session: Session, period: Period, *, closed_when: ClosedWhen) -> list[Counted]:
    """Every street with its communities and their grids, in the order of their codes."""
    spots: _Spots = {}
    for part in (
        _of_due(session, period, closed_when),
        _of_changed(session, period, closed_when),
        _of_events(session, period),
        _of_received(session, period),
        _of_points(session, period),
    ):
        for (community, grid), tally in part:
            place = spots.setdefault(community, {})
            place[grid] = place.get(grid, Tally()) + tally
    counted = (Counted(unit, _sum(unit, spots)) for unit in units(session))
    return [each for each in counted if each.tally != Tally() or each.unit.grids != _NO_GRID]


def units(session: Session) -> list[Unit]:
    """Streets, their communities, their grids. Streets are told apart by name, and may be blank."""
    communities = session.execute(
        select(col(Community.id), col(Community.code), col(Community.name), col(Community.street))
        .order_by(col(Community.street), col(Community.code))
    ).all()  # fmt: skip
    grids = session.execute(
        select(col(Grid.id), col(Grid.community_id), col(Grid.parent_id), col(Grid.code), col(Grid.name),
               col(Grid.level))
        .order_by(col(Grid.code))
    ).all()  # fmt: skip
    streets: dict[str, list[Any]] = {}
    for row in communities:
        streets.setdefault(row.street, []).append(row)
    cells = _cells(grids)
    found: list[Unit] = []
    for street, mine in streets.items():
        if street:
            ids = frozenset(row.id for row in mine)
            found.append(Unit(level=words.STREET, code=mine[0].code[:9], name=street, communities=ids))
        for row in mine:
            whole = frozenset({row.id})
            found.append(Unit(level=words.COMMUNITY, code=row.code, name=row.name, communities=whole))
            for code, name, ids_of in (*cells.get(row.id, ()), ("", words.NO_GRID, _NO_GRID)):
                full = f"{row.name} {name}"
                found.append(Unit(level=words.GRID, code=code, name=full, communities=whole, grids=ids_of))
    return found


def _cells(grids: Iterable[Any]) -> dict[int, list[tuple[str, str, frozenset[int | None]]]]:
    """The grids of each community, by code: code, name, and the ids that are theirs with their micro-grids."""
    inner: dict[int, list[int]] = {}
    outer: list[Any] = []
    for grid in grids:
        if grid.level == GridLevel.MICRO and grid.parent_id is not None:
            inner.setdefault(grid.parent_id, []).append(grid.id)
        else:
            outer.append(grid)
    found: dict[int, list[tuple[str, str, frozenset[int | None]]]] = {}
    for grid in outer:
        ids = frozenset({grid.id, *inner.get(grid.id, ())})
        found.setdefault(grid.community_id, []).append((grid.code, grid.name, ids))
    return found


def _sum(unit: Unit, spots: Mapping[int, Mapping[int | None, Tally]]) -> Tally:
    places = (spots.get(community, {}) for community in unit.communities)
    if unit.grids is None:
        return sum((tally for place in places for tally in place.values()), Tally())
    return sum((place[grid] for place in places for grid in unit.grids if grid in place), Tally())


_Part = Iterable[tuple[_Spot, Tally]]


def _of_due(session: Session, period: Period, closed_when: ClosedWhen) -> _Part:
    facts = case_facts.plain(period, closed_when).subquery()
    where = facts.c.community_id, facts.c.grid_id
    sums = (func.sum(facts.c[flag]).label(flag) for flag in FLAGS)
    for row in session.execute(select(*where, func.count().label("due"), *sums).group_by(*where)):
        yield _spot(row), _tally(row, "due", *FLAGS)


def _of_changed(session: Session, period: Period, closed_when: ClosedWhen) -> _Part:
    """What must be taken off and put on where the columns no longer say what was true."""
    for seems, was in case_facts.changed(session, period, closed_when):
        spot = was.community_id, was.grid_id
        if seems != was:
            yield spot, _one(seems, -1)
            yield spot, _one(was, 1)


def _one(fact: case_facts.Fact, sign: int) -> Tally:
    if not fact.due:
        return Tally()
    flags: dict[str, Any] = {flag: sign * int(getattr(fact, flag)) for flag in FLAGS}
    return replace(Tally(due=sign), **flags)


def _of_events(session: Session, period: Period) -> _Part:
    """Cases by what happened to them in the period; each once, however often it happened."""
    where = col(Case.community_id), col(Case.grid_id)
    wanted = {"assigned": (ASSIGNED, EXTENDED), "extended": (EXTENDED,), "registered": (REGISTERED,),
              "self_handled": (SELF_HANDLED,), "received": (CONFIRMED,)}  # fmt: skip
    sums = (
        func.count(func.distinct(case((event_kind.in_(kinds), event_of)))).label(name) for name, kinds in wanted.items()
    )
    rows = session.execute(
        select(*where, *sums)
        .select_from(CaseEvent)
        .join(Case, id_ == event_of)
        .where(happened({kind for kinds in wanted.values() for kind in kinds}, period))
        .group_by(*where)
    )
    for row in rows:
        yield _spot(row), _tally(row, *wanted)


def _of_received(session: Session, period: Period) -> _Part:
    where = col(Case.community_id), col(Case.grid_id)
    # the day is in an index, the moment is not; a community is named so that the index can be used
    near = col(Case.day).between((times.local(period.start) - _DAY).date(), (times.local(period.end) + _DAY).date())
    doubtful = select(event_of).where(happened([EXTRACTED], period))
    rows = session.execute(
        select(*where, func.count().label("received"))
        .where(col(Case.community_id).in_(select(col(Community.id))), near)
        .where(col(Case.opened_at) >= period.start, col(Case.opened_at) < period.seen, id_.not_in(doubtful))
        .group_by(*where)
    )
    for row in rows:
        yield _spot(row), Tally(received=row.received)


def _of_points(session: Session, period: Period) -> _Part:
    rows: Result[Any] = session.execute(
        select(col(Case.community_id), col(Case.grid_id), col(CaseEvent.data).label("data"))
        .join(Case, id_ == event_of)
        .where(happened([SUPERVISED], period))
    )
    for row in rows:
        yield _spot(row), Tally(points=Fraction(str(row.data["points"])))


def happened(kinds: Iterable[str], period: Period) -> ColumnElement[bool]:
    """An event of the period, as far as it has passed, that was not taken back."""
    return and_(
        event_kind.in_(sorted(kinds)),
        event_at >= period.start,
        event_at < period.seen,
        or_(event_kind.not_in(_UNDOABLE), case_facts.stands()),
    )


def _tally(row: Any, *names: str) -> Tally:
    found: dict[str, Any] = {name: int(row._mapping[name]) for name in names}
    return replace(Tally(), **found)


def _spot(row: Any) -> _Spot:
    return row.community_id, row.grid_id
