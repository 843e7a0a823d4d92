"""What is told when the clock takes a step: each listener turns it into letters. Changes no case, asks no database.

Everybody is looked for in the chain that stood when the case began. Whoever is on leave, or whom no channel reaches, is
passed over upwards; he whom the case is about never hears of it; what must be reported by law reaches the lead and
those above the grid's workers only. An emergency never ends with nobody told while anybody at all can be reached.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from bot.desk import ladder
from bot.desk.cards import task_card
from bot.desk.letters import Letter, to_staff
from bot.desk.news import EMERGENCY, News, quiet, quiet_until, to_person, to_reporter
from bot.desk.office import LEADS
from bot.desk.standing import RANKS, lead_rank
from bot.texts import handling, progress, steps, times
from storage.case import CaseClock, CaseState
from storage.person import Identity, Person

_UPWARDS = ("standin", "leader", "chief", "street")
_MINUTE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A step of one clock that is due now, with what its letters say. ``group`` is the name of the reporter's group."""

    news: News
    clock: CaseClock
    step: str
    reporter: Identity
    reporter_person: Person | None
    group: str

    @property
    def read_at(self) -> datetime:
        """When the letter leaves: by night its words must be true in the morning."""
        by_night = quiet_until(self.news.now) if self.news.case.urgency != EMERGENCY else None
        return by_night or self.news.now


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody of the chain, and in which standing."""

    standing: str
    person: Person


def untaken_to_standin(told: Told) -> list[Letter]:
    """Half of the time is over and nobody has taken it: the stand-in may."""
    if told.news.case.state == CaseState.RECEIVED:
        return []  # nobody can take it before somebody has decided
    reader = _first(told, "standin")
    return _card(told, reader, _untaken(told)) if reader else []


def untaken_to_leader(told: Told) -> list[Letter]:
    """The whole time is over; where nobody stands above, the lead himself is reminded."""
    case = told.news.case
    reader = _first(told, "leader") or _lead(told)
    if reader is None:
        return []
    if case.state == CaseState.RECEIVED:
        words = steps.undecided(number=case.number, matter=case.title, over=_left(told))
        return to_person(told.news, reader.person, words)
    return _card(told, reader, _untaken(told))


def alarm_to_standin_and_leader(told: Told) -> list[Letter]:
    called = [each for each in (_only(told, "standin"), _only(told, "leader")) if each is not None]
    return _alarms(told, called or _anybody(told, "chief"))


def alarm_to_chief(told: Told) -> list[Letter]:
    return _alarms(told, _anybody(told, "chief"))


def alarm_to_street(told: Told) -> list[Letter]:
    return _alarms(told, _anybody(told, "street"))


def alarm_to_chief_and_street(told: Told) -> list[Letter]:
    called = [each for each in (_only(told, "chief"), _only(told, "street")) if each is not None]
    return _alarms(told, called or _anybody(told, "street"))


def warning_to_lead(told: Told) -> list[Letter]:
    """Four fifths of the time are over: he may still ask for more, and the resident would hear of it in time."""
    case, lead = told.news.case, _lead(told)
    by = times.by(told.clock.due_at, told.read_at)
    words = handling.warn_lead(number=case.number, matter=case.title, left=_left(told), by=by)
    return to_person(told.news, lead.person, words) if lead else []


def warning_to_superior(told: Told) -> list[Letter]:
    case, rank = told.news.case, lead_rank(told.news.acting.view, told.news.case)
    above = next((each for each in _chain(told, "leader") if RANKS[each.standing] > rank), None)
    words = handling.warn_superior(number=case.number, matter=case.title, who=told.news.lead_name, left=_left(told))
    return to_person(told.news, above.person, words) if above else []


def overdue_to_chief(told: Told) -> list[Letter]:
    reader = _first(told, "chief") or _lead(told)
    return to_person(told.news, reader.person, _overdue(told)) if reader else []


def late_to_reporter(told: Told) -> list[Letter]:
    """Each promise that was broken is told to the resident once, with who looks after it now."""
    case, reader = told.news.case, _first(told, "chief")
    who = LEADS.get(reader.standing, "") + reader.person.name if reader else "社区工作人员"
    return to_reporter(told.news, lambda nick: progress.late(nick=nick, number=case.number, who=who))


def overdue_to_street(told: Told) -> list[Letter]:
    """A working day later the street hears of it; where the roster knows nobody there, the chief once more."""
    case, reader = told.news.case, _first(told, "street")
    if reader is None:
        return overdue_to_chief(told)
    words = handling.street(
        number=case.number,
        matter=case.title,
        community=told.news.acting.view.community.name,
        who=told.news.lead_name,
    )
    return to_person(told.news, reader.person, words)


# what a resident hears is no reminder of the staff: one of those is never merged with it
TO_RESIDENTS = frozenset({late_to_reporter})


def _chain(told: Told, lowest: str) -> Iterator[Reader]:
    """Those who may be told and are there, from this standing upwards."""
    for standing in _UPWARDS[_UPWARDS.index(lowest) :]:
        reader = _only(told, standing)
        if reader is not None:
            yield reader


def _only(told: Told, standing: str, *, on_leave: bool = False) -> Reader | None:
    """Whoever holds this standing in the case's chain, if he may be told and is there."""
    case, view = told.news.case, told.news.acting.view
    person = view.staff.get(case.chain.get(standing, 0))
    if person is None or not _may_know(told, person, standing):
        return None
    there = on_leave or not view.away(person.id or 0, told.news.now)
    reached = view.identity(person.id or 0, told.news.acting.office.channels) is not None
    return Reader(standing, person) if there and reached else None


