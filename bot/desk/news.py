"""One thing that happened to a case, and the ways to tell it: to the reporter, to a member of staff, to card holders.

Who hears of what is decided in ``notify``; here is only how a reader is reached without spilling anything.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from sqlmodel import Session, select

from bot.desk import recusal
from bot.desk.acting import Acting
from bot.desk.cards import covered_card, holders, task_card
from bot.desk.letters import Letter, TaskCard, to_group, to_identity, to_staff
from bot.desk.office import LEADS
from bot.desk.standing import lead_rank, rank_over
from bot.texts import private as say
from bot.texts import times
from storage.case import Case, CaseClock, CaseState
from storage.case_file import CaseReporter
from storage.group import ChatGroup
from storage.person import Identity, Person

QUIET_FROM, QUIET_TO = time(22, 0), time(7, 0)
EMERGENCY = "emergency"
_COUNTS_DOWN = (CaseState.ASSIGNED, CaseState.IN_PROGRESS)


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What happened: ``words`` are somebody's reason or result, masked. ``until`` is a promised moment, aware UTC.

    ``other`` is the member of staff it concerns besides the actor: the new lead, the superior who is asked.
    ``before`` is the lead from before the change. ``limit`` is a time in words (「2天」), ``did`` the verb in Chinese.
    ``side`` is the side of a dispute that spoke. ``holders`` have the case's card before them; None: not looked up yet.
    """

    session: Session
    acting: Acting
    case: Case
    words: str = ""
    until: datetime | None = None
    other: Person | None = None
    before: Person | None = None
    limit: str = ""
    did: str = ""
    channel: str = ""
    side: str = ""
    holders: Iterable[Identity] | None = None

    @property
    def now(self) -> datetime:
        return self.acting.now

    @property
    def lead(self) -> Person | None:
        return self.acting.view.staff.get(self.case.lead_id or 0)

    @property
    def who(self) -> str:
        """The lead as a resident reads him: 「网格员宋佳明」."""
        return LEADS.get(self.case.lead_as, "") + self.lead.name if self.lead else "社区工作人员"

    @property
    def lead_name(self) -> str:
        return self.lead.name if self.lead else "还没有人"

    @property
    def by(self) -> str:
        return times.by(self.until, self.now) if self.until else "尽快"

    @property
    def may_name_matter(self) -> bool:
        """Whether a group may read what the case is about."""
        return self.case.privacy < 2 and not self.case.restricted


def reporter(news: News) -> tuple[Identity, Person | None]:
    identity = news.session.get_one(Identity, news.case.reporter_id)
    person = news.session.get(Person, identity.person_id) if identity.person_id else None
    return identity, person


def to_reporter(
    news: News, words: Callable[[str], str], *, alone: bool = False, calm: bool = True, hold: timedelta | None = None
) -> list[Letter]:
    """To whoever reported, where he spoke: in his group with his name, or in private. ``words`` takes the name.

    What a group must not know (``alone``, a private matter, a dispute) goes to him alone. Where no robot may post,
    the lead carries it.
    """
    identity, _ = reporter(news)
    group = _group(news)
    if alone or group is None or not news.may_name_matter or news.case.mediation:
        letters = [to_identity(identity, words(""))]
    else:
        text = words(identity.display_name)
        letters = to_group(news.acting.office, group, text, mention=identity.external_id)
        if not letters and news.lead is not None:
            by_hand = say.please_post(group=group.name, text=text)
            letters = to_staff(news.acting.view, news.acting.office, news.lead, by_hand)
    return held(quiet(letters, news) if calm else letters, news.now, hold)


def to_joined(news: News, text: str, *, hold: timedelta | None = None) -> list[Letter]:
    """To everybody who reported the same: one line to each other group, and to each who spoke in private.

    Of a private matter or a dispute no group reads anything.
    """
    rows = news.session.exec(select(CaseReporter).where(CaseReporter.case_id == news.case.id)).all()
    open_to_all = news.may_name_matter and not news.case.mediation
    groups = {row.group_id for row in rows if row.group_id and open_to_all} - {news.case.group_id}
    letters: list[Letter] = []
    for group_id in sorted(groups):
        letters += to_group(news.acting.office, news.session.get_one(ChatGroup, group_id), text)
    alone = [row.identity_id for row in rows if row.group_id is None or not open_to_all]
    letters += [to_identity(news.session.get_one(Identity, identity_id), text) for identity_id in alone]
    return held(quiet(letters, news), news.now, hold)


