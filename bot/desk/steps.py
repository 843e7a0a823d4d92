"""What the clock does by itself: it takes the steps that are due, many in one transaction. Decides no deadline.

A step is taken once: the row in ``case_step`` says by whom, and its unique key decides between two who try at once.
Whoever loses does nothing. What a clock waits for next is set in the same transaction.

One reminder per case, reader and day: a reminder to somebody who had one about this case today is left out, unless it
comes from a higher rung (half < full < warn < over < street). The day is the one on which the letter leaves, so what
the night holds back counts for the morning. Emergencies know neither nights nor merging, and a resident who hears that
it takes longer is not reminded of anything.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, or_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import defer
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session, col, select

from bot.desk import candidates, clocks, closing, ladder, waiting
from bot.desk.acting import Acting
from bot.desk.letters import Letter, post
from bot.desk.news import EMERGENCY, News, quiet_until
from bot.desk.notify import HEARS_STEP
from bot.desk.office import Office
from bot.desk.record import BOT, By, event
from bot.desk.told_step import TO_RESIDENTS, Told
from bot.texts import times
from storage.case import Case, CaseClock
from storage.case_file import CaseStep
from storage.db import is_postgres
from storage.group import ChatGroup
from storage.message import IS_OPEN, Outbox
from storage.person import Identity, Person

CLOCK, AUDITOR = "clock", "auditor"
_HEIGHT = {ladder.HALF: 1, ladder.FULL: 2, ladder.WARN: 3, ladder.OVER: 4, ladder.STREET: 5}
_VERBS = {clocks.CONFIRM: closing.lapse, clocks.RESUME: waiting.resume, clocks.CANDIDATE: candidates.discard}
_REMINDER = re.compile(
    r"case-\d+:(?P<clock>first_reply|finish)\.(?P<step>\w+)\.(?P<round>\d+):\d+:identity-(?P<who>\d+)"
)
Key = tuple[int, str, str, int]


@dataclass(frozen=True, slots=True)
class Todo:
    """One step of one clock that is due, with its case. ``due_at`` is aware UTC."""

    clock: CaseClock
    case: Case
    step: str
    due_at: datetime

    @property
    def key(self) -> Key:
        return (self.case.id or 0, self.clock.kind, self.step, self.clock.round)

    @property
    def name(self) -> str:
        """「first_reply.half.1」: what its letters are keyed by."""
        return f"{self.clock.kind}.{self.step}.{self.clock.round}"


@dataclass(slots=True)
class _Around:
    """What the letters of a batch need to know, asked once for all of them. ``heard``: the highest rung today."""

    identities: dict[int, Identity]
    people: dict[int, Person]
    groups: dict[int, ChatGroup]
    heard: dict[tuple[int, int], int] = field(default_factory=dict)


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
    fit = [each for each in todo if _is_asked_for(each, actings[each.case.community_id])]
    mine = _taken(session, fit, now=now, by=by)
    own = [each for each in fit if each.key in mine]
    reminders = [each for each in own if each.clock.kind not in _VERBS]
    around = _look_around(session, reminders, now)
    letters = [_remind(session, each, actings[each.case.community_id], around) for each in reminders]
    for each in own:
        if each.clock.kind in _VERBS:
            letters.append(_VERBS[each.clock.kind](session, acting=actings[each.case.community_id], case=each.case))
    _wait_for_next(session, todo, actings)
    return sum(map(len, letters))


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


def call_off(session: Session, *, now: datetime) -> int:
    """Reminders that have not left yet and have lost their reason meanwhile never leave; returns how many."""
    unsent = (
        select(Outbox.id, Outbox.case_id, Outbox.key)
        .where(col(Outbox.state) == IS_OPEN, col(Outbox.attempts) == 0, col(Outbox.created_at) < now)
        .where(or_(*(col(Outbox.key).like(f"case-%:{kind}.%") for kind in (clocks.FIRST_REPLY, clocks.FINISH))))
    )
    found = [(row, case, said) for row, case, key in session.exec(unsent) if (said := _REMINDER.fullmatch(key))]
    if not found:
        return 0
    clocks_of = {
        (clock.case_id, clock.kind): clock
        for clock in session.exec(select(CaseClock).where(col(CaseClock.case_id).in_({case for _, case, _ in found})))
    }
    gone = [row for row, case, said in found if not _still_true(clocks_of.get((case or 0, said["clock"])), said)]
    if gone:
        session.execute(update(Outbox).where(col(Outbox.id).in_(gone), col(Outbox.attempts) == 0).values(state="void"))
    return len(gone)


def _still_true(clock: CaseClock | None, said: re.Match[str]) -> bool:
    return (
        clock is not None and clock.stopped_at is None and clock.paused_at is None and clock.round == int(said["round"])
    )


def _is_asked_for(each: Todo, acting: Acting) -> bool:
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


def _remind(session: Session, each: Todo, acting: Acting, around: _Around) -> list[Letter]:
    """Tell everybody who hears of this step, and write down which letters that were."""
    case, now = each.case, acting.now
    reporter = around.identities[case.reporter_id]
    group = around.groups.get(case.group_id or 0)
    told = Told(
        news=News(session=session, acting=acting, case=case),
        clock=each.clock,
        step=each.step,
        reporter=reporter,
        reporter_person=around.people.get(reporter.person_id or 0),
        group=group.name if group else "",
    )
    letters, keys = [], []
    for number, listener in enumerate(HEARS_STEP[f"{each.clock.kind}.{each.step}"]):
        if listener in TO_RESIDENTS:
            said, about = listener(told), f"late-{each.name}:{number}"
        else:
            said, about = _once_a_day(listener(told), each, around), f"{each.name}:{number}"
        post(session, said, about=f"case-{case.id}:{about}", case_id=case.id, now=now)
        keys += [f"{about}:{letter.reader}" for letter in said]
        letters += said
    data = {"clock": each.clock.kind, "step": each.step, "round": each.clock.round, "due": each.due_at.isoformat()}
    event(session, case_id=case.id or 0, kind="reminded", by=acting.by, now=now, **data, letters=keys)
    return letters


def _once_a_day(letters: list[Letter], each: Todo, around: _Around) -> list[Letter]:
    """Leave out who was reminded of this case today, unless this rung is a higher one."""
    if each.case.urgency == EMERGENCY:
        return letters
    height, kept = _HEIGHT[each.step], []
    for letter in letters:
        reader = (each.case.id or 0, letter.holder)
        if around.heard.get(reader, 0) < height:
            around.heard[reader] = height
            kept.append(letter)
    return kept


def _look_around(session: Session, todo: Sequence[Todo], now: datetime) -> _Around:
    """Everything is kept by the session too, so that the listeners' own look-ups find it there."""
    identities = _by_id(session, Identity, {each.case.reporter_id for each in todo})
    people = _by_id(session, Person, {each.person_id for each in identities.values() if each.person_id})
    groups = _by_id(session, ChatGroup, {each.case.group_id for each in todo if each.case.group_id})
    around = _Around(identities, people, groups)
    leaves = times.local(quiet_until(now) or now)
    day = times.utc(leaves.replace(hour=0, minute=0, second=0, microsecond=0))
    ids = {each.case.id for each in todo if each.case.urgency != EMERGENCY}
    today = select(Outbox.case_id, Outbox.key).where(
        col(Outbox.case_id).in_(ids), col(Outbox.not_before) >= day, col(Outbox.state) != "void"
    )
    for case_id, key in session.exec(today) if ids else ():
        if said := _REMINDER.fullmatch(key):
            reader = (case_id or 0, int(said["who"]))
            around.heard[reader] = max(around.heard.get(reader, 0), _HEIGHT.get(said["step"], 0))
    return around


def _by_id(session: Session, model: Any, ids: Collection[int | None]) -> dict[int, Any]:
    rows = session.exec(select(model).where(col(model.id).in_(ids))) if ids else ()
    return {row.id: row for row in rows}


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
