"""What is told when a resident adds to his case: himself now and then, the lead each time. Changes no case."""

from datetime import timedelta

from sqlmodel import col, func, select

from bot.desk.letters import Letter
from bot.desk.lifecycle import REPORTER
from bot.desk.news import News, to_person, to_reporter
from bot.texts import handling, progress
from storage.case import CaseEvent
from storage.incident import Incident

# three messages in a row are one thing: one line tells him that all of them are there
ACK_EVERY = timedelta(minutes=10)
_CROWD = 5  # of more people the lead reads the number, not each of them


def addition_noted(news: News) -> list[Letter]:
    """To the reporter himself, at most once in ten minutes; whoever only joined is told how it ends."""
    if REPORTER not in news.acting.parts(news.session, news.case) or _added_lately(news):
        return []
    return to_reporter(news, lambda nick: progress.added(nick=nick, number=news.case.number), calm=False)


def addition_to_lead(news: News) -> list[Letter]:
    """What is said to it, word for word; of a crowd only what the first reporter says, the rest lies in the file."""
    if news.case.incident and REPORTER not in news.acting.parts(news.session, news.case) and _crowd(news):
        return []
    known = news.acting.identity is not None and not news.case.reporter_hidden
    who = news.acting.identity.display_name if news.acting.identity and known else "居民"
    number = news.case.number
    if news.words:
        return to_person(news, news.lead, handling.added(number=number, words=news.words, who=who))
    return to_person(news, news.lead, handling.photo(number=number, who=who))


def _crowd(news: News) -> bool:
    incident = news.session.get(Incident, news.case.id)
    return incident is not None and incident.count > _CROWD


def _added_lately(news: News) -> bool:
    """Whether this is not the first of the last minutes; its own event is there already."""
    events = select(func.count()).where(
        CaseEvent.case_id == news.case.id,
        col(CaseEvent.kind).in_(("added", "photo_added")),
        col(CaseEvent.at) > news.now - ACK_EVERY,
    )
    return news.session.exec(events).one() > 1
