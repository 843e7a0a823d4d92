"""What a resident may hear of his own cases, and which of them he can mean. Changes nothing.

In a group he hears of what was spoken there, by number and state; the matter only where a group may read it.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from bot.desk import clocks
from bot.desk.acting import Acting
from bot.desk.closing import REOPEN_WITHIN
from bot.desk.directory import GroupView
from bot.desk.following import cases_of, deadline_of
from bot.desk.lifecycle import REPORTER, RUNNING
from bot.desk.news import News
from bot.desk.told_later import UNDO_WINDOW
from bot.texts import progress, times
from storage.case import Case, CaseState
from storage.case_file import CaseReporter
from storage.person import Identity

_STATES = (*(CaseState(state) for state in RUNNING), CaseState.HANDLED, CaseState.CLOSED)
_MOST = 20
FRESH = timedelta(minutes=30)  # what a speaker says so soon after reporting is most likely about it
_TOLD_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Mine:
    """His cases in this talk, newest first. ``elsewhere`` are running ones that this group has not heard of."""

    running: tuple[Case, ...]
    handled: tuple[Case, ...]
    closed: tuple[Case, ...]
    elsewhere: tuple[Case, ...] = ()

    def of_item(self, item: str) -> "Mine":
        """Only those about this matter."""
        return replace(self, **{name: tuple(case for case in getattr(self, name) if case.item == item)
                                for name in self.__slots__})  # fmt: skip


def have_cases(session: Session, identities: Collection[Identity]) -> frozenset[int]:
    """Those of these identities whose person reported or joined anything, ever and in whatever channel."""
    people = {identity.person_id for identity in identities if identity.person_id is not None}
    keys = {identity.id or 0: identity.person_id for identity in identities}
    if people:
        others = session.exec(select(Identity.id, Identity.person_id).where(col(Identity.person_id).in_(people)))
        keys |= {key or 0: person for key, person in others}
    reported = set(session.exec(select(Case.reporter_id).where(col(Case.reporter_id).in_(keys)).distinct()))
    joined = select(CaseReporter.identity_id).where(col(CaseReporter.identity_id).in_(keys)).distinct()
    known = reported | set(session.exec(joined))
    persons = {keys[key] for key in known} - {None}
    return frozenset(
        identity.id or 0 for identity in identities if identity.id in known or identity.person_id in persons
    )


def mine(session: Session, *, acting: Acting, group: GroupView | None) -> Mine:
    """What he may speak of here: in private everything of his, in a group what was spoken there."""
    assert acting.identity is not None, "a resident speaks"
    found = cases_of(session, acting.identity, states=_STATES, most=_MOST)
    # a message that is worked on twice does not follow upon itself
    found = [case for case in found if case.inbox_id != acting.inbox_id]
    here = [case for case in found if group is None or _heard_in(session, case, acting.identity, group)]
    since = acting.now - REOPEN_WITHIN
    return Mine(
        running=tuple(case for case in here if case.state in RUNNING),
        handled=tuple(case for case in here if case.state == CaseState.HANDLED),
        closed=tuple(case for case in here if case.state == CaseState.CLOSED and (case.closed_at or since) > since),
        elsewhere=tuple(case for case in found if case not in here and case.state in RUNNING),
    )


def waits_for_rating(session: Session, *, acting: Acting, cases: Collection[Case]) -> list[Case]:
    """Of these, what he himself was asked about, the last asked first."""
    asked: list[tuple[datetime, Case]] = []
    for case in cases:
        clock = clocks.one(session, case, clocks.CONFIRM)
        if clock is None or clock.stopped_at is not None or REPORTER not in acting.parts(session, case):
            continue
        # the clock starts at once, the question leaves when the result can no longer be taken back
        if clock.started_at + UNDO_WINDOW <= acting.now:
            asked.append((clock.started_at, case))
    return [case for _, case in sorted(asked, key=lambda pair: (pair[0], pair[1].id or 0), reverse=True)]


def waits_for_him(session: Session, case: Case) -> bool:
    """Whether the lead needs something from the resident, and the clock rests until he answers."""
    clock = clocks.one(session, case, clocks.FINISH)
    return case.state == CaseState.IN_PROGRESS and clock is not None and clock.paused_at is not None


def told_in(session: Session, *, group: GroupView, number: str, now: datetime) -> Case | None:
    """The case with this number that was spoken of in this group and that a group may read of."""
    recent = select(Case).where(
        Case.group_id == group.group.id, Case.number == short_number(number), col(Case.opened_at) > now - _TOLD_FOR
    )
    case = session.exec(recent.order_by(col(Case.id).desc())).first()
    return case if case is not None and may_be_named(case) else None


def short_number(number: str) -> str:
    """``1122-07`` for whatever way the number was written."""
    day, serial = number.rsplit("-", 2)[-2:]
    return f"{day[-4:]}-{int(serial):02d}"


def may_be_named(case: Case) -> bool:
    return case.privacy < 2 and not case.restricted and not case.mediation


def row(session: Session, *, acting: Acting, case: Case, in_group: bool) -> str:
    """One line: number, matter, state, who, until when. In a group nothing that it must not read."""
    matter = case.title if not in_group or may_be_named(case) else ""
    lines = [_what_next(session, acting, case)]
    return progress.status(nick="", number=case.number, matter=matter, state=_state(case), lines=lines)


def lead_of(session: Session, *, acting: Acting, case: Case) -> str:
    """The lead as a resident reads him."""
    return News(session=session, acting=acting, case=case).who


def _state(case: Case) -> str:
    return progress.STATES.get(case.state, progress.STATES["received"])


def _what_next(session: Session, acting: Acting, case: Case) -> str:
    """Who does what until when. What was promised and not kept is not promised again."""
    who = lead_of(session, acting=acting, case=case)
    due = deadline_of(session, case)
    if case.state == CaseState.SUSPENDED:
        return progress.on_the_shelf(until=times.by(due, acting.now).removesuffix("前")) if due else ""
    if case.state == CaseState.HANDLED:
        return progress.RATE if REPORTER in acting.parts(session, case) else ""
    if case.state == CaseState.CLOSED:
        return ""
    if case.lead_id is None:
        return progress.NOBODY_YET
    if waits_for_him(session, case):
        return progress.WAITS_FOR_YOU
    if due is not None and due <= acting.now:
        return progress.behind(who=who)
    by = times.by(due, acting.now) if due else ""
    if case.state == CaseState.ASSIGNED:
        return progress.will_call(who=who, by=by or "尽快")
    since = times.moment(case.accepted_at, acting.now) if case.accepted_at else ""
    return progress.at_work(who=who, since=since, by=by)


def _heard_in(session: Session, case: Case, identity: Identity, group: GroupView) -> bool:
    """Whether he spoke of it in this group, as the first or as one who joined."""
    if case.group_id == group.group.id:
        return True
    joined = select(CaseReporter.id).where(
        CaseReporter.case_id == case.id,
        CaseReporter.group_id == group.group.id,
        CaseReporter.identity_id == identity.id,
    )
    return session.exec(joined).first() is not None
