"""Verbs on cases: open, locate, accept. Each works in the caller's transaction and leaves its events and letters."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlmodel import Session, col, select

from bot.desk.assignment import Assignee, Located, assign, chain
from bot.desk.calendar import Calendar, Hours
from bot.desk.clock import Limit, deadline
from bot.desk.directory import GroupView, View
from bot.desk.errors import AlreadyTaken, CaseNotFound, NotYourCase
from bot.desk.letters import Letter, to_group
from bot.desk.notify import Story, tell
from bot.desk.office import Office
from bot.desk.record import BOT, By, Step, event, events
from bot.texts import times
from storage.case import Case, CaseClock, CaseState
from storage.late import insert_late, next_id
from storage.person import Identity, Person
from storage.serial import next_serial

_COLUMNS = tuple(Case.model_fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A request that is ready to become a case: the catalogue's terms, the words, who spoke and where.

    ``quote`` are the words masked for other eyes; ``alarm`` is the fixed text of an emergency, else empty.
    ``inbox_id`` and ``part`` make the same words the same case. ``quiet`` keeps the answer out of the group,
    ``past_grid`` keeps the case away from the grid's own people (a complaint about one of them).
    """

    item: str
    title: str
    urgency: str
    privacy: int
    first_reply: str
    finish: str
    words: str
    quote: str
    inbox_id: int
    part: int
    reporter: Identity
    reporter_person: Person | None
    spoken_in: GroupView | None
    alarm: str = ""
    quiet: bool = False
    past_grid: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A limit as it was started: ``first_reply`` or ``finish``, and why it is due when it is."""

    kind: str
    limit: str
    due_at: datetime
    ledger: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What opening led to, for the explanation that staff can read."""

    case: Case
    lead: Assignee | None
    clocks: tuple[Clock, ...]
    letters: tuple[Letter, ...]


def open_case(
    session: Session, *, office: Office, view: View, report: Report, located: Located | None, by: By, now: datetime
) -> Opened:
    """Register, assign, start the clocks and tell everybody concerned; admitted matters pass all steps at once."""
    grid_id = located.grid_id if located else _only_grid(report.spoken_in)
    lead = assign(view, None if report.past_grid else grid_id, channels=office.channels, now=now)
    day = times.local(now).date()
    case = Case(
        community_id=view.community.id or 0,
        day=day,
        serial=next_serial(session, view.community.id or 0, day),
        number="",
        item=report.item,
        title=report.title,
        words=report.words[:2_000],
        urgency=report.urgency,
        privacy=report.privacy,
        state=CaseState.ASSIGNED if lead else CaseState.REGISTERED,
        lead_id=lead.person.id if lead else None,
        lead_as=lead.standing if lead else "",
        reporter_id=report.reporter.id or 0,
        group_id=report.spoken_in.group.id if report.spoken_in else None,
        opened_at=now,
        inbox_id=report.inbox_id,
        part=report.part,
        grid_id=grid_id,
    )
    case.number = f"{case.day:%m%d}-{case.serial:02d}"
    if located is not None:
        _put_at(case, located)
    case.id = next_id(session, Case)
    insert_late(session, Case, [{name: getattr(case, name) for name in _COLUMNS}])
    clocks = _start_clocks(session, case, report, office, view, now)
    steps = [Step("registered", by, {"item": case.item, "number": case.number})]
    if lead is not None:
        steps.append(Step("assigned", By(BOT, by.door), {"to": lead.person.id, "why": lead.why}))
    events(session, case_id=case.id or 0, steps=steps, now=now)
    story = _story(session, case, report, office, view, lead, clocks[0].due_at, located, now)
    letters = tell(session, "alarm" if report.alarm else "opened", story)
    return Opened(case=case, lead=lead, clocks=clocks, letters=tuple(letters))


def add_place(
    session: Session,
    *,
    office: Office,
    view: View,
    case: Case,
    located: Located,
    reporter: Identity,
    reporter_person: Person | None,
    quote: str,
    spoken_in: GroupView | None,
    by: By,
    now: datetime,
) -> list[Letter]:
    """Put a running emergency on the map and call everybody of that place; the lead may change with it."""
    _put_at(case, located)
    lead = assign(view, located.grid_id, channels=office.channels, now=now)
    if case.state == CaseState.ASSIGNED and lead is not None and lead.person.id != case.lead_id:
        case.lead_id, case.lead_as = lead.person.id, lead.standing
        event(session, case_id=case.id or 0, kind="assigned", by=By(BOT, by.door), now=now, to=lead.person.id)
    session.add(case)
    event(session, case_id=case.id or 0, kind="located", by=by, now=now, building=located.building_id)
    story = Story(
        case=case,
        view=view,
        office=office,
        now=now,
        reporter=reporter,
        reporter_person=reporter_person,
        quote=quote,
        lead=lead,
        first_reply=None,
        spoken_in=spoken_in,
        called=tuple(chain(view, located.grid_id, channels=office.channels, now=now)),
        drawing=int(now.timestamp()),
    )
    return tell(session, "located", story)


