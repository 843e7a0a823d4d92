"""What is told while a case lives on: each listener turns news into letters. Changes no case."""

from datetime import timedelta

from bot.desk.letters import Letter, to_identity
from bot.desk.news import News, card_of, redrawn, reporter, to_joined, to_person, to_reporter
from bot.texts import handling, private, progress, times

# a result can be taken back for two minutes: until then nobody outside hears of it
UNDO_WINDOW = timedelta(minutes=2)
LONG_AFTER = timedelta(minutes=10)


def actor_hears(news: News) -> list[Letter]:
    """Whoever of the staff said the word reads what came of it: on the card whose button he pressed, or in one line."""
    identity, person = news.acting.identity, news.acting.person
    if identity is None or person is None or not news.acting.view.roles_of(person.id or 0):
        return []
    line = _line(news)
    if not news.acting.pressed:
        return [to_identity(identity, line)]
    card, _ = card_of(news, notes=(line,), buttons=person.id == news.case.lead_id)
    return [to_identity(identity, line, card=card, redraw=True)]


def cards_anew(news: News) -> list[Letter]:
    """Everybody else who has the card before him sees the change on it; who gets a letter of his own is spared."""
    spare = {news.other.id or 0} if news.other is not None else set()
    if news.acting.pressed:
        spare.add(_actor(news) or 0)
    return redrawn(news, _line(news), spare=frozenset(spare))


def taken_to_reporter(news: News) -> list[Letter]:
    """Only when he has waited a while: an ack and 「已接单」 in one breath is noise."""
    if news.now - news.case.opened_at < LONG_AFTER:
        return []
    return to_reporter(news, lambda nick: progress.taken(nick=nick, number=news.case.number, who=news.who))


def lead_from_before(news: News) -> list[Letter]:
    if news.before is None or news.before.id in (news.case.lead_id, _actor(news)):
        return []
    case = news.case
    text = handling.taken_over(number=case.number, matter=case.title, who=news.lead.name if news.lead else "同事")
    return to_person(news, news.before, text)


def task_to_other(news: News) -> list[Letter]:
    """The card for whoever has the case now."""
    if news.other is None:
        return []
    what = news.did.replace(news.other.name, "您")
    line = handling.brought(number=news.case.number, what=what, by=news.acting.name or "系统")
    notes = "\n".join(part for part in (line, handling.reason_line(news.words)) if part)
    return to_person(news, news.other, notes, card=True)


def task_to_helper(news: News) -> list[Letter]:
    case = news.case
    text = handling.assist_asked(number=case.number, matter=case.title, place=case.place, who=news.lead_name)
    return to_person(news, news.other, text)


def result_to_reporter(news: News) -> list[Letter]:
    """The result and the one question whether it is solved; a group reads of a result only where nobody is touched."""
    case = news.case
    public = case.privacy == 0

    def words(nick: str) -> str:
        named = case.title if not nick or case.privacy < 2 else ""
        result = case.result if public or not nick else ""
        return progress.handled(nick=nick, number=case.number, matter=named, result=result)

    return to_reporter(news, words, hold=UNDO_WINDOW)


def result_to_joined(news: News) -> list[Letter]:
    case = news.case
    result = case.result if case.privacy == 0 else ""
    return to_joined(news, progress.all_done(number=case.number, matter=case.title, result=result), hold=UNDO_WINDOW)


def thanks_to_reporter(news: News) -> list[Letter]:
    case = news.case
    return to_reporter(
        news,
        lambda nick: progress.self_handled(nick=nick, number=case.number, result="" if nick else case.result),
        hold=UNDO_WINDOW,
    )


def remark_to_lead(news: News) -> list[Letter]:
    if news.lead is None or news.lead.id == _actor(news):
        return []
    text = handling.remarked(number=news.case.number, who=news.acting.name, words=news.words)
    return to_person(news, news.lead, text)


def photo_to_lead(news: News) -> list[Letter]:
    if news.lead is None or news.lead.id == _actor(news):
        return []
    return to_person(news, news.lead, handling.photo(number=news.case.number, who=news.acting.name))


def request_to_superior(news: News) -> list[Letter]:
    number, until = news.case.number, _until(news)
    if news.limit:
        text = handling.asks_extension(
            number=number, who=news.lead_name, limit=news.limit, until=until, reason=news.words
        )
    else:
        text = handling.asks_suspension(number=number, who=news.lead_name, until=until, reason=news.words)
    return to_person(news, news.other, text, card=True, asked=True)


def refusal_to_lead(news: News) -> list[Letter]:
    text = handling.not_granted(number=news.case.number, what=news.did, who=news.acting.name, reason=news.words)
    return [] if news.case.lead_id == _actor(news) else to_person(news, news.lead, text)


def yes_to_lead(news: News) -> list[Letter]:
    text = handling.granted(number=news.case.number, what=news.did, until=_until(news), who=news.acting.name)
    return [] if news.case.lead_id == _actor(news) else to_person(news, news.lead, text)


