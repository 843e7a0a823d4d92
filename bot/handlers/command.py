"""The staff at work in chat: a pressed button, a command, or the words that a button asked for. One verb each.

A word that is wrong or means several things changes nothing and says what is possible.
"""

import re

from bot.desk import cards, cases, questions
from bot.desk.errors import Refusal, Unknown
from bot.desk.letters import post, to_identity
from bot.handlers.base import Turn
from bot.handlers.base_command import Command, Line, by_word, read, which
from bot.texts import private as say
from storage.case import Case
from storage.message import Question

_BUTTONS = {"accept": "接单", "transfer": "转派", "return": "退回", "finish": "办结", "extend": "延期",
            "escalate": "上报", "approve": "同意", "refuse": "不同意"}  # fmt: skip

_SMALL_TALK = ("acknowledgement", "greeting", "praise")


def press(turn: Turn) -> str | None:
    """A button of a task card. What needs a word is asked for; the next line of this talk is taken as it."""
    action = turn.incoming.action
    if action is None:
        return None
    match = re.fullmatch(r"case-(\d+)@[\d-]+", action.task)
    if match is None or action.key not in _BUTTONS:
        return "action:unknown"
    if turn.person is None:
        return tell(turn, say.STAFF_HELP, "refused")
    case_id = int(match[1])
    cards.code_came(turn.session, case_id=case_id, identity_id=turn.identity.id or 0, code=action.response_code,
                    now=turn.now)  # fmt: skip
    chosen = by_word(_BUTTONS[action.key])
    try:
        case = cases.by_id(turn.session, case_id)
        if case.about_id == turn.person.id:
            raise Unknown("没有找到这件事，请核对编号后再试。")
        if chosen.needs:
            return _ask(turn, chosen, case)
        return _run(turn, Line(chosen, "", ""), case, pressed=True)
    except Refusal as refusal:
        return tell(turn, refusal.say, "refused")


def command(turn: Turn) -> str | None:
    """A line in a member of staff's own talk with the bot, read as a command or as the answer to a button."""
    if turn.group is not None or not turn.is_on_staff or turn.incoming.kind not in ("text", "voice"):
        return None
    line = read(turn.incoming.text)
    asked = questions.waiting(turn.session, turn.lane) if turn.asked else None
    if asked is not None and asked.asks == questions.PROMPT and (line is None or (line.rest and not line.number)):
        return _answered(turn, asked)
    if line is None or _reports_something(turn, line):
        return None
    try:
        if line.command.plain is not None:
            turn.note_letters(line.command.plain(turn, line.rest))
            return f"command:{line.command.words[0]}"
        return _run(turn, line, which(turn, line))
    except Refusal as refusal:
        return tell(turn, refusal.say, "refused")


def no_command(turn: Turn) -> str | None:
    """Staff said something short to the bot that nobody understood: he hears what he can say."""
    if turn.group is not None or not turn.is_on_staff or turn.incoming.kind != "text":
        return None
    if turn.meaning.decision != "silent" or len(turn.incoming.text) > 12:
        return None
    follow = turn.meaning.follow
    if (follow is not None and follow.kind == "small") or turn.meaning.intent in _SMALL_TALK:
        return None
    return tell(turn, say.STAFF_HELP, "refused")


def tell(turn: Turn, words: str, outcome: str) -> str:
    letter = to_identity(turn.identity, words)
    post(turn.session, [letter], about=f"inbox-{turn.inbox_id}", case_id=None, now=turn.now)
    turn.note_letters([letter])
    return outcome


def _run(turn: Turn, line: Line, case: Case, *, pressed: bool = False) -> str:
    assert line.command.run is not None, "a command on a case has a verb"
    turn.pressed = pressed
    letters = line.command.run(turn, case, turn.mask(line.rest))
    turn.note_letters(letters)
    turn.thought["case"] = case.number
    return f"{line.command.verb}:{case.id}"


def _ask(turn: Turn, chosen: Command, case: Case) -> str:
    questions.prompt(
        turn.session, talk=turn.talk, case_id=case.id or 0, word=chosen.words[0], inbox_id=turn.inbox_id, now=turn.now,
        wait=turn.wait,
    )  # fmt: skip
    return tell(turn, f"{case.number} {chosen.words[0]}：请回{chosen.needs}。", "prompted")


def _answered(turn: Turn, asked: Question) -> str:
    case = cases.by_id(turn.session, asked.draft["case_id"])
    if re.fullmatch(r"\s*(算了|取消|不用了|不弄了)[吧。！!]*\s*", turn.incoming.text):
        questions.close(turn.session, question=asked)
        return tell(turn, f"好的，{case.number}没有改动。", "dropped")
    try:
        outcome = _run(turn, Line(by_word(asked.draft["word"]), "", turn.incoming.text.strip()), case)
    except Refusal as refusal:
        return tell(turn, refusal.say, "refused")
    questions.close(turn.session, question=asked)
    return outcome


def _reports_something(turn: Turn, line: Line) -> bool:
    """「上报 3号楼路灯坏了」 is a new report, not a case that goes up."""
    names_case = bool(line.number or turn.incoming.quote)
    return line.command.verb == "escalate" and not names_case and turn.meaning.is_request
