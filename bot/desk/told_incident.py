"""What is told of a matter that many report: one line to a group, a count to the lead, the end to everybody.

Each function turns news into letters. Changes no case.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace

from sqlalchemy import update
from sqlmodel import col

from bot.desk.directory import View
from bot.desk.letters import Letter, to_group, to_identity, to_staff
from bot.desk.news import News, to_joined, to_person, to_reporter
from bot.desk.told_later import UNDO_WINDOW
from bot.texts import handling, progress, times
from bot.texts import private as say
from storage.case import Case
from storage.group import ChatGroup
from storage.incident import NOWHERE, Incident
from storage.message import IS_OPEN, Outbox

_MOST_LISTED = 12
_GROUP_PLACES = 40
# a letter that waits for more to be said in it must not hold up what comes after it
_LANE = ":joined"
COUNT = "count"


def answer_alone(news: News) -> list[Letter]:
    """Whoever told the bot alone hears at once that it is known already."""
    identity, case = news.acting.identity, news.case
    if identity is None:
        return []
    return [to_identity(identity, progress.joined_alone(number=case.number, matter=case.title))]


def again_alone(news: News) -> list[Letter]:
    """He had reported it before: what he says now is kept, and he hears that."""
    identity = news.acting.identity
    return [to_identity(identity, progress.added(nick="", number=news.case.number))] if identity else []


def left_to_reporter(news: News) -> list[Letter]:
    """He needs it no longer, his neighbours do."""
    return to_reporter(news, lambda nick: progress.left(nick=nick, number=news.case.number), calm=False)


def left_to_lead(news: News) -> list[Letter]:
    who = news.acting.identity.display_name if news.acting.identity else "居民"
    return to_person(news, news.lead, handling.added(number=news.case.number, words=news.words, who=who))


def line_to_group(news: News, incident: Incident, group: ChatGroup, *, each_building: bool) -> list[Letter]:
    """The one further line of this group; where no robot may post, the lead carries it."""
    case = news.case
    text = progress.joined(
        number=case.number,
        matter=case.title,
        count=incident.count,
        # where somebody did not say it himself, it is his own address and would tell who he is
        places=buildings(news.acting.view, incident.named, most=_GROUP_PLACES),
        other_buildings=each_building,
    )
    letters = to_group(news.acting.office, group, text)
    if not letters and news.lead is not None:
        by_hand = say.please_post(group=group.name, text=text)
        letters = to_staff(news.acting.view, news.acting.office, news.lead, by_hand)
    return [_aside(letter) for letter in letters]


def count_to_lead(news: News, incident: Incident) -> list[Letter]:
    """How many by now, and how many of each building."""
    case = news.case
    places = tallied(news.acting.view, incident.tally)
    text = handling.joined(number=case.number, matter=case.title, count=incident.count, places=places)
    return [_aside(letter) for letter in to_person(news, news.lead, text)]


def no_more_counts(news: News) -> list[Letter]:
    """The lead needs no count any more: the line that still waits for more is never sent."""
    case = news.case
    if case.incident:
        news.session.execute(
            update(Outbox)
            .where(
                col(Outbox.case_id) == case.id,
                col(Outbox.state) == IS_OPEN,
                col(Outbox.attempts) == 0,
                col(Outbox.key).startswith(f"case-{case.id}:{COUNT}-"),
            )
            .values(state="void")
            .execution_options(synchronize_session=False)
        )
    return []


def declined_to_joined(news: News) -> list[Letter]:
    reason = news.words if news.case.privacy == 0 else "不归社区办"
    text = progress.declined(number=news.case.number, reason=reason, channel=news.channel)
    return to_joined(news, text, hold=UNDO_WINDOW)


def shelf_to_joined(news: News) -> list[Letter]:
    reason = news.words if news.case.privacy == 0 else ""
    until = times.day(times.local(news.until or news.now).date(), year=times.local(news.now).year)
    return to_joined(news, progress.suspended(nick="", number=news.case.number, reason=reason, until=until))


def resumed_to_joined(news: News) -> list[Letter]:
    text = progress.resumed(nick="", number=news.case.number, who=news.who, by=news.by)
    return to_joined(news, text)


def merged_to_joined(news: News) -> list[Letter]:
    return to_joined(news, progress.merged(nick="", number=news.case.number, into=news.words))


def merged_to_lead(news: News) -> list[Letter]:
    """Whoever leads the case that goes on hears what came into it."""
    into = news.session.get(Case, news.case.merged_into) if news.case.merged_into else None
    lead = news.acting.view.staff.get(into.lead_id or 0) if into else None
    if into is None or lead is None or (news.acting.person is not None and lead.id == news.acting.person.id):
        return []
    text = handling.merged_in(number=into.number, matter=into.title, came=news.case.number, place=news.case.place)
    return to_person(replace(news, case=into), lead, text)


def buildings(view: View, ids: Collection[int], *, most: int) -> str:
    """「海棠苑1号楼、3号楼」, in at most so many characters: 「海棠苑1号楼、2号楼等9栋楼」."""
    known = _in_order(view, ids)
    said = [f"{view.buildings[key].number}号楼" for key in known]
    if not said:
        return ""
    estate = view.estates[view.buildings[known[0]].estate_id].name
    whole = estate + "、".join(said)
    if len(whole) <= most:
        return whole
    rest = f"等{len(said)}栋楼"
    while len(said) > 1 and len(estate + "、".join(said)) + len(rest) > most:
        said.pop()
    return (estate + "、".join(said) + rest)[:most]


def tallied(view: View, tally: Mapping[str, int]) -> str:
    """「海棠苑1号楼3位、3号楼8位，没说楼号1位」; of very many buildings those with the most people."""
    known = _in_order(view, [int(key) for key in tally if key != NOWHERE])
    many = len(known)
    if many > _MOST_LISTED:
        most = sorted(known, key=lambda key: -tally[str(key)])[:_MOST_LISTED]
        known = _in_order(view, most)
    said = "、".join(
        f"{view.buildings[key].number}号楼" + (f"{tally[str(key)]}位" if tally[str(key)] else "") for key in known
    )
    if known:
        said = view.estates[view.buildings[known[0]].estate_id].name + said
    if many > len(known):
        said += f"等{many}栋楼"
    unsaid = f"没说楼号{tally[NOWHERE]}位" if tally.get(NOWHERE) and known else ""
    return "，".join(part for part in (said, unsaid) if part)


def _in_order(view: View, ids: Collection[int]) -> list[int]:
    """The buildings that are still on the map, as their numbers count."""
    known = [key for key in ids if key in view.buildings]
    return sorted(known, key=lambda key: _counting(view.buildings[key].number))


def _counting(number: str) -> tuple[int, str]:
    digits = re.match(r"\d+", number)
    return (int(digits.group()) if digits else 1_000_000, number)


def _aside(letter: Letter) -> Letter:
    return replace(letter, lane=letter.lane + _LANE)