def later_to_reporter(news: News) -> list[Letter]:
    """An extension is told with its reason; in a group the reason of a private matter is left out."""
    case = news.case

    def words(nick: str) -> str:
        reason = news.words if not nick or case.privacy == 0 else ""
        return progress.extended(nick=nick, number=case.number, by=_until(news), reason=reason)

    return to_reporter(news, words)


def later_to_joined(news: News) -> list[Letter]:
    reason = news.words if news.case.privacy == 0 else ""
    return to_joined(news, progress.extended(nick="", number=news.case.number, by=_until(news), reason=reason))


def shelf_to_reporter(news: News) -> list[Letter]:
    case = news.case

    def words(nick: str) -> str:
        reason = news.words if not nick or case.privacy == 0 else ""
        until = times.day(times.local(news.until or news.now).date(), year=times.local(news.now).year)
        return progress.suspended(nick=nick, number=case.number, reason=reason, until=until)

    return to_reporter(news, words)


def resumed_to_reporter(news: News) -> list[Letter]:
    number = news.case.number
    return to_reporter(news, lambda nick: progress.resumed(nick=nick, number=number, who=news.who, by=_until(news)))


def resumed_to_lead(news: News) -> list[Letter]:
    if news.case.lead_id == _actor(news):
        return []
    text = handling.resumed(number=news.case.number, matter=news.case.title, by=_until(news))
    return to_person(news, news.lead, text, card=True)


def needs_to_reporter(news: News) -> list[Letter]:
    text = progress.waits_for_you(number=news.case.number, what=news.words)
    return to_reporter(news, lambda _: text, alone=True)


def declined_to_reporter(news: News) -> list[Letter]:
    """Always in private, with the reason and the right place to go."""
    text = progress.declined(number=news.case.number, reason=news.words, channel=news.channel)
    return to_reporter(news, lambda _: text, alone=True, hold=UNDO_WINDOW)


def pressed_to_lead(news: News) -> list[Letter]:
    text = handling.supervised(number=news.case.number, matter=news.case.title, who=news.acting.name, words=news.words)
    return [] if news.case.lead_id == _actor(news) else to_person(news, news.lead, text)


def opened_to_reporter(news: News) -> list[Letter]:
    """What was not sure at first is a case now: he hears it in private, because the talk has gone on."""
    text = private.acknowledged(
        matter=news.case.title, number=news.case.number, place=news.case.place, who=news.who, by=news.by, phone=""
    )
    return to_reporter(news, lambda _: text, alone=True)


def merged_to_reporter(news: News) -> list[Letter]:
    case = news.case
    return to_reporter(news, lambda nick: progress.merged(nick=nick, number=case.number, into=news.words))


def thanks_for_rating(news: News) -> list[Letter]:
    """Thanked in private; a group needs no line for it."""
    identity, case = news.acting.identity, news.case
    if case.closed_as != "confirmed" or identity is None or case.group_id is not None:
        return []
    return [to_identity(identity, progress.thanks(number=case.number))]


def closed_to_lead(news: News) -> list[Letter]:
    if news.case.lead_id == _actor(news):
        return []
    how = handling.CLOSED_AS[news.case.closed_as]
    if news.case.rating:
        how += f"，{progress.STARS[news.case.rating]}"
    return to_person(news, news.lead, handling.closed(number=news.case.number, how=how))


def reopened_to_reporter(news: News) -> list[Letter]:
    number = news.case.number
    return to_reporter(
        news,
        lambda nick: progress.reopened(nick=nick, number=number, who=news.who, by=news.by),
        calm=False,
    )


def not_solved_to_leader(news: News) -> list[Letter]:
    text = handling.not_solved(number=news.case.number, words=news.words)
    return to_person(news, news.lead, text, card=True)


def place_noted(news: News) -> list[Letter]:
    case = news.case
    return to_reporter(news, lambda nick: progress.moved(nick=nick, number=case.number, place=case.place), calm=False)


def withdrawn_to_reporter(news: News) -> list[Letter]:
    return to_reporter(news, lambda nick: progress.withdrawn(nick=nick, number=news.case.number), calm=False)


def withdrawn_to_lead(news: News) -> list[Letter]:
    return to_person(news, news.lead, handling.withdrawn(number=news.case.number, matter=news.case.title))


def stays_to_reporter(news: News) -> list[Letter]:
    return to_reporter(news, lambda _: progress.cannot_withdraw(number=news.case.number), alone=True, calm=False)


def fine_to_lead(news: News) -> list[Letter]:
    return to_person(news, news.lead, handling.said_fine(number=news.case.number, words=news.words))


def nudge_to_lead(news: News) -> list[Letter]:
    return to_person(news, news.lead, handling.nudge(number=news.case.number, matter=news.case.title))


def _line(news: News) -> str:
    resident = "居民" if news.case.reporter_hidden else reporter(news)[0].display_name
    who = news.acting.name or (resident if news.acting.identity else "系统")
    return handling.status_line(number=news.case.number, who=who, did=news.did or "更新", at=news.acting.at)


def _until(news: News) -> str:
    return times.by(news.until, news.now) if news.until else "尽快"


def _actor(news: News) -> int | None:
    return news.acting.person.id if news.acting.person else None
