"""What may be a request and is not sure enough: kept for the staff for a day, opened or left alone by their word.

A candidate has no number; staff name it by its own short one (「c12」). Nobody in the group hears of it.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session, col, select

from bot.desk import cases, clocks, recusal, sides
from bot.desk.acting import Acting, commit, move, snapshot
from bot.desk.assignment import Located, freeze
from bot.desk.cases import Report
from bot.desk.directory import View
from bot.desk.errors import NotYet
from bot.desk.letters import Letter
from bot.desk.lifecycle import check
from bot.desk.news import News
from bot.desk.notify import announce
from bot.desk.office import Office
from bot.desk.record import By, Step, events
from bot.texts import times
from storage.case import Case, CaseClock, CaseState
from storage.late import insert_late, next_id
from storage.person import Identity, Person
from storage.serial import next_serial

LIMIT = "1d"
_MOST = 20


def extract(
    session: Session, *, office: Office, view: View, report: Report, located: Located | None, by: By, now: datetime
) -> Case:
    """Keep these words for the staff to look at; after a day they are let go."""
    case = cases.row(view, report, day=times.local(now).date(), serial=0, now=now)
    case.id = next_id(session, Case)
    case.serial, case.number, case.state = -case.id, "", CaseState.CANDIDATE
    case.grid_id = located.grid_id if located else cases.only_grid(report.spoken_in)
    if located is not None:
        cases.put_at(case, located)
    insert_late(session, Case, [{name: getattr(case, name) for name in Case.model_fields}])
    clocks.begin(session, office=office, view=view, case=case, limits=[(clocks.CANDIDATE, LIMIT)], now=now)
    events(session, case_id=case.id, steps=[Step("extracted", by, {"item": case.item})], now=now)
    return case


def waiting(session: Session, *, acting: Acting) -> list[Case]:
    """The candidates of this person's grids (a chief's: of the whole community), oldest first."""
    found = select(Case).where(Case.community_id == acting.view.community.id, Case.state == CaseState.CANDIDATE)
    mine = {role.grid_id for role in acting.view.roles_of(acting.person.id or 0)} if acting.person else set()
    everything = None in mine
    rows = session.exec(found.order_by(col(Case.id)).limit(200)).all()
    near = [case for case in rows if everything or case.grid_id is None or case.grid_id in mine]
    return [case for case in near if everything or not (case.past_grid or case.restricted)][:_MOST]


def name(case: Case) -> str:
    return f"c{case.id}"


def confirm(session: Session, *, acting: Acting, case: Case, first_reply: str, finish: str) -> list[Letter]:
    """It is a request: it gets its number, the limits of its matter, and goes the way of every case."""
    check(case, "confirm", acting.parts(session, case))
    day = times.local(acting.now).date()
    was = snapshot(case)
    case.day, case.serial = day, next_serial(session, case.community_id, day)
    case.number = f"{day:%m%d}-{case.serial:02d}"
    if case.mediation:
        identity = session.get_one(Identity, case.reporter_id)
        person = session.get(Person, identity.person_id) if identity.person_id else None
        sides.begin(session, case, reporter=identity, person=person)
    lead = recusal.successor(session, acting.view, case, channels=acting.office.channels, now=acting.now)
    case.chain = freeze(acting.view, case.grid_id, without=recusal.outside(session, acting.view, case))
    commit(session, acting, case, "confirm", kind="confirmed", was=was)
    steps = [Step("received", acting.by, {"item": case.item, "number": case.number}),
             Step("registered", acting.by, {"by": "staff"})]  # fmt: skip
    if lead is not None:
        case.lead_id, case.lead_as = lead.person.id, lead.standing
        steps.append(Step("assigned", acting.by, {"to": lead.person.id, "why": lead.why}))
    case.state = CaseState.ASSIGNED if lead else CaseState.REGISTERED
    events(session, case_id=case.id or 0, steps=steps, now=acting.now)
    clocks.stop(session, case, clocks.CANDIDATE, now=acting.now)
    for kind, limit in ((clocks.FIRST_REPLY, first_reply), (clocks.FINISH, finish)):
        clocks.start(session, office=acting.office, view=acting.view, case=case, kind=kind, limit=limit, now=acting.now)
    clock = clocks.one(session, case, clocks.FIRST_REPLY)
    news = News(session=session, acting=acting, case=case, other=lead.person if lead else None, did="立案，请您办理",
                until=clock.due_at if clock else None)  # fmt: skip
    return announce("confirmed", news)


def discard(
    session: Session, *, acting: Acting, case: Case, words: str = "", running: Iterable[CaseClock] | None = None
) -> list[Letter]:
    """It is none: it stays in the table for whoever improves the understanding, and nobody hears of it.

    ``running`` are its clocks, where many are let go at once and all were read before.
    """
    if case.state != CaseState.CANDIDATE:
        raise NotYet(case.number, "已经立案，不能忽略；不归社区管的请用“不受理”。")
    move(session, acting, case, "discard", kind="discarded", reason=words)
    clocks.stop(session, case, now=acting.now, known=running)
    return []
