"""Mediation in chat: the mediator's 对方 对方同意 达成 冷静 移交 …, and what the two sides answer. One verb each."""

import re
from datetime import datetime, timedelta

from bot.desk import disputes, opposite, sides, waiting
from bot.desk.assignment import Said
from bot.desk.errors import Refusal, Unknown
from bot.desk.following import cases_of
from bot.desk.letters import Letter, post, to_identity
from bot.desk.sides import OTHER
from bot.desk.standing import party_of
from bot.handlers.base import Turn
from bot.handlers.base_command import command, mine, read
from bot.texts import disputes as say
from bot.texts import times
from storage.case import Case, CaseState

_DIGITS = str.maketrans("〇零一二两三四五六七八九", "001223456789")
_DOOR = re.compile(
    r"^(?P<estate>[\u4e00-\u9fa5]{2,12}?)?\s*(?P<building>[\dA-Za-z〇零一二两三四五六七八九十]{1,4})\s*(?:号楼|栋|幢|号|楼|#|-|－)\s*"
    r"(?:(?P<unit>[\d〇零一二两三四五六七八九十]{1,2})\s*(?:单元|门|-|－)\s*)?(?P<room>[\d〇零一二两三四五六七八九]{3,4})\s*(?:室|户|号)?$"
)
_ROOM = re.compile(r"^(?:他)?(?:楼上|楼下|对门|隔壁)?(?P<room>[\d〇零一二两三四五六七八九]{3,4})\s*(?:室|户|号)?$")
_NAME = re.compile(r"^(?:是|叫)?\s*(?P<name>[\u4e00-\u9fa5·]{2,8})$")
_DAYS = re.compile(r"^(?P<many>[1-9一二两三四五六七]|一周|1周|一个星期|一星期)\s*(?:天|日)?\s*(?:再说|再谈)?$")
_UNTIL = re.compile(r"^到?\s*(?P<month>\d{1,2})[月./-](?P<day>\d{1,2})[日号]?\s*(?:再说|再谈)?$")
_NEXT = {"明天": 1, "后天": 2, "大后天": 3}
_REF = re.compile(r"\d{4}-\d{2,5}|[Tt]\d{1,9}")
_NUMBER = rf"(?:\s*(?P<number>{_REF.pattern}))?"
_END = r"[。.！!~～ ]*"
_YES = re.compile(
    rf"^(?:我|我们)?(?:愿意|同意|可以|没意见|没有意见)(?:调解|和解|谈谈|谈)?(?:的|吧|啊|呀)?{_NUMBER}{_END}$"
)
_NO = re.compile(
    r"^(?:我|我们)?(?:不愿意|不同意|不想|拒绝|不接受|不)(?:调解|和解|谈)?(?:的|了|吧|啊)?"
    rf"{_NUMBER}(?:[，,、：: ]+(?P<why>.{{1,200}}?))?{_END}$",
    re.DOTALL,
)
_DIGIT = {"1": True, "3": False}


@command("对方同意", "对方愿意", verb="mediate", help="对方同意 7：对方当面愿意调解，或者同意约定")
def other_agrees(turn: Turn, case: Case, _rest: str) -> list[Letter]:
    return disputes.agree(turn.session, acting=turn.acting, case=case, side=OTHER)


@command("对方不同意", "对方不愿意", verb="mediate", help="对方不同意 7：对方不愿意调解，或者不同意约定")
def other_refuses(turn: Turn, case: Case, rest: str) -> list[Letter]:
    return disputes.refuse(turn.session, acting=turn.acting, case=case, side=OTHER, words=rest)


@command("对方", verb="mediate", help="对方 7 3号楼2单元502：纠纷的另一方，写门牌号或姓名")
def name_other(turn: Turn, case: Case, _rest: str) -> list[Letter]:
    # the words as they were said: masked, a door number is gone
    line = read(turn.incoming.text)
    said = line.rest.strip() if line is not None else ""
    if door := _DOOR.match(said):
        place = Said(building=_plain(door["building"]), unit=_plain(door["unit"] or ""), room=_plain(door["room"]))
        other = opposite.find_at(turn.session, acting=turn.acting, case=case, said=place, words=said)
    elif (room := _ROOM.match(said)) and case.building_id is not None:
        other = opposite.find_at(
            turn.session, acting=turn.acting, case=case, said=_same_house(turn, case, room["room"]), words=""
        )
    elif name := _NAME.match(said):
        other = opposite.find_by_name(turn.session, acting=turn.acting, case=case, name=name["name"])
    else:
        raise Unknown(f"请写对方的门牌号或姓名，比如“对方 {case.number} 3号楼2单元502”或“对方 {case.number} 张三”。")
    return disputes.name_other(turn.session, acting=turn.acting, case=case, other=other)


@command("达成", "谈成", verb="mediate", help="达成 7 晚上十点后不弹琴：双方谈成的约定，私下请双方确认")
def propose(turn: Turn, case: Case, rest: str) -> list[Letter]:
    return disputes.propose(turn.session, acting=turn.acting, case=case, words=rest)


@command("冷静", verb="cool", help="冷静 7 3天：双方先缓几天，最长7天，到时自动恢复")
def cool(turn: Turn, case: Case, rest: str) -> list[Letter]:
    until = _until(turn.now, rest.strip(" 。，,"))
    if until is None:
        raise Unknown(f"冷静要写几天或到哪天，最长7天，比如“冷静 {case.number} 3天”。")
    return disputes.cool(turn.session, acting=turn.acting, case=case, until=until)


@command("移交", verb="escalate", help="移交 7：调解不成，移交网格长、社区、街道综治中心")
def refer(turn: Turn, case: Case, rest: str) -> list[Letter]:
    return disputes.refer(turn.session, acting=turn.acting, case=case, words=rest)


