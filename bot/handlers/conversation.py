"""Answers to the open question of a talk: the place that was asked for, or a change of mind."""

import re
from dataclasses import asdict

from bot.desk import questions
from bot.desk.assignment import Located, Said, Unclear, locate
from bot.handlers.base import Turn, said_in
from storage.message import Question

# said to the bot's own question these are plain; said into the group they may mean anything
_NEVER_MIND = re.compile(
    r"\s*(那|唉|哎)?(就)?((算了|不用了|不弄了|不报了|没事了|不需要了|不麻烦了|取消)[吧啦，,。！!～~ ]*)+\s*"
)


def answer(turn: Turn) -> str | None:
    """Join a place to the request that waits for it, also when others talked in between."""
    question = questions.waiting(turn.session, turn.lane) if turn.asked else None
    if question is None or question.asks == questions.PROMPT or _is_another_matter(turn, question):
        return None
    said = _together(questions.remembered(question), said_in(turn.meaning.slots))
    group = turn.group or questions.heard_in(turn.session, office=turn.office, question=question)
    place = locate(turn.view, said, group=group, home=None, whole_text=turn.incoming.text)
    located = place if isinstance(place, Located) else None
    if located is None and questions.for_the_estate(question):
        located = place.known if isinstance(place, Unclear) else None
    if located is None and turn.meaning.slots.as_dict().keys().isdisjoint({"building", "unit", "place"}):
        return None  # not an answer: he talks of something else
    if located is not None:
        turn.note_place(located)
    opened = questions.resolve(
        turn.session,
        office=turn.office,
        view=turn.view,
        question=question,
        talk=turn.talk,
        located=located,
        place=turn.quote,
        by=turn.by,
        now=turn.now,
    )
    for each in opened:
        turn.note_opened(each)
    return "joined:" + ",".join(str(each.case.id) for each in opened)


def drop(turn: Turn) -> str | None:
    """「算了不用了」 while a question is open: nothing is opened."""
    question = questions.waiting(turn.session, turn.lane) if turn.asked else None
    if question is None or question.draft.get("case_id") or not _takes_back(turn):
        return None
    turn.note_letters(
        questions.drop(
            turn.session,
            office=turn.office,
            view=turn.view,
            question=question,
            talk=turn.talk,
            by=turn.by,
            now=turn.now,
        )
    )
    return "dropped"


def _takes_back(turn: Turn) -> bool:
    return turn.meaning.intent == "cancel_request" or _NEVER_MIND.fullmatch(turn.incoming.text) is not None


def _is_another_matter(turn: Turn, question: Question) -> bool:
    """A new clear request is heard on its own, unless it only repeats what already waits."""
    if turn.meaning.decision != "act" or not turn.meaning.is_request:
        return _takes_back(turn)
    return turn.meaning.item not in {draft["item"] for draft in question.draft["reports"]}


def _together(before: Said, now: Said) -> Said:
    """What was said first and what is said now; the newer word wins."""
    return Said(**{**asdict(before), **{name: value for name, value in asdict(now).items() if value}})
