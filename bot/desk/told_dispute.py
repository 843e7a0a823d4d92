"""What is told while two sides are brought together: each listener turns news into letters, always to one reader alone.

To the other side goes nothing of the case: no name, no place, no matter, no word of whoever reported. Changes no case.
"""

from bot.desk import sides
from bot.desk.letters import Letter, to_identity
from bot.desk.news import News, held, quiet, redrawn, to_person, to_reporter
from bot.desk.sides import AGREED, ASKED, FIRST, OTHER, REFUSED
from bot.desk.told_later import UNDO_WINDOW
from bot.texts import disputes as say
from bot.texts import handling, times


def other_is_asked(news: News) -> list[Letter]:
    """The other side reads that somebody wants to talk, who mediates, and that he is free to say no."""
    community = news.acting.view.community.name
    return _to_side(news, OTHER, say.invited(community=community, number=_ref(news, OTHER), who=news.who))


def reporter_waits(news: News) -> list[Letter]:
    return _to_first(news, say.other_is_asked(number=_number(news), who=news.who))


def mediator_calls(news: News) -> list[Letter]:
    """Whether the bot could ask the other side, or the mediator has to go there."""
    other = sides.of(news.session, news.case).get(OTHER)
    if other is None:
        return []
    words = say.invited_by_bot if other.identity_id else say.call_on_him
    return to_person(news, news.lead, words(number=_number(news), place=other.place))


def changed_side_hears(news: News) -> list[Letter]:
    """He was asked by mistake: somebody else is the other side."""
    return _other_lets_go(news)


def agreed_to_side(news: News) -> list[Letter]:
    return _to_side(news, news.side, say.agreed(number=_ref(news, news.side), who=news.who))


def both_agree_to_sides(news: News) -> list[Letter]:
    """Whoever spoke last hears that he was understood; the one who waited, that there are two now."""
    them = _opposite(news.side)
    words = say.both_agree(number=_ref(news, them), who=news.who)
    return agreed_to_side(news) + _to_side(news, them, words)


def agreed_to_lead(news: News) -> list[Letter]:
    both = news.case.mediation == AGREED
    return to_person(news, news.lead, say.agreed_to_lead(number=_number(news), side=news.side, both=both))


def words_are_kept(news: News) -> list[Letter]:
    return _to_side(news, news.side, say.kept(number=_ref(news, news.side)))


def words_to_lead(news: News) -> list[Letter]:
    return to_person(news, news.lead, say.said(number=_number(news), side=news.side, words=news.words))


def stopped_to_sides(news: News) -> list[Letter]:
    """Both hear that it ends; who reported also hears where else he can go. Nobody reads why."""
    number = _number(news)
    by_other = news.side == OTHER
    first = say.stopped(number=number) if by_other else say.stopped_for_refuser(number=number)
    letters = _to_first(news, f"{first}\n{say.other_ways(number=number)}")
    words = say.stopped_for_refuser if by_other else say.stopped
    return letters + _to_side(news, OTHER, words(number=_ref(news, OTHER)))


def stopped_to_lead(news: News) -> list[Letter]:
    return to_person(news, news.lead, say.stopped_to_lead(number=_number(news), side=news.side))


def proposal_to_sides(news: News) -> list[Letter]:
    letters = _to_first(news, say.proposed(number=_number(news), words=news.words))
    return letters + _to_side(news, OTHER, say.proposed(number=_ref(news, OTHER), words=news.words))


def proposal_to_lead(news: News) -> list[Letter]:
    other = sides.of(news.session, news.case).get(OTHER)
    reachable = other is not None and other.identity_id is not None
    return to_person(news, news.lead, say.proposed_to_lead(number=_number(news), reachable=reachable))


def confirmed_to_side(news: News) -> list[Letter]:
    return _to_side(news, news.side, say.confirmed(number=_ref(news, news.side)))


def confirmed_to_lead(news: News) -> list[Letter]:
    return to_person(news, news.lead, say.confirmed_to_lead(number=_number(news), side=news.side))