def answer(turn: Turn) -> str | None:
    """A side says yes or no to the bot alone: to talking at all, or to what was agreed."""
    if turn.group is not None or turn.incoming.kind not in ("text", "voice"):
        return None
    said = _said(turn.incoming.text.strip())
    if said is None or (turn.is_on_staff and any(case.asked for case in mine(turn))):
        return None
    yes, number, why = said
    running = disputes_of(turn, number)
    if not running:
        return None
    try:
        letters = _take(turn, running, yes, turn.mask(why))
    except Refusal as refusal:
        words = refusal.say.replace(running[0].number, _called(turn, running[0]))
        letters = [to_identity(turn.identity, words)]
        post(turn.session, letters, about=f"inbox-{turn.inbox_id}", case_id=None, now=turn.now)
    turn.note_letters(letters)
    return "dispute_answered"


def tell(turn: Turn) -> str | None:
    """What the other side says besides, to the bot alone: the mediator reads it, nobody else."""
    if turn.group is not None or turn.incoming.kind not in ("text", "voice") or turn.meaning.decision == "act":
        return None
    if len(re.findall(r"[\u4e00-\u9fff]", turn.incoming.text)) < 4:
        return None
    running = [case for case in opposite.talked_of(turn.session, turn.identity) if _is_other(turn, case)]
    if len(running) != 1 or turn.is_on_staff:
        return None
    letters = disputes.tell(
        turn.session, acting=turn.acting, case=running[0], words=turn.incoming.text, shown=turn.quote
    )
    turn.note_letters(letters)
    return "dispute_told"


def disputes_of(turn: Turn, number: str) -> list[Case]:
    """The disputes he may speak of: the one he names, else those that wait for his answer, else any that run."""
    running = opposite.talked_of(turn.session, turn.identity)
    text = turn.incoming.text.strip()
    if number or (number := _quoted(turn)):
        return [case for case in running if _called(turn, case) == number.upper()]
    asked = [case for case in running if opposite.waits_for(turn.session, case, turn.identity)]
    if text in _DIGIT:
        # a bare digit answers an agreement; when another result was asked about later, it answers that
        asked = [case for case in asked if (at := disputes.asked_at(turn.session, case)) and not _later(turn, at)]
        return asked[:1]
    # who was not asked must say clearly what he means
    return asked or (running if "愿意" in text or "调解" in text else [])


def _take(turn: Turn, running: list[Case], yes: bool, why: str) -> list[Letter]:
    if len(running) > 1:
        word = "同意" if yes else "不同意"
        raise Unknown(say.which(numbers=[_called(turn, case) for case in running], word=word))
    if yes:
        return disputes.agree(turn.session, acting=turn.acting, case=running[0])
    return disputes.refuse(turn.session, acting=turn.acting, case=running[0], words=why)


def _said(text: str) -> tuple[bool, str, str] | None:
    """Yes or no, the number that was said, and why; None when it is neither."""
    if text in _DIGIT:
        return _DIGIT[text], "", ""
    if found := re.match(r"^3[，,、：: ]+(?P<why>\D.{0,200})$", text, re.DOTALL):
        return False, "", found["why"]
    if found := _YES.match(text):
        return True, found["number"] or "", ""
    if found := _NO.match(text):
        return False, found["number"] or "", found["why"] or ""
    return None


def _later(turn: Turn, at: datetime) -> bool:
    """Whether a result of another case of his was told after that moment and still waits for his word."""
    done = cases_of(turn.session, turn.identity, states=(CaseState.HANDLED,))
    return any(case.handled_at is not None and case.handled_at > at for case in done)


def _quoted(turn: Turn) -> str:
    found = _REF.search(turn.incoming.quote)
    return found.group() if found else ""


def _is_other(turn: Turn, case: Case) -> bool:
    """Whether he is the side that was called in, and has not refused."""
    side = party_of(turn.session, case, turn.identity)
    return side is not None and side.side == OTHER and side.says != sides.REFUSED


def _called(turn: Turn, case: Case) -> str:
    """What this side knows the case by."""
    side = party_of(turn.session, case, turn.identity)
    return sides.ref(case, side.side if side is not None else OTHER)


def _until(now: datetime, rest: str) -> datetime | None:
    """Nine in the morning of the day that is meant, aware UTC."""
    if rest in _NEXT:
        return waiting.review_day(now, _NEXT[rest])
    if said := _DAYS.match(rest):
        many = said["many"]
        return waiting.review_day(now, 7 if len(many) > 1 else int(many.translate(_DIGITS)))
    if said := _UNTIL.match(rest):
        here = times.local(now)
        try:
            on = here.replace(month=int(said["month"]), day=int(said["day"]), hour=9, minute=0, second=0, microsecond=0)
        except ValueError as wrong:
            raise Unknown(f"没有{said['month']}月{said['day']}日这一天，请核对日期。") from wrong
        return times.utc(on if on > here - timedelta(days=180) else on.replace(year=on.year + 1))
    return None


def _same_house(turn: Turn, case: Case, room: str) -> Said:
    """「对方 7 502」: a door without a building is one of the house it is about."""
    building = turn.view.buildings[case.building_id or 0]
    unit = turn.view.units.get(case.unit_id or 0)
    return Said(building=building.number, unit=unit.number if unit else "", room=_plain(room))


def _plain(number: str) -> str:
    """「十二」 → 「12」, 「五〇二」 → 「502」; digits stay."""
    if re.fullmatch(r"[一二两三四五六七八九]?十[一二三四五六七八九]?", number):
        tens, ones = number.split("十")
        return f"{tens.translate(_DIGITS) or 1}{ones.translate(_DIGITS) or 0}"
    return number.translate(_DIGITS).upper()
