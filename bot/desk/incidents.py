"""Verbs on a matter that many report: the first report is the case, whoever comes within the hour joins it.

One cause may reach a building or a whole estate; the catalogue says how far (``Report.shared``). A group reads at most
one further line, the lead a count now and then, and everybody hears how it ends.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.desk import following, tally
from bot.desk import told_incident as told
from bot.desk.acting import Acting, note
from bot.desk.assignment import Located
from bot.desk.cases import Opened, Report, open_case
from bot.desk.directory import GroupView, View
from bot.desk.letters import Letter, amend, post
from bot.desk.lifecycle import JOINED, REPORTER, check
from bot.desk.news import News
from bot.desk.notify import announce
from bot.desk.record import event
from bot.desk.standing import SYSTEM
from bot.texts import times
from storage import incident as store
from storage.case import Case
from storage.case_file import CaseReporter, NoteKind
from storage.incident import Incident, IncidentGroup
from storage.late import insert_once
from storage.serial import reserve

WINDOW = timedelta(minutes=60)
ESTATE, BUILDING = "estate", "building"
OWN_CASES = 3  # so many buildings of an estate have cases of their own; then it is one thing everywhere
POST_AFTER = timedelta(seconds=20)
LEAD_EVERY = timedelta(minutes=10)


def join(
    session: Session, *, acting: Acting, report: Report, located: Located | None, bare: bool = False
) -> Opened | None:
    """Put this report to what neighbours reported within the hour; None: nobody did, and it may be opened now.

    Until the transaction ends nobody else opens or joins such a matter in this community, so that what is opened
    after a None is the only one. ``located`` None: he said no place, and what his group spoke of is meant. ``bare``:
    the words name nothing, so they say nothing new of somebody who is on record already.
    """
    hold(session, acting=acting, item=report.item)
    case = _standing(session, acting, report, located)
    return None if case is None else _into(session, acting, case, report, located, bare=bare)


def hold(session: Session, *, acting: Acting, item: str) -> None:
    """Nobody else counts such a matter until the transaction ends. To be called before anything is changed.

    A batch holds the numbers of its communities from its beginning; always in this order nobody waits crosswise.
    """
    community_id = acting.view.community.id or 0
    reserve(session, [community_id], times.local(acting.now).date())
    store.hold(session, community_id=community_id, item=item)


def same_as(
    session: Session, *, acting: Acting, case: Case, report: Report, located: Located | None, bare: bool
) -> Opened | None:
    """Put it to this case, of which his group spoke; where he says another place, to the one that is there, if any."""
    hold(session, acting=acting, item=report.item)
    if located is not None:
        near = located.estate_id is not None and located.estate_id == case.estate_id
        if not (near and (report.shared == ESTATE or _same_spot(session, case, located))):
            return join(session, acting=acting, report=report, located=located, bare=bare)
    return _into(session, acting, case, report, located, bare=bare)


def take(session: Session, *, acting: Acting, report: Report, located: Located | None, bare: bool = False) -> Opened:
    """Put the report to what neighbours reported, or open it."""
    joined = join(session, acting=acting, report=report, located=located, bare=bare) if report.shared else None
    if joined is not None:
        return joined
    return open_case(
        session,
        office=acting.office,
        view=acting.view,
        report=report,
        located=located,
        by=acting.by,
        now=acting.now,
    )


def once_more(session: Session, *, acting: Acting, report: Report, located: Located | None) -> Opened | None:
    """Somebody who joined such a matter within the hour says it again; None: he did not, or it is elsewhere now."""
    case = store.joined_by(session, report.reporter.id or 0, item=report.item, since=acting.now - WINDOW)
    if case is None or not _same_thing(report, case):
        return None
    hold(session, acting=acting, item=report.item)
    if located is not None and not located.guessed:
        near = located.estate_id == case.estate_id
        if not (near if report.shared == ESTATE else _same_spot(session, case, located)):
            return None
    return _into(session, acting, case, report, located, bare=False)


def meant(
    session: Session, *, group: GroupView, about: Collection[str], now: datetime, bare: bool = False
) -> Case | None:
    """The incident that 「我家也是」 in this group speaks of: the newest that fits; ``about`` empty fits any.

    ``bare``: the words name nothing, so a relay that has begun since takes them.
    """
    found = store.in_group(session, group_id=group.group.id or 0, since=now - WINDOW, bare=bare)
    return next((case for case in found if not about or case.item in about), None)


def relay_began(session: Session, *, group: GroupView, now: datetime) -> None:
    """A 接龙 goes through the group: a bare 「+1」 means that from now on."""
    store.relay_began(session, group_id=group.group.id or 0, since=now - WINDOW, now=now)


def everywhere(view: View, group: GroupView) -> Located | None:
    """The estate as the place, where a group is of one estate only: many say it, and nobody says the building."""
    named = {estate for word, estate in view.estate_words if word in group.group.name}
    near = {estate for estate, grids in view.grids_of_estate.items() if grids & group.grids}
    found = named or near
    if len(found) != 1:
        return None
    estate = next(iter(found))
    grid = next(iter(group.grids)) if len(group.grids) == 1 else None
    return Located(
        text=view.estates[estate].name, how="好几位邻居都说，还没人说楼号，先按整个小区", grid_id=grid, estate_id=estate
    )


def _standing(session: Session, acting: Acting, report: Report, located: Located | None) -> Case | None:
    """The running case that this report belongs to, by where it is and how far its cause may reach."""
    since = acting.now - WINDOW
    if located is None:
        return next(iter(_heard(session, report, since)), None)
    if located.estate_id is None:
        return next((case for case in _heard(session, report, since) if case.place == located.text), None)
    near = store.in_estate(session, item=report.item, estate_id=located.estate_id, since=since)
    near = [case for case in near if _same_thing(report, case)]
    if report.shared == ESTATE:
        # before anybody had said where, it may have begun nowhere
        return near[0] if near else next((c for c in _heard(session, report, since) if c.estate_id is None), None)
    here = next((case for case in near if _same_spot(session, case, located)), None)
    return here or (near[0] if len(near) >= OWN_CASES else None)


def _heard(session: Session, report: Report, since: datetime) -> list[Case]:
    """What his group spoke of, of the same matter, the newest first."""
    group = report.spoken_in
    found = store.in_group(session, group_id=group.group.id or 0, since=since) if group else []
    return [case for case in found if case.item == report.item and _same_thing(report, case)]


def _same_spot(session: Session, case: Case, located: Located) -> bool:
    if located.building_id is None:
        return case.building_id is None and case.place == located.text
    if case.building_id == located.building_id:
        # two units of one building may be two grids: then each has its own worker, and its own lift and lamps
        return not (case.unit_id and located.unit_id) or case.grid_id == located.grid_id
    incident = store.counted(session, case.id or 0)
    return incident is not None and str(located.building_id) in incident.tally


def _same_thing(report: Report, case: Case) -> bool:
    """A lift and a door are one matter of the catalogue and yet two things, where the words tell them apart."""
    said, known = (next((word for word in report.apart if word in text), "") for text in (report.words, case.words))
    return not said or not known or said == known


def _into(
    session: Session, acting: Acting, case: Case, report: Report, located: Located | None, *, bare: bool
) -> Opened:
    if (case.inbox_id, case.part) == (report.inbox_id, report.part):
        return Opened(case=case, lead=None, clocks=(), letters=())  # the very message that opened it, worked on again
    parts = acting.parts(session, case)
    if not parts & {REPORTER, JOINED}:
        letters = _joined(session, acting, case, report, located)
        return Opened(case=case, lead=None, clocks=(), letters=tuple(letters))
    if bare and (located is None or located.guessed):
        return Opened(case=case, lead=None, clocks=(), letters=())
    letters = (
        following.add(session, acting=acting, case=case, words=report.words, shown=report.quote)
        if REPORTER in parts
        else _again(session, acting, case, report)
    )
    _spread(session, acting, case, report, located)
    return Opened(case=case, lead=None, clocks=(), letters=tuple(letters))


def _joined(session: Session, acting: Acting, case: Case, report: Report, located: Located | None) -> list[Letter]:
    """One more person on record. The case's version stays: a neighbour must not keep the lead from taking back."""
    check(case, "join", SYSTEM)
    group, building_id = report.spoken_in, located.building_id if located else None
    row = {
        "case_id": case.id,
        "identity_id": report.reporter.id,
        "group_id": group.group.id if group else None,
        "at": acting.now,
        "place": located.text[:80] if located else "",
        "words": report.quote[:500],
    }
    insert_once(session, CaseReporter, [row], on=("case_id", "identity_id"))
    data = {"group": row["group_id"], "building": building_id}
    event(session, case_id=case.id or 0, kind="joined", by=acting.by, now=acting.now, **data)
    incident = tally.one_more(session, acting, case, located)
    news = News(session=session, acting=acting, case=case)
    if group is None:
        letters = announce("joined", news, once=f"joined-{report.reporter.id}")
    else:
        letters = _tell_group(session, news, incident, group, each_building=report.shared == BUILDING)
    return [*letters, *_tell_lead(session, news, incident)]


