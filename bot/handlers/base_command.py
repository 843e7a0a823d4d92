"""What a chat command of the staff is: its words, its verb, its help; how a line is read, and which case it means.

A command changes nothing by itself: it finds its case and calls one verb of the desk. Declared with ``@command`` in the
handler file of its topic.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from sqlmodel import col, select

from bot.desk import handling
from bot.desk.errors import Unknown
from bot.desk.letters import Letter
from bot.desk.lifecycle import BY_VERB
from bot.desk.looking import may_see
from bot.handlers.base import Turn
from storage.case import OPEN_STATES, STATE_NAMES, Case, CaseState
from storage.case_file import ShownCard

Run = Callable[[Turn, Case, str], list[Letter]]
Plain = Callable[[Turn, str], list[Letter]]
_FULL = r"(?:[A-Za-z]{1,8}-)?(?:\d{8}-\d{3,5}|\d{4}-\d{2,5})"
# 7 is a number; 7天, 7号楼, 7.5 and 7点 are not
_SHORT = r"\d{1,3}(?![\d.:：-]|\s*(?:天|小时|个|号|栋|楼|单元|元|点|月|日|周|分|室|户|人|次|工作))"
_CANDIDATE = r"[cC]\d{1,9}"
_NUMBER = rf"(?:#|第)?\s*(?P<%s>{_FULL}|{_CANDIDATE}|{_SHORT})\s*(?:号件|件)?"
QUOTED = re.compile(_FULL)
_EDGE = " \t\n　，。,.;；:：!！~"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """``words``: the full word first, then shorter ones. ``verb`` is the move of the life cycle it makes.

    ``needs`` is what must follow, in Chinese (「一句结果」), empty when nothing must; it is asked for after a button.
    """

    words: tuple[str, ...]
    verb: str
    help: str
    needs: str = ""
    run: Run | None = None
    plain: Plain | None = None
    whole: bool = False


COMMANDS: list[Command] = []


def command(*words: str, verb: str, help: str, needs: str = "") -> Callable[[Run], Run]:
    """Declare a command on a case."""

    def declare(run: Run) -> Run:
        COMMANDS.append(Command(words=words, verb=verb, help=help, needs=needs, run=run))
        return run

    return declare


def plain_command(*words: str, help: str, whole: bool = False) -> Callable[[Plain], Plain]:
    """Declare a command on no case; ``whole``: nothing may follow the word."""

    def declare(plain: Plain) -> Plain:
        COMMANDS.append(Command(words=words, verb="", help=help, plain=plain, whole=whole))
        return plain

    return declare


@dataclass(frozen=True, slots=True)
class Line:
    """A line read as a command: which, the number that was said (or empty), and the rest as it was said."""

    command: Command
    number: str
    rest: str


def read(text: str) -> Line | None:
    """「办结 7 已换灯泡」, 「7 办结 已换灯泡」, 「结7 好了」 … or None: not a command."""
    line = re.sub(r"^\s*@\S{1,12}\s+", "", text).strip(_EDGE)
    before = re.match(_NUMBER % "n" + r"\s*", line)
    number, inner = (before["n"], line[before.end() :]) if before else ("", line)
    for word, each in _by_length():
        if not inner.startswith(word):
            continue
        tail = inner[len(word) :]
        if (len(word) == 1 or each.whole) and tail and not re.match(r"[\s\d#，,：:]", tail):
            continue
        rest = tail.strip(_EDGE)
        if each.whole and rest:
            continue
        if not number and each.run is not None and (said := re.match(_NUMBER % "n" + r"(?:\s+|$|[，,：:]\s*)", rest)):
            number, rest = said["n"], rest[said.end() :].strip(_EDGE)
        return Line(each, number, rest)
    return None


def by_word(word: str) -> Command:
    return next(each for each in COMMANDS if word in each.words)


def _by_length() -> list[tuple[str, Command]]:
    pairs = [(word, each) for each in COMMANDS for word in each.words]
    return sorted(pairs, key=lambda pair: -len(pair[0]))


def which(turn: Turn, line: Line) -> Case:
    """The one case that is meant: by its number, by the quoted message, or because only one comes into question.

    Raises ``Unknown`` with what there is; nothing is guessed among several.
    """
    number = line.number
    if not number and (quoted := QUOTED.search(turn.incoming.quote)):
        number = quoted.group()
    if number:
        return _numbered(turn, line.command, number)
    fitting = [case for case in mine(turn) if _fits(line.command, case)]
    if line.command.verb in ("extend", "refuse"):  # 同意 and 不同意: only what was asked for
        fitting = [case for case in fitting if case.asked]
    if line.command.verb in ("mediate", "cool"):
        fitting = [case for case in fitting if case.mediation]
    word = line.command.words[0]
    if not fitting:
        raise Unknown(f"您手上没有可以“{word}”的事。回“待办”看看手上有哪些。")
    if len(fitting) > 1:
        example = f"{word} {fitting[0].serial}"
        raise Unknown(listed(f"您手上可以“{word}”的有{len(fitting)}件，请带上编号，比如“{example}”：", fitting))
    return fitting[0]


def _fits(command: Command, case: Case) -> bool:
    """Whether the life cycle allows it now; 详情 is always possible."""
    return command.verb not in BY_VERB or case.state in BY_VERB[command.verb].froms


def mine(turn: Turn) -> list[Case]:
    """What he leads or helps with, and what came to him on a card, unfinished, oldest first."""
    if turn.person is None:
        return []
    states = [*OPEN_STATES, CaseState.HANDLED]
    shown = select(Case).join(ShownCard).where(ShownCard.identity_id == turn.identity.id, col(Case.state).in_(states))
    found = {case.id: case for case in handling.open_of(turn.session, turn.person.id or 0)}
    found |= {case.id: case for case in turn.session.exec(shown.order_by(col(Case.id)).limit(50))}
    seen = [case for case in found.values() if case.about_id != turn.person.id]
    few = [case.id for case in seen if case.restricted or case.mediation]
    seen = [case for case in seen if case.id not in few or may_see(turn.session, case=case, acting=turn.acting)]
    return sorted(seen, key=lambda case: case.id or 0)


def _numbered(turn: Turn, command: Command, number: str) -> Case:
    community_id = turn.view.community.id or 0
    if number[0] in "cC" and number[1:].isdigit():
        unsure = turn.session.get(Case, int(number[1:]))
        if unsure is None or unsure.community_id != community_id or unsure.serial >= 0:
            raise Unknown(f"没有{number}这一条，回“待确认”看看有哪些。")
        return unsure
    if "-" not in number:
        return _serial(turn, command, int(number))
    tail = number.split("-", 1)[1] if re.match(r"[A-Za-z]", number) else number
    query = select(Case).where(Case.community_id == community_id)
    if re.fullmatch(r"\d{8}-\d+", tail):
        day, serial = tail.split("-")
        query = query.where(Case.number == f"{day[4:]}-{int(serial):02d}")
    else:
        query = query.where(Case.number == tail)
    case = turn.session.exec(query.order_by(col(Case.id).desc()).limit(1)).first()
    if case is None or (turn.person is not None and case.about_id == turn.person.id):
        raise Unknown(f"没有找到{number}这件事，请核对编号，或者回“待办”看看手上有哪些。")
    return case


def _serial(turn: Turn, command: Command, serial: int) -> Case:
    """A short number: one of his own with it, else today's of the community."""
    own = [case for case in mine(turn) if case.serial == serial]
    fitting = [case for case in own if _fits(command, case)] or own
    if len(fitting) > 1:
        raise Unknown(listed(f"{serial}号有{len(fitting)}件，请写全编号：", fitting))
    if fitting:
        return fitting[0]
    today = turn.today
    case = turn.session.exec(
        select(Case).where(Case.community_id == turn.view.community.id, Case.day == today, Case.serial == serial)
    ).first()
    if case is None or (turn.person is not None and case.about_id == turn.person.id):
        raise Unknown(f"您手上没有{serial}号，今天也没有这个编号。回“待办”看看手上有哪些。")
    return case


def listed(first: str, cases: list[Case], *, most: int = 8) -> str:
    rows = [f"{case.number} {case.title} {case.place} {STATE_NAMES[CaseState(case.state)]}".replace("  ", " ")
            for case in cases[:most]]  # fmt: skip
    more = [f"……共{len(cases)}件"] if len(cases) > most else []
    return "\n".join([first, *rows, *more])
