"""Reminders: who has to be told of a step, and who was told today already. Takes no step and moves no clock.

One reminder per case, reader and day: a reminder to somebody who had one about this case today is left out, unless it
comes from a higher rung (half < full < warn < over < street). The day is the one on which the letter leaves, so what
the night holds back counts for the morning. Emergencies know neither nights nor merging, and a resident who hears that
it takes longer is not reminded of anything.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import or_, update
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from bot.desk import clocks, ladder
from bot.desk.acting import Acting
from bot.desk.letters import Letter, post
from bot.desk.news import EMERGENCY, News, quiet_until
from bot.desk.notify import HEARS_STEP
from bot.desk.record import event
from bot.desk.told_step import TO_RESIDENTS, Told
from bot.texts import times
from storage.case import Case, CaseClock
from storage.case_file import ShownCard
from storage.group import ChatGroup
from storage.message import IS_OPEN, Outbox
from storage.person import Identity, Person

# the time itself was all that these waited for: a verb follows, no reminder
ENDS = frozenset({clocks.CONFIRM, clocks.RESUME, clocks.CANDIDATE})
_HEIGHT = {ladder.HALF: 1, ladder.FULL: 2, ladder.WARN: 3, ladder.OVER: 4, ladder.STREET: 5}
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
class Around:
    """What the letters of a batch need to know, asked once for all of them.

    ``heard``: the highest rung of today, by case and reader. ``clocks`` and ``holders`` (who has its card before him)
    are those of the cases that end.
    """

    identities: dict[int, Identity]
    people: dict[int, Person]
    groups: dict[int, ChatGroup]
    heard: dict[tuple[int, int], int] = field(default_factory=dict)
    clocks: dict[int, list[CaseClock]] = field(default_factory=lambda: defaultdict(list))
    holders: dict[int, list[Identity]] = field(default_factory=lambda: defaultdict(list))


def look_around(session: Session, todo: Sequence[Todo], now: datetime) -> Around:
    """Everything is kept by the session too, so that the listeners' own look-ups find it there."""
    identities = _by_id(session, Identity, {each.case.reporter_id for each in todo})
    people = _by_id(session, Person, {each.person_id for each in identities.values() if each.person_id})
    groups = _by_id(session, ChatGroup, {each.case.group_id for each in todo if each.case.group_id})
    around = Around(identities, people, groups)
    ids = {each.case.id or 0 for each in todo if each.clock.kind not in ENDS and each.case.urgency != EMERGENCY}
    if ids:
        _read_heard(session, around, ids, now)
    ids = {each.case.id or 0 for each in todo if each.clock.kind in ENDS}
    if ids:
        its_clocks = select(CaseClock).where(col(CaseClock.case_id).in_(ids)).options(defer(CaseClock.ledger))  # type: ignore[arg-type]
        for clock in session.exec(its_clocks):
            around.clocks[clock.case_id].append(clock)
        its_cards = select(ShownCard.case_id, Identity).join(Identity).where(col(ShownCard.case_id).in_(ids))
        for case_id, identity in session.exec(its_cards.order_by(col(Identity.id))):
            around.holders[case_id].append(identity)
    return around


def _read_heard(session: Session, around: Around, case_ids: Collection[int], now: datetime) -> None:
    leaves = times.local(quiet_until(now) or now)
    day = times.utc(leaves.replace(hour=0, minute=0, second=0, microsecond=0))
    today = select(Outbox.case_id, Outbox.key).where(
        col(Outbox.case_id).in_(case_ids), col(Outbox.not_before) >= day, col(Outbox.state) != "void"
    )
    for case_id, key in session.exec(today):
        if said := _REMINDER.fullmatch(key):
            reader = (case_id or 0, int(said["who"]))
            around.heard[reader] = max(around.heard.get(reader, 0), _HEIGHT.get(said["step"], 0))


def _by_id(session: Session, model: Any, ids: Collection[int | None]) -> dict[int, Any]:
    rows = session.exec(select(model).where(col(model.id).in_(ids))) if ids else ()
    return {row.id: row for row in rows}


def remind(session: Session, each: Todo, acting: Acting, around: Around) -> list[Letter]:
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


def _once_a_day(letters: list[Letter], each: Todo, around: Around) -> list[Letter]:
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