def _may_know(told: Told, person: Person, standing: str) -> bool:
    case = told.news.case
    if person.id == case.about_id:
        return False
    return not case.restricted or person.id == case.lead_id or RANKS[standing] > RANKS["worker"]


def _first(told: Told, lowest: str) -> Reader | None:
    """The first one there who is not the lead himself."""
    return next((each for each in _chain(told, lowest) if each.person.id != told.news.case.lead_id), None)


def _lead(told: Told) -> Reader | None:
    """The lead, unless he is on leave."""
    lead, case = told.news.lead, told.news.case
    if lead is None or told.news.acting.view.away(lead.id or 0, told.news.now):
        return None
    return Reader(case.lead_as, lead)


def _anybody(told: Told, lowest: str) -> list[Reader]:
    """In an emergency somebody has to hear it: upwards, else downwards, else whoever is on duty or can be reached."""
    upwards = next(_chain(told, lowest), None)
    if upwards is not None:
        return [upwards]
    downwards = ("street", "chief", "leader", "standin", "worker")
    for on_leave in (False, True):
        for standing in downwards:
            reader = _only(told, standing, on_leave=on_leave)
            if reader is not None:
                return [reader]
        duty = [person for person in told.news.acting.view.on_duty(told.news.now) if _may_know(told, person, "chief")]
        if duty:
            return [Reader("duty", duty[0])]
    return []


def _alarms(told: Told, readers: list[Reader]) -> list[Letter]:
    case = told.news.case
    minutes = int((told.news.now - told.clock.started_at).total_seconds()) // _MINUTE
    words = handling.alarm(number=case.number, matter=case.title, place=case.place, minutes=max(0, minutes))
    people = {reader.person.id: reader for reader in readers}
    return [letter for reader in people.values() for letter in _card(told, reader, words)]


def _card(told: Told, reader: Reader, words: str) -> list[Letter]:
    """The case's card with these words over it, so that he can take it with one tap."""
    news = told.news
    drawn, plain = task_card(
        news.case,
        reporter=told.reporter,
        reporter_person=told.reporter_person,
        due=told.clock.due_at,
        now=told.read_at,
        notes=(words,),
        group=told.group,
    )
    urgent = news.case.urgency == EMERGENCY
    return quiet(to_staff(news.acting.view, news.acting.office, reader.person, plain, card=drawn, urgent=urgent), news)


def _untaken(told: Told) -> str:
    case = told.news.case
    if told.news.lead is None:
        return steps.nobody(number=case.number, matter=case.title, left=_left(told))
    if told.step == ladder.HALF:
        return handling.half(number=case.number, matter=case.title, who=told.news.lead_name, left=_left(told))
    return handling.full(number=case.number, matter=case.title, who=told.news.lead_name, over=_left(told))


def _overdue(told: Told) -> str:
    case = told.news.case
    return handling.over(number=case.number, matter=case.title, who=told.news.lead_name, over=_left(told))


def _left(told: Told) -> str:
    """「还剩2小时15分」 or 「已超时40分钟」, as the clock on the wall has it."""
    return times.left(told.clock.due_at, told.read_at)