def objection_to_sides(news: News) -> list[Letter]:
    """The objection itself is for the mediator alone."""
    them = _opposite(news.side)
    letters = _to_side(news, news.side, say.objected(number=_ref(news, news.side), who=news.who))
    return letters + _to_side(news, them, say.not_settled(number=_ref(news, them), who=news.who))


def objection_to_lead(news: News) -> list[Letter]:
    words = say.objected_to_lead(number=_number(news), side=news.side, words=news.words)
    return to_person(news, news.lead, words)


def settled_to_other(news: News) -> list[Letter]:
    """Who reported is asked by the ordinary result whether it is solved; the other side reads what holds now."""
    return _to_side(news, OTHER, say.settled(number=_ref(news, OTHER), words=news.words))


def settled_to_lead(news: News) -> list[Letter]:
    return to_person(news, news.lead, say.settled_to_lead(number=_number(news)))


def cooling_to_sides(news: News) -> list[Letter]:
    letters = _to_first(news, say.cooling(number=_number(news), until=_day(news)))
    return letters + _to_talking(news, say.cooling(number=_ref(news, OTHER), until=_day(news)))


def cooling_to_lead(news: News) -> list[Letter]:
    return to_person(news, news.lead, say.cooling_to_lead(number=_number(news), until=_day(news)))


def cool_over_to_sides(news: News) -> list[Letter]:
    letters = _to_first(news, say.cool_over(number=_number(news), who=news.who))
    return letters + _to_talking(news, say.cool_over(number=_ref(news, OTHER), who=news.who))


def cool_over_to_lead(news: News) -> list[Letter]:
    return to_person(news, news.lead, say.cool_over_to_lead(number=_number(news), by=news.by), card=True)


def new_mediator_to_sides(news: News) -> list[Letter]:
    """Whoever waits to be called hears who will call now."""
    if not news.case.mediation or news.case.lead_id is None:
        return []
    letters = _to_first(news, say.new_mediator(number=_number(news), who=news.who))
    return letters + _to_talking(news, say.new_mediator(number=_ref(news, OTHER), who=news.who))


def state_to_new_mediator(news: News) -> list[Letter]:
    other = sides.of(news.session, news.case).get(OTHER) if news.case.mediation else None
    if other is None or other.says == ASKED or news.other is None:
        return []
    return to_person(news, news.other, say.takes_over(number=_number(news), place=other.place, says=other.says))


def end_to_other(news: News) -> list[Letter]:
    """It ended without him: handled by other means, or taken back."""
    return held(_other_lets_go(news), news.now, UNDO_WINDOW)


def cards(news: News) -> list[Letter]:
    """The cards of the staff; what a side did is not what the reporter did, so the line names no person."""
    return redrawn(news, handling.status_line(number=_number(news), who="", did=news.did, at=news.acting.at))


def _other_lets_go(news: News) -> list[Letter]:
    return _to_talking(news, say.ended(number=_ref(news, OTHER)))


def _to_talking(news: News, words: str) -> list[Letter]:
    """To the other side, as long as he has not refused to talk: whoever said no is left in peace."""
    other = sides.of(news.session, news.case).get(OTHER) if news.case.mediation else None
    return [] if other is None or other.says == REFUSED else _to_side(news, OTHER, words)


def _to_first(news: News, words: str) -> list[Letter]:
    return to_reporter(news, lambda _: words, alone=True)


def _to_side(news: News, side: str, words: str) -> list[Letter]:
    if side == FIRST:
        return _to_first(news, words)
    party = sides.of(news.session, news.case).get(side)
    identity = sides.identity_of(news.session, party) if party is not None else None
    return quiet([to_identity(identity, words)], news) if identity is not None else []


def _number(news: News) -> str:
    """For the staff and whoever reported; the other side never reads it."""
    return news.case.number


def _ref(news: News, side: str) -> str:
    return sides.ref(news.case, side)


def _opposite(side: str) -> str:
    return OTHER if side == FIRST else FIRST


def _day(news: News) -> str:
    """「11月26日（周四）」, the day on which it goes on."""
    here = times.local(news.until or news.now)
    return times.day(here.date(), year=times.local(news.now).year, weekday=True)
