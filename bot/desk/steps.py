"""What the clock does by itself: it takes the steps that are due, many in one transaction. Decides no deadline.

A step is taken once: the row in ``case_step`` says by whom, and its unique key decides between two who try at once.
Whoever loses does nothing. What a clock waits for next is set in the same transaction.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import defer
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session, col, select

from bot.desk import candidates, clocks, closing, ladder, waiting
from bot.desk.acting import Acting
from bot.desk.letters import Letter
from bot.desk.office import Office
from bot.desk.record import BOT, By
from bot.desk.reminding import ENDS, Around, Key, Todo, look_around, remind
from storage.case import Case, CaseClock
from storage.case_file import CaseStep
from storage.db import is_postgres

CLOCK, AUDITOR = "clock", "auditor"


def due(session: Session, *, now: datetime, most: int) -> list[Todo]:
    """Up to ``most`` steps that are due, the oldest first, held until the end of the transaction."""
    rows = session.exec(_due(is_postgres(session.get_bind())), params={"now": now, "most": most}).all()
    return [Todo(clock, case, clock.next_step, clock.next_at) for clock, case in rows if clock.next_at]


def held(session: Session, *, clock_ids: Collection[int]) -> list[tuple[CaseClock, Case]]:
    """These clocks with their cases, held until the end of the transaction; those that others hold are left out."""
    these = _clocks_and_cases(is_postgres(session.get_bind())).where(col(CaseClock.id).in_(clock_ids))
    return list(session.exec(these.order_by(col(CaseClock.id))).all())


def run(session: Session, *, office: Office, todo: Sequence[Todo], now: datetime, by: str = CLOCK) -> int:
    """Take these steps and let their clocks wait for the next ones; returns how many letters that laid down.

    The cases are held by this transaction. A step that was taken before, or that its case no longer waits for, does
    nothing.
    """
    office.directory.refresh(session)
    actings = {key: _acting(session, office, key, by, now) for key in {each.case.community_id for each in todo}}
    fit = [each for each in todo if _is_asked_for(each)]
    mine = _taken(session, fit, now=now, by=by)
    own = [each for each in fit if each.key in mine]
    around = look_around(session, own, now)
    letters = 0
    for each in sorted(own, key=lambda each: each.clock.kind in ENDS):
        what = _end if each.clock.kind in ENDS else remind
        letters += len(what(session, each, actings[each.case.community_id], around))
    _wait_for_next(session, todo, actings)
    return letters


def settle(session: Session, *, todo: Sequence[Todo], now: datetime, by: str) -> None:
    """Write down that the moment of these steps has passed for good: nobody is told any more."""
    _taken(session, todo, now=now, by=by)


def put_off(session: Session, *, clock_id: int, until: datetime) -> None:
    """Let a clock whose step cannot be taken stand back, so that it holds up no other."""
    session.execute(
        update(CaseClock)
        .where(col(CaseClock.id) == clock_id, col(CaseClock.next_at).is_not(None))
        .values(next_at=until)
    )


def _is_asked_for(each: Todo) -> bool:
    """Not when the case has moved on, nor when its ladder has changed under the clock (another urgency)."""
    rungs = ladder.rungs(each.clock.kind, each.case.urgency)
    return ladder.runs(each.clock, each.case.state) and any(rung.step == each.step for rung in rungs)


def _wait_for_next(session: Session, todo: Sequence[Todo], actings: Mapping[int, Acting]) -> None:
    """Let every clock wait for what follows; one statement for all of them."""
    session.flush()
    rows = {}
    for each in todo:
        at, step = _following(each, actings[each.case.community_id])
        set_committed_value(each.clock, "next_at", at)
        set_committed_value(each.clock, "next_step", step)
        rows[each.clock.id] = {"clock": each.clock.id, "at": at, "step": step}
    session.connection().execute(_WAIT, list(rows.values()))


def _following(each: Todo, acting: Acting) -> tuple[datetime | None, str]:
    if not ladder.runs(each.clock, each.case.state):
        return None, ""
    plan = ladder.plan(each.clock, each.case.urgency, hours=acting.view.hours, calendar=acting.office.calendar)
    names = [due.step for due in plan]
    # a step of another ladder: the matter became more urgent, or less, and this one begins at its foot
    following = plan[names.index(each.step) + 1 :] if each.step in names else plan
    return (following[0].at, following[0].step) if following else (None, "")


_WAIT = (
    update(CaseClock.__table__)  # type: ignore[attr-defined]
    .where(col(CaseClock.id) == bindparam("clock"))
    .values(next_at=bindparam("at"), next_step=bindparam("step"))
)


def _end(session: Session, each: Todo, acting: Acting, around: Around) -> list[Letter]:
    """The time itself was all there was to wait for: the case moves by the same verb that a person would use."""
    case, running = each.case, around.clocks[each.case.id or 0]
    if each.clock.kind == clocks.CONFIRM:
        return closing.lapse(session, acting=acting, case=case, running=running, holders=around.holders[case.id or 0])
    if each.clock.kind == clocks.CANDIDATE:
        return candidates.discard(session, acting=acting, case=case, running=running)
    return waiting.resume(session, acting=acting, case=case)


def _acting(session: Session, office: Office, community_id: int, by: str, now: datetime) -> Acting:
    return Acting(office=office, view=office.directory.view(session, community_id), by=By(BOT, by), now=now)


def _taken(session: Session, todo: Sequence[Todo], *, now: datetime, by: str) -> set[Key]:
    """Those of these steps that nobody had taken before; they are ours now."""
    if not todo:
        return set()
    rows = [
        {"case_id": each.case.id, "clock": each.clock.kind, "step": each.step, "round": each.clock.round,
         "due_at": each.due_at, "done_at": now, "by": by}
        for each in todo
    ]  # fmt: skip
    got = session.connection().execute(_take(is_postgres(session.get_bind())), rows)
    return {(case_id, clock, step, round_) for case_id, clock, step, round_ in got}


@cache
def _take(postgres: bool) -> Any:
    steps = CaseStep.__table__  # type: ignore[attr-defined]
    insert: Any = postgresql.insert(steps) if postgres else sqlite.insert(steps)
    once = insert.on_conflict_do_nothing(index_elements=("case_id", "clock", "step", "round"))
    return once.returning(steps.c.case_id, steps.c.clock, steps.c.step, steps.c.round)


def _clocks_and_cases(postgres: bool) -> Any:
    both = select(CaseClock, Case).join(Case, col(Case.id) == CaseClock.case_id)
    both = both.options(defer(CaseClock.ledger), defer(Case.words))  # type: ignore[arg-type]
    # whoever works on a case now will set its clocks himself; nobody is waited for, so nobody can wait crosswise
    return both.with_for_update(skip_locked=True, key_share=True) if postgres else both


@cache
def _due(postgres: bool) -> Any:
    return (
        _clocks_and_cases(postgres)
        .where(col(CaseClock.next_at) <= bindparam("now"))
        .order_by(col(CaseClock.next_at), col(CaseClock.id))
        .limit(bindparam("most"))
    )
