"""The cases behind a figure: whoever doubts a percentage can see each case that made it. Counts nothing.

By the same definitions as ``counts``, so that the lists are as long as the figures say.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, or_, select
from sqlmodel import Session, col

from bot.reports import case_facts
from bot.reports.assessment import NUMERATORS
from bot.reports.case_facts import event_of, id_, number
from bot.reports.counts import ASSIGNED, EXTENDED, Unit, happened
from bot.reports.period import Period
from config.scheme import ClosedWhen, Rate, Scheme
from storage.case import Case, CaseEvent

Figure = Literal["due", "closed", "on_time", "extended", "extension_base", "first_pass", "first_pass_base"]
_FLAG = {"closed": "closed", "on_time": "on_time", "first_pass": "first_pass", "first_pass_base": "handled"}
_KINDS = {"extended": (EXTENDED,), "extension_base": (ASSIGNED, EXTENDED)}


@dataclass(frozen=True, slots=True, order=True)
class CaseRef:
    """``number`` is the short one (``1122-07``), unique only within its community and year."""

    case_id: int
    number: str


def behind(
    session: Session, period: Period, unit: Unit, rate: Rate, *, scheme: Scheme
) -> tuple[list[CaseRef], list[CaseRef]]:
    """The cases of a rate's numerator and of its denominator, in the order in which they came in."""
    above, below = NUMERATORS[rate], scheme.term(rate).bases[0]
    return (
        cases_of(session, period, unit, above, closed_when=scheme.closed_when),
        cases_of(session, period, unit, below, closed_when=scheme.closed_when),
    )


def cases_of(session: Session, period: Period, unit: Unit, figure: Figure, *, closed_when: ClosedWhen) -> list[CaseRef]:
    """The cases that one count of a unit consists of."""
    if kinds := _KINDS.get(figure):
        return sorted(_by_event(session, period, unit, kinds))
    return sorted(_by_deadline(session, period, unit, _FLAG.get(figure, ""), closed_when))


def _by_event(session: Session, period: Period, unit: Unit, kinds: tuple[str, ...]) -> Iterator[CaseRef]:
    columns: list[Any] = [id_.label("case_id"), number.label("number")]
    rows = session.execute(
        select(*columns)
        .distinct()
        .select_from(CaseEvent)
        .join(Case, id_ == event_of)
        .where(happened(kinds, period), _of(unit))
    )
    for row in rows:
        yield CaseRef(row.case_id, row.number)


def _by_deadline(session: Session, period: Period, unit: Unit, flag: str, closed_when: ClosedWhen) -> Iterator[CaseRef]:
    changed = {was.case_id: was for _, was in case_facts.changed(session, period, closed_when)}
    facts: list[Any] = [fact for fact in changed.values() if fact.due and _has(unit, fact)]
    for row in session.execute(case_facts.plain(period, closed_when).where(_of(unit))):
        if row.case_id not in changed:
            facts.append(row)
    for fact in facts:
        if not flag or getattr(fact, flag):
            yield CaseRef(fact.case_id, fact.number)


def _of(unit: Unit) -> ColumnElement[bool]:
    mine = col(Case.community_id).in_(unit.communities)
    if unit.grids is None:
        return mine
    grid = col(Case.grid_id)
    ids = [each for each in unit.grids if each is not None]
    return and_(mine, or_(grid.in_(ids), grid.is_(None)) if None in unit.grids else grid.in_(ids))


def _has(unit: Unit, fact: case_facts.Fact) -> bool:
    return fact.community_id in unit.communities and (unit.grids is None or fact.grid_id in unit.grids)
