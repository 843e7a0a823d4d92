"""Commands of whoever handles a case: 接单 办结 转派 上报 退回 协办 备注 自办, and his photos. One verb each."""

import re

from sqlmodel import col, select

from bot.desk import handling
from bot.desk.errors import Refusal, Unknown
from bot.desk.letters import Letter, post, to_identity
from bot.handlers.base import Turn
from bot.handlers.base_command import QUOTED, Command, Line, command, mine, which
from storage.case import Case, CaseEvent
from storage.person import Person, RoleKind

_TO = re.compile(r"^(?:给|到|让|请|找)?\s*(?P<name>[\u4e00-\u9fa5·]{2,6})(?:[\s，,]+(?P<why>.*))?$", re.DOTALL)


@command("接单", "接", verb="accept", help="接单 7：这件您来办")
def accept(turn: Turn, case: Case, _rest: str) -> list[Letter]:
    return handling.accept(turn.session, acting=turn.acting, case=case)


@command(
    "办结",
    "办完",
    "结",
    verb="finish",
    needs="一句结果，比如“已换灯泡”",
    help="办结 7 已换灯泡：办好了，问居民满不满意",
)
def finish(turn: Turn, case: Case, rest: str) -> list[Letter]:
    return handling.finish(turn.session, acting=turn.acting, case=case, words=rest)


@command("转派", "转给", "转", verb="transfer", needs="同事的姓名，比如“郭文媛”", help="转派 7 张三：交给同事")
def transfer(turn: Turn, case: Case, rest: str) -> list[Letter]:
    to, why = _colleague(turn, rest, word="转派")
    return handling.transfer(turn.session, acting=turn.acting, case=case, to=to, words=why)


@command("上报", "报", verb="escalate", help="上报 7 要协调物业：交给网格长")
def escalate(turn: Turn, case: Case, rest: str) -> list[Letter]:
    return handling.escalate(turn.session, acting=turn.acting, case=case, words=rest)


@command("退回", "退", verb="return", needs="退回的原因，比如“不属本网格”", help="退回 7 不属本网格：退给派单的人")
def give_back(turn: Turn, case: Case, rest: str) -> list[Letter]:
    return handling.give_back(turn.session, acting=turn.acting, case=case, words=rest)


@command("协办", "协", verb="assist", needs="同事的姓名，比如“郭文媛”", help="协办 7 张三：请同事帮忙")
def assist(turn: Turn, case: Case, rest: str) -> list[Letter]:
    helper, _ = _colleague(turn, rest, word="协办")
    return handling.assist(turn.session, acting=turn.acting, case=case, helper=helper)


@command("备注", "记", verb="remark", needs="要记的话", help="备注 7 明天上午再去：记在案件里")
def remark(turn: Turn, case: Case, rest: str) -> list[Letter]:
    if not rest:
        raise Unknown(f"备注要写内容，比如“备注 {case.number} 明天上午再去”。")
    return handling.remark(turn.session, acting=turn.acting, case=case, words=rest)


@command("自办", verb="self_handle", help="自办 7 当场修好：已经顺手解决")
def self_handle(turn: Turn, case: Case, rest: str) -> list[Letter]:
    return handling.self_handle(turn.session, acting=turn.acting, case=case, words=rest)


def photo(turn: Turn) -> str | None:
    """A picture that a member of staff sends goes to the quoted case, the one he last worked on, or the only one."""
    if turn.group is not None or not turn.is_on_staff or turn.incoming.kind not in ("image", "video", "file"):
        return None
    try:
        case = _case_of_photo(turn)
        media = f"{turn.incoming.channel}:{turn.incoming.media}"
        letters = handling.remark(turn.session, acting=turn.acting, case=case, words="", media=media)
        turn.note_letters(letters)
        return f"photo:{case.id}"
    except Refusal as refusal:
        letter = to_identity(turn.identity, refusal.say)
        post(turn.session, [letter], about=f"inbox-{turn.inbox_id}", case_id=None, now=turn.now)
        turn.note_letters([letter])
        return "refused"


def _case_of_photo(turn: Turn) -> Case:
    remarks = Command(words=("备注",), verb="remark", help="", run=remark)
    if quoted := QUOTED.search(turn.incoming.quote):
        return which(turn, Line(remarks, quoted.group(), ""))
    last = turn.session.exec(
        select(Case)
        .join(CaseEvent, col(CaseEvent.case_id) == col(Case.id))
        .where(CaseEvent.actor == turn.by.actor, col(CaseEvent.at) >= turn.now - handling.LONG_AFTER)
        .order_by(col(CaseEvent.id).desc())
        .limit(1)
    ).first()
    if last is not None:
        return last
    if not mine(turn):
        raise Unknown("照片收到了，可您手上没有在办的事；请先回复“待办”看看，或者引用那条任务再发照片。")
    return which(turn, Line(remarks, "", ""))


def _colleague(turn: Turn, rest: str, *, word: str) -> tuple[Person, str]:
    """The member of staff who is named, and what else was said. Raises ``Unknown`` with whom there is."""
    said = _TO.match(rest.strip())
    if said is None:
        raise Unknown(f"请写清{word}给谁，比如“{word} {_example(turn)}”。")
    name, why = said["name"], (said["why"] or "").strip()
    found = [person for person in turn.view.staff.values() if person.name == name]
    if not found:
        longest = [person for person in turn.view.staff.values() if name.startswith(person.name)]
        found, why = longest[:1], (name[len(longest[0].name) :] + " " + why).strip() if longest else why
    if not found:
        raise Unknown(f"名册里没有“{name}”，请写全名，比如“{word} {_example(turn)}”。")
    if len(found) > 1:
        raise Unknown(f"叫“{name}”的有{len(found)}位，请联系社区在名册里加以区分。")
    return found[0], why


def _example(turn: Turn) -> str:
    workers = [role.person_id for role in turn.view.roles if role.kind in (RoleKind.WORKER, RoleKind.LEADER)]
    others = [key for key in workers if turn.person is None or key != turn.person.id]
    return turn.view.staff[others[0]].name if others else "张三"