def to_person(
    news: News, person: Person | None, text: str, *, card: bool = False, asked: bool = False, calm: bool = True
) -> list[Letter]:
    """To one member of staff; with ``card`` the case's card and the words over it."""
    if person is None or person.id == news.case.about_id:
        return []
    urgent = news.case.urgency == EMERGENCY
    office, view = news.acting.office, news.acting.view
    if not card:
        letters = to_staff(view, office, person, text, urgent=urgent)
    else:
        drawn, plain = card_of(news, notes=(text,) if text else (), asked=asked)
        letters = to_staff(view, office, person, plain, card=drawn, urgent=urgent)
    return quiet(letters, news) if calm else letters


def redrawn(news: News, line: str, *, spare: frozenset[int] = frozenset()) -> list[Letter]:
    """Every card of this case drawn anew under ``line``; ``spare`` are people who get a letter of their own."""
    letters = []
    lead, about = news.case.lead_id, news.case.about_id
    for identity in holders(news.session, news.case.id or 0) if news.holders is None else news.holders:
        if identity.person_id in spare or (about is not None and identity.person_id == about):
            continue
        card, _ = card_of(news, notes=(line,), buttons=identity.person_id == lead)
        if identity.person_id != lead and _may_not_read(news, identity):
            card = covered_card(news.case, line)
        letters.append(to_identity(identity, line, card=card, redraw=True))
    return quiet(letters, news)


def _may_not_read(news: News, identity: Identity) -> bool:
    """Of what must be reported only those above the lead read on; of a dispute nobody who must keep away."""
    view, case, person_id = news.acting.view, news.case, identity.person_id or 0
    if case.restricted:
        return rank_over(view, case, person_id) <= lead_rank(view, case)
    return bool(case.mediation) and person_id in recusal.kept_away(news.session, view, case)


def card_of(news: News, *, notes: tuple[str, ...], asked: bool = False, buttons: bool = True) -> tuple[TaskCard, str]:
    identity, person = reporter(news)
    group = _group(news)
    return task_card(
        news.case,
        reporter=identity,
        reporter_person=person,
        due=due_of(news),
        now=news.now,
        notes=notes,
        group=group.name if group else "",
        asked=asked,
        buttons=buttons,
    )


def due_of(news: News) -> datetime | None:
    """The deadline that the card counts down to: first reply until it is taken, then finish; then there is none."""
    if news.case.state not in _COUNTS_DOWN:
        return None
    kind = "first_reply" if news.case.state == CaseState.ASSIGNED else "finish"
    clock = news.session.exec(
        select(CaseClock).where(CaseClock.case_id == news.case.id, CaseClock.kind == kind)
    ).first()
    return clock.due_at if clock and clock.paused_at is None else None


def quiet(letters: list[Letter], news: News) -> list[Letter]:
    """Nothing but emergencies disturbs anybody at night: the rest waits for the morning."""
    until = quiet_until(news.now)
    if until is None or news.case.urgency == EMERGENCY:
        return letters
    return [replace(letter, after=until) for letter in letters]


def held(letters: list[Letter], now: datetime, hold: timedelta | None) -> list[Letter]:
    if hold is None:
        return letters
    return [replace(letter, after=max(letter.after or now, now + hold)) for letter in letters]


def quiet_until(now: datetime) -> datetime | None:
    """The end of the quiet hours (22:00 to 07:00) that ``now`` lies in, aware UTC; None by day."""
    here = times.local(now)
    if QUIET_TO <= here.time() < QUIET_FROM:
        return None
    on = here.date() + timedelta(days=1) if here.time() >= QUIET_FROM else here.date()
    return times.utc(datetime.combine(on, QUIET_TO, tzinfo=here.tzinfo))


def _group(news: News) -> ChatGroup | None:
    return news.session.get(ChatGroup, news.case.group_id) if news.case.group_id else None
