"""What the gridworker does in chat: take a case, by the card's button or by the same word."""

import re

from bot.desk import cases
from bot.desk.errors import Refusal
from bot.desk.letters import TaskCard, post, to_identity
from bot.handlers.base import Turn
from bot.texts import private as say
from bot.texts import times
from storage.case import Case

_ACCEPT = re.compile(r"\s*接单\s*(?P<number>\d{4}-\d{2,4})?\s*[。.!！]?\s*")


def press(turn: Turn) -> str | None:
    """A button of a task card."""
    action = turn.incoming.action
    if action is None:
        return None
    match = re.fullmatch(r"case-(\d+)@\d+", action.task)
    if match is None or action.key != "accept":
        return "action:unknown"
    try:
        case = cases.by_id(turn.session, int(match[1]))
        return _accept(turn, case, redraw=action.response_code)
    except Refusal as refusal:
        return _say(turn, refusal.say, "refused")


def command(turn: Turn) -> str | None:
    """「接单」 or 「接单 1122-07」, said by staff in their own talk with the bot."""
    match = _ACCEPT.fullmatch(turn.incoming.text)
    if match is None or turn.group is not None or turn.person is None or not turn.is_staff:
        return None
    waiting = cases.waiting_for(turn.session, turn.person.id or 0)
    if match["number"]:
        waiting = [case for case in waiting if case.number == match["number"]]
    if not waiting:
        return _say(turn, say.NO_CASE_WAITS, "refused")
    if len(waiting) > 1:
        return _say(turn, say.which_case([case.number for case in waiting]), "refused")
    try:
        return _accept(turn, waiting[0], redraw="")
    except Refusal as refusal:
        return _say(turn, refusal.say, "refused")


def _accept(turn: Turn, case: Case, *, redraw: str) -> str:
    lead = turn.view.staff.get(case.lead_id or 0)
    if turn.person is None:
        return _say(turn, say.STAFF_HELP, "refused")
    cases.accept(
        turn.session, case=case, person=turn.person, lead_name=lead.name if lead else "", by=turn.by, now=turn.now
    )
    at = times.local(turn.now).strftime("%H:%M")
    done = say.task_taken(number=case.number, who=turn.person.name, at=at)
    card = TaskCard(
        task=f"case-{case.id}@{int(turn.now.timestamp())}",
        source=say.SOURCE,
        title=case.title,
        desc=case.place,
        body=done,
    )
    _say(turn, done, "accepted", card=card, redraw=redraw)
    return f"accepted:{case.id}"


def _say(turn: Turn, words: str, outcome: str, *, card: TaskCard | None = None, redraw: str = "") -> str:
    letter = to_identity(turn.identity, words, card=card, redraw=redraw)
    post(turn.session, [letter], about=f"inbox-{turn.inbox_id}", case_id=None, now=turn.now)
    turn.note_letters([letter])
    return outcome