def _again(session: Session, acting: Acting, case: Case, report: Report) -> list[Letter]:
    """He is on record already: his words are kept; alone he hears that, a group reads nothing."""
    check(case, "add", frozenset({JOINED}))
    note(session, acting, case, NoteKind.ADDITION, report.words)
    event(session, case_id=case.id or 0, kind="joined_again", by=acting.by, now=acting.now)
    news = News(session=session, acting=acting, case=case)
    return announce("joined_again", news, once=f"again-{report.inbox_id}") if report.spoken_in is None else []


def _spread(session: Session, acting: Acting, case: Case, report: Report, located: Located | None) -> None:
    """He names a building more: the place grows, and with it the line that still waits."""
    if located is None:
        return
    identity_id, group = report.reporter.id or 0, report.spoken_in
    incident = tally.from_there_too(session, acting, case, located, identity_id=identity_id)
    if incident is not None and incident.count > 1 and group is not None:
        news = News(session=session, acting=acting, case=case)
        _tell_group(session, news, incident, group, each_building=report.shared == BUILDING)


def _tell_group(
    session: Session, news: News, incident: Incident, group: GroupView, *, each_building: bool
) -> list[Letter]:
    """The one further line of this group: laid down a little ahead, it grows until it leaves; after that silence."""
    case, now = news.case, news.now
    heard_in = store.spoken_in(session, case.id or 0, group.group.id or 0)
    if heard_in is None:
        heard_in = IncidentGroup(case_id=case.id or 0, group_id=group.group.id or 0, opened_at=case.opened_at,
                                 last_at=now)  # fmt: skip
    heard_in.last_at = now
    letters = told.line_to_group(news, incident, group.group, each_building=each_building)[:1]
    if heard_in.post:
        for letter in letters:
            amend(session, letter, key=heard_in.post)
        letters = []
    for letter in letters:
        about = f"case-{case.id}:{case.item}:joined-{group.group.id}"
        post(session, [replace(letter, after=now + POST_AFTER)], about=about, case_id=case.id, now=now)
        heard_in.post = f"{about}:{letter.reader}"
    session.add(heard_in)
    return letters


def _tell_lead(session: Session, news: News, incident: Incident) -> list[Letter]:
    """The count as it grows: at most one letter in ten minutes; while one waits it only says more."""
    case, now = news.case, news.now
    for letter in told.count_to_lead(news, incident):
        about = f"case-{case.id}:{told.COUNT}-{incident.letters}"
        if incident.letters and amend(session, letter, key=f"{about}:{letter.reader}"):
            return []
        due = max(now + POST_AFTER, incident.told_at + LEAD_EVERY if incident.told_at else now, letter.after or now)
        incident.letters, incident.told_at = incident.letters + 1, due
        about = f"case-{case.id}:{told.COUNT}-{incident.letters}"
        post(session, [replace(letter, after=due)], about=about, case_id=case.id, now=now)
        session.add(incident)
        return [letter]
    return []