def accept(session: Session, *, case: Case, person: Person, lead_name: str, by: By, now: datetime) -> None:
    """The lead takes the case in hand: the first-reply clock stops. Refuses strangers and second takes."""
    if case.lead_id != person.id:
        raise NotYourCase(case.number, lead_name)
    if case.state != CaseState.ASSIGNED:
        raise AlreadyTaken(case.number)
    case.state = CaseState.IN_PROGRESS
    session.add(case)
    clock = session.exec(select(CaseClock).where(CaseClock.case_id == case.id, CaseClock.kind == "first_reply")).one()
    clock.stopped_at = now
    session.add(clock)
    event(session, case_id=case.id or 0, kind="accepted", by=by, now=now)


def waiting_for(session: Session, person_id: int) -> list[Case]:
    """The cases that this lead has not taken yet, oldest first."""
    return list(
        session.exec(
            select(Case)
            .where(Case.lead_id == person_id, Case.state == CaseState.ASSIGNED)
            .order_by(col(Case.id))
            .limit(50)
        )
    )


def by_id(session: Session, case_id: int) -> Case:
    case = session.get(Case, case_id)
    if case is None:
        raise CaseNotFound(f"第{case_id}号")
    return case


def _put_at(case: Case, located: Located) -> None:
    case.grid_id, case.estate_id, case.building_id = located.grid_id, located.estate_id, located.building_id
    case.unit_id, case.room, case.place = located.unit_id, located.room[:10], located.text[:80]


def _only_grid(spoken_in: GroupView | None) -> int | None:
    """A group that serves one grid says whose a case is even before its place is known."""
    return next(iter(spoken_in.grids)) if spoken_in and len(spoken_in.grids) == 1 else None


def _start_clocks(
    session: Session, case: Case, report: Report, office: Office, view: View, now: datetime
) -> tuple[Clock, ...]:
    start = now.replace(second=0, microsecond=0)
    clocks = []
    for kind, limit in (("first_reply", report.first_reply), ("finish", report.finish)):
        due_at, ledger = _due(start, limit, view.hours, office.calendar)
        clocks.append(Clock(kind=kind, limit=limit, due_at=due_at, ledger=ledger))
    rows = [
        {"case_id": case.id, "kind": each.kind, "limit": each.limit, "started_at": start, "due_at": each.due_at,
         "stopped_at": None, "ledger": each.ledger}
        for each in clocks
    ]  # fmt: skip
    insert_late(session, CaseClock, rows)
    return tuple(clocks)


@lru_cache(maxsize=1_024)
def _due(start: datetime, limit: str, hours: Hours, calendar: Calendar) -> tuple[datetime, str]:
    """Clocks run in whole minutes, so what many report in the same minute is reckoned once."""
    due = deadline(start, Limit.parse(limit), hours=hours, calendar=calendar)
    return due.due, due.explain()[:2_000]


def _story(
    session: Session,
    case: Case,
    report: Report,
    office: Office,
    view: View,
    lead: Assignee | None,
    first_reply: datetime,
    located: Located | None,
    now: datetime,
) -> Story:
    called = chain(view, case.grid_id, channels=office.channels, now=now) if report.alarm else []
    if called and lead and lead.person.id not in {each.person.id for each in called}:
        called.append(lead)
    public = None
    if report.spoken_in is None and report.privacy == 0 and not report.alarm and case.grid_id is not None:
        groups = view.groups.get(case.grid_id, ())
        public = next((group for group in groups if to_group(office, group, "?")), None)
    return Story(
        case=case,
        view=view,
        office=office,
        now=now,
        reporter=report.reporter,
        reporter_person=report.reporter_person,
        quote=report.quote,
        lead=lead,
        first_reply=first_reply,
        spoken_in=report.spoken_in,
        public_group=public,
        called=tuple(called),
        alarm=report.alarm,
        quiet=report.quiet,
        asks_place=bool(report.alarm) and (located is None or located.guessed),
        guessed=located is not None and located.guessed,
    )
