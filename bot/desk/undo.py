"""Taking back one's own last word within two minutes: the case becomes what it was, the clocks too. Deletes nothing.

Letters that have not left yet never leave; those who already heard see their cards drawn anew.
"""

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlmodel import Session, col, select

from bot.desk import clocks, ladder
from bot.desk.acting import UNDOABLE, Acting, commit, snapshot
from bot.desk.errors import NotYet, Unknown
from bot.desk.letters import Letter
from bot.desk.news import News
from bot.desk.notify import announce
from storage.case import Case, CaseEvent
from storage.message import IS_OPEN, Outbox

WITHIN = timedelta(minutes=2)
_TIMES = ("accepted_at", "handled_at", "closed_at")


def last_word(session: Session, *, acting: Acting) -> CaseEvent:
    """What this person did last and can still take back. Raises ``Unknown``."""
    mine = (
        select(CaseEvent)
        .where(CaseEvent.actor == acting.by.actor, col(CaseEvent.at) >= acting.now - WITHIN)
        .order_by(col(CaseEvent.id).desc())
        .limit(10)
    )
    for done in session.exec(mine):
        if done.kind == "undone":
            break
        if done.kind in UNDOABLE:
            return done
    raise Unknown("两分钟之内没有可以撤销的操作。要改的话，请直接用“转派”“延期”“备注”等。")


def undo(session: Session, *, acting: Acting) -> tuple[Case, list[Letter]]:
    """Put the case of the last word back. Raises ``Refusal`` when something else has happened to it since."""
    done = last_word(session, acting=acting)
    case = session.get_one(Case, done.case_id)
    if done.data.get("v") != case.version:
        raise NotYet(case.number, "在那之后又有了变化，不能撤销了。")
    was = snapshot(case)
    for name, value in done.data["was"].items():
        setattr(case, name, datetime.fromisoformat(value) if name in _TIMES and value else value)
    commit(session, acting, case, "undo", kind="undone", was=was, what=done.kind)
    _turn_back(session, acting, case, done)
    session.execute(
        update(Outbox)
        .where(
            col(Outbox.case_id) == case.id,
            col(Outbox.state) == IS_OPEN,
            col(Outbox.attempts) == 0,
            col(Outbox.key).startswith(f"case-{case.id}:{done.data['v']}:"),
        )
        .values(state="void")
    )
    news = News(session=session, acting=acting, case=case, did=f"撤销了“{UNDOABLE[done.kind]}”")
    return case, announce("undone", news)


def _turn_back(session: Session, acting: Acting, case: Case, done: CaseEvent) -> None:
    """The clocks as they were before that word; one that it started stops. They go on with the next step ahead."""
    before = {each["kind"]: each for each in done.data["clocks"]}
    hours, calendar = acting.view.hours, acting.office.calendar
    for clock in clocks.of(session, case).values():
        if clock.kind not in before:
            clock.stopped_at = acting.now
        for name, value in before.get(clock.kind, {}).items():
            setattr(clock, name, datetime.fromisoformat(value) if name.endswith("_at") and value else value)
        clock.since = acting.now
        if clock.next_at is None or clock.stopped_at is not None:
            clock.next_at, clock.next_step = None, ""
        while clock.next_at is not None and clock.next_at <= acting.now:
            ladder.set_next(clock, case.urgency, after=clock.next_step, hours=hours, calendar=calendar)
        session.add(clock)
