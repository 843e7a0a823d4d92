"""Verbs on cases: open, locate, accept. Each works in the caller's transaction and leaves its events and letters."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from bot.desk import clocks as running
from bot.desk import recusal, sides
from bot.desk.assignment import Assignee, Located, assign, chain, freeze
from bot.desk.clocks import Clock
from bot.desk.directory import GroupView, View
from bot.desk.errors import CaseNotFound
from bot.desk.letters import Letter, to_group
from bot.desk.notify import tell
from bot.desk.office import Office
from bot.desk.record import BOT, By, Step, event, events
from bot.desk.told_opening import Story
from bot.texts import times
from storage import incident
from storage.case import Case, CaseState
from storage.late import insert_late, next_id
from storage.person import Identity, Person
from storage.serial import next_serial

_log = logging.getLogger("gridbot.cases")
_COLUMNS = tuple(Case.model_fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A request that is ready to become a case: the catalogue's terms, the words, who spoke and where.

    ``quote`` are the words masked for other eyes; ``alarm`` is the fixed text of an emergency, else empty.
    ``inbox_id`` and ``part`` make the same words the same case. ``quiet`` keeps the answer out of the group,
    ``past_grid`` keeps the case away from the grid's own people (a complaint about one of them); ``about`` is whom it
    names for sure, ``named`` everybody it may mean. ``restricted``: the law wants it reported. ``hides_reporter``:
    nobody who handles it reads who reported. ``shared``: neighbours may join it (``building`` or ``estate``,
    how far one cause may reach; empty: never), ``apart`` are the words that tell its things apart. ``dispute``: two
    sides, nothing of it in the group. ``admitted``: on the community's list; what is not waits for somebody to decide.
    ``beneficiary``: whom it is for, if not the speaker.
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
    about: int | None = None
    named: frozenset[int] = frozenset()
    hides_reporter: bool = False
    restricted: bool = False
    shared: str = ""
    apart: Sequence[str] = ()
    dispute: bool = False
    admitted: bool = True
    beneficiary: str = ""

    @property
    def passes_over(self) -> frozenset[int]:
        return self.named | ({self.about} if self.about else frozenset())


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
    grid_id = located.grid_id if located else only_grid(report.spoken_in)
    home = located.building_id if located else None
    away = recusal.at_opening(view, reporter=report.reporter_person, building_id=home) if report.dispute else {}
    above = report.passes_over | away.keys() | (recusal.grid_people(view, grid_id) if report.past_grid else frozenset())
    if report.past_grid:
        # where one and the same is of the grid and above it, at least nobody whom it names
        passed = (above, report.passes_over)
        lead = recusal.above_grid(view, channels=office.channels, now=now, passed=passed, about=report.about)
    else:
        lead = assign(view, grid_id, channels=office.channels, now=now, without=report.passes_over, but=away)
    state = CaseState.ASSIGNED if lead and report.admitted else CaseState.REGISTERED
    day = times.local(now).date()
    case = row(view, report, day=day, serial=next_serial(session, view.community.id or 0, day), now=now)
    case.state = state if report.admitted else CaseState.RECEIVED
    case.lead_id, case.lead_as = (lead.person.id, lead.standing) if lead else (None, "")
    case.chain = freeze(view, grid_id, without=above)
    case.grid_id = grid_id
    if located is not None:
        put_at(case, located)
    case.id = next_id(session, Case)
    insert_late(session, Case, [{name: getattr(case, name) for name in _COLUMNS}])
    if report.shared:
        incident.begin(session, case, building_id=case.building_id, named=located is not None and not located.guessed)
    if report.dispute:
        sides.begin(session, case, reporter=report.reporter, person=report.reporter_person)
    if lead is None:
        _log.warning("case %s of %s found nobody who may take it", case.number, view.community.code)
    limits = [(running.FIRST_REPLY, report.first_reply), (running.FINISH, report.finish)]
    clocks = running.begin(session, office=office, view=view, case=case, limits=limits, now=now)
    steps = [Step("received", by, {"item": case.item, "number": case.number})]
    if report.admitted:
        steps.append(Step("registered", By(BOT, by.door), {"by": "policy"}))
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
    put_at(case, located)
    lead = recusal.successor(session, view, case, channels=office.channels, now=now)
    if case.state == CaseState.ASSIGNED and lead is not None and lead.person.id != case.lead_id:
        case.lead_id, case.lead_as = lead.person.id, lead.standing
        event(session, case_id=case.id or 0, kind="assigned", by=By(BOT, by.door), now=now, to=lead.person.id)
    case.version += 1
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
        called=tuple(_called(view, case, lead, office, now)),
    )
    return tell(session, "located", story)


def _called(view: View, case: Case, lead: Assignee | None, office: Office, now: datetime) -> list[Assignee]:
    """Whom an alarm calls at once: the grid's people, but of what few may know only whoever leads it."""
    if case.restricted:
        return [lead] if lead else []
    return chain(view, case.grid_id, channels=office.channels, now=now)


def by_id(session: Session, case_id: int) -> Case:
    case = session.get(Case, case_id)
    if case is None:
        raise CaseNotFound(f"第{case_id}号")
    return case


def row(view: View, report: Report, *, day: date, serial: int, now: datetime) -> Case:
    """The case as the report tells it, with its number; nobody's yet and nowhere."""
    case = Case(
        community_id=view.community.id or 0,
        day=day,
        serial=serial,
        number="",
        item=report.item,
        title=report.title,
        words=report.words[:2_000],
        quote=_unnamed(report)[:500],
        urgency=report.urgency,
        privacy=report.privacy,
        state=CaseState.RECEIVED,
        reporter_id=report.reporter.id or 0,
        group_id=report.spoken_in.group.id if report.spoken_in else None,
        opened_at=now,
        inbox_id=report.inbox_id,
        part=report.part,
        restricted=report.restricted,
        incident=bool(report.shared),
        mediation="asked" if report.dispute else "",
        beneficiary=report.beneficiary[:40],
        consent="asked" if report.beneficiary else "",
        about_id=report.about,
        past_grid=report.past_grid,
        reporter_hidden=report.hides_reporter,
    )
    case.number = f"{case.day:%m%d}-{case.serial:02d}"
    return case


def _unnamed(report: Report) -> str:
    """The masked words; where nobody may know who says them, without his own names too."""
    names = (report.reporter_person.name if report.reporter_person else "", report.reporter.display_name)
    quote = report.quote
    for name in names if report.hides_reporter else ():
        quote = quote.replace(name, "**") if len(name) > 1 else quote
    return quote


def put_at(case: Case, located: Located) -> None:
    case.grid_id, case.estate_id, case.building_id = located.grid_id, located.estate_id, located.building_id
    case.unit_id, case.room, case.place = located.unit_id, located.room[:10], located.text[:80]


def only_grid(spoken_in: GroupView | None) -> int | None:
    """A group that serves one grid says whose a case is even before its place is known."""
    return next(iter(spoken_in.grids)) if spoken_in and len(spoken_in.grids) == 1 else None


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
    called = _called(view, case, lead, office, now) if report.alarm else []
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
