"""The life of a case as one table: from which state, by which verb, by whom, to which state. Changes nothing itself."""

from dataclasses import dataclass
from typing import Final

from bot.desk.errors import NotAllowed, NotNow
from storage.case import STATE_NAMES, Case, CaseState

S = CaseState
# who somebody is to a case; one person may be several of these
BOT, LEAD, ASSIST, CHAIN, SUPERIOR, STAFF, REPORTER, JOINED, PARTY = (
    "bot", "lead", "assist", "chain", "superior", "staff", "reporter", "joined", "party"
)  # fmt: skip
NEW: Final = ""

BEFORE_WORK = frozenset({S.RECEIVED, S.REGISTERED, S.ASSIGNED})
AT_WORK = frozenset({S.ASSIGNED, S.IN_PROGRESS})
RUNNING = frozenset({S.RECEIVED, S.REGISTERED, S.ASSIGNED, S.IN_PROGRESS, S.SUSPENDED})
UNFINISHED = RUNNING | {S.HANDLED}
ENDED = frozenset({S.CLOSED, S.DECLINED, S.SELF_HANDLED, S.WITHDRAWN, S.MERGED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One legal move. ``to`` None leaves the state as it is. ``say`` is the verb in Chinese, as people read it."""

    verb: str
    say: str
    froms: frozenset[str]
    to: CaseState | None
    who: frozenset[str]


def _move(verb: str, say: str, froms: frozenset[CaseState] | str, to: CaseState | None, *who: str) -> Move:
    states = frozenset({NEW}) if isinstance(froms, str) else frozenset(str(each) for each in froms)
    return Move(verb=verb, say=say, froms=states, to=to, who=frozenset(who))


_ONE = frozenset
# rows of one verb stand together: a verb may lead to different states from different ones
MOVES: Final[tuple[Move, ...]] = (
    _move("extract", "记为待确认", NEW, S.CANDIDATE, BOT),
    _move("confirm", "立案", _ONE({S.CANDIDATE}), S.RECEIVED, STAFF, REPORTER),
    _move("discard", "忽略", _ONE({S.CANDIDATE}), S.DISCARDED, STAFF, BOT),
    _move("intake", "收到", NEW, S.RECEIVED, BOT, STAFF),
    _move("note_self_handled", "自办", NEW, S.SELF_HANDLED, STAFF),
    _move("self_handle", "自办", BEFORE_WORK | {S.IN_PROGRESS}, S.SELF_HANDLED, LEAD, SUPERIOR),
    _move("decline", "不予受理", BEFORE_WORK, S.DECLINED, LEAD, SUPERIOR),
    _move("register", "立案", _ONE({S.RECEIVED}), S.REGISTERED, BOT, LEAD, SUPERIOR),
    _move("dispatch", "派单", _ONE({S.REGISTERED}), S.ASSIGNED, BOT, SUPERIOR),
    _move("return", "退回", _ONE({S.ASSIGNED}), S.REGISTERED, LEAD),
    _move("accept", "接单", _ONE({S.ASSIGNED}), S.IN_PROGRESS, LEAD, CHAIN, SUPERIOR),
    _move("transfer", "转派", AT_WORK | {S.REGISTERED}, S.ASSIGNED, LEAD, SUPERIOR, BOT),
    _move("escalate", "上报", AT_WORK, S.ASSIGNED, LEAD, SUPERIOR),
    _move("finish", "办结", AT_WORK, S.HANDLED, LEAD),
    _move("ask_extension", "延期", AT_WORK, None, LEAD),
    _move("extend", "延期", AT_WORK, None, SUPERIOR),
    _move("ask_suspension", "挂账", AT_WORK, None, LEAD),
    _move("suspend", "挂账", AT_WORK, S.SUSPENDED, SUPERIOR),
    _move("refuse", "不同意", AT_WORK, None, SUPERIOR),
    _move("resume", "恢复", _ONE({S.SUSPENDED}), S.IN_PROGRESS, BOT, LEAD, SUPERIOR),
    _move("await_resident", "等居民", _ONE({S.IN_PROGRESS}), None, LEAD),
    _move("assist", "协办", AT_WORK, None, LEAD, SUPERIOR),
    _move("reclassify", "改类", RUNNING, None, LEAD, SUPERIOR),
    _move("remark", "备注", UNFINISHED, None, LEAD, ASSIST, CHAIN, SUPERIOR),
    _move("note_consent", "记本人意见", UNFINISHED, None, LEAD, ASSIST, CHAIN, SUPERIOR),
    _move("nudge", "催办", AT_WORK, None, REPORTER, JOINED, SUPERIOR),
    _move("supervise", "督办", RUNNING, None, SUPERIOR),
    _move("undo", "撤销", UNFINISHED | {S.DECLINED, S.SELF_HANDLED}, None, LEAD, CHAIN, SUPERIOR, STAFF),
    _move("mediate", "调解", AT_WORK, None, LEAD),
    _move("take_part", "答复调解", AT_WORK | {S.SUSPENDED}, None, PARTY),
    _move("settle", "达成协议", AT_WORK | {S.SUSPENDED}, S.HANDLED, PARTY, LEAD),
    _move("cool", "冷静几天", AT_WORK, S.SUSPENDED, LEAD),
    _move("add", "补充", UNFINISHED, None, REPORTER, JOINED, LEAD, ASSIST),
    _move("correct_place", "更正地点", RUNNING, None, REPORTER, LEAD, SUPERIOR),
    _move("join", "一起报", UNFINISHED, None, JOINED, BOT),
    _move("withdraw", "撤回", RUNNING, S.WITHDRAWN, REPORTER),
    _move("merge", "并案", RUNNING, S.MERGED, BOT, LEAD, SUPERIOR),
    _move("rework", "退回重办", _ONE({S.HANDLED}), S.ASSIGNED, REPORTER, SUPERIOR),
    _move("close", "结案", _ONE({S.HANDLED}), S.CLOSED, REPORTER, SUPERIOR, BOT),
    _move("rate", "评价", _ONE({S.HANDLED, S.CLOSED}), None, REPORTER),
    _move("reopen", "重新打开", _ONE({S.CLOSED}), S.ASSIGNED, REPORTER, SUPERIOR),
    _move("archive", "归档", ENDED, S.ARCHIVED, BOT),
)  # fmt: skip
BY_VERB: Final = {move.verb: move for move in MOVES}


def check(case: Case, verb: str, parts: frozenset[str]) -> Move:
    """The move that this verb is, or a refusal that says what is possible. Never moves anything."""
    move = BY_VERB[verb]
    if not parts & move.who:
        raise NotAllowed(case.number, move.say, possible(case.state, parts))
    if case.state not in move.froms:
        raise NotNow(case.number, move.say, STATE_NAMES[CaseState(case.state)], possible(case.state, parts))
    return move


def possible(state: str, parts: frozenset[str]) -> list[str]:
    """What somebody with these parts may do now, in Chinese, each once, the everyday things first."""
    may = [move for move in MOVES if state in move.froms and parts & move.who and move.verb not in _UNSAID]
    may.sort(key=lambda move: _EVERYDAY.index(move.verb) if move.verb in _EVERYDAY else len(_EVERYDAY))
    return list(dict.fromkeys(move.say for move in may))


_EVERYDAY = ("accept", "finish", "ask_extension", "extend", "transfer", "escalate", "return", "remark")
# nobody needs to be told that he could do these
_UNSAID = frozenset({"undo", "join", "register", "dispatch", "archive", "refuse", "rate", "close"}) | {
    "mediate", "take_part", "settle", "cool", "note_consent"
}  # fmt: skip
