"""Commands of whoever decides about a case: 立案 忽略 不受理 改类 核查 督办, and 待确认. One verb each."""

import re

from bot.desk import candidates, closing, deciding
from bot.desk.assignment import Located, locate
from bot.desk.errors import Unknown
from bot.desk.letters import Letter, post, to_identity
from bot.handlers.base import Turn, said_in
from bot.handlers.base_command import command, plain_command
from bot.intents.base import Item
from storage.case import Case

_GO_TO = re.compile(r"^(?P<why>.*?)[\s，,。;；]*(?:请|可以|应该|去|可)?找\s*(?P<channel>\S.*)$", re.DOTALL)
_DEDUCTS = re.compile(r"扣\s*(?P<points>\d+(?:\.\d+)?)\s*分?")


@command("不受理", "不予受理", verb="decline", help="不受理 7 属于劳动争议 找12348：写原因和该找谁")
def decline(turn: Turn, case: Case, rest: str) -> list[Letter]:
    said = _GO_TO.match(rest)
    words, channel = (said["why"].strip(" ，,"), said["channel"].strip()) if said else (rest, "")
    return closing.decline(turn.session, acting=turn.acting, case=case, words=words, channel=channel)


@command("核查", "结案", verb="close", help="结案 7：核查过，确实办好了")
def verify(turn: Turn, case: Case, _rest: str) -> list[Letter]:
    return closing.verify(turn.session, acting=turn.acting, case=case)


@command("重办", "返工", verb="rework", help="重办 7 还在漏：没办好，退回重办")
def rework(turn: Turn, case: Case, rest: str) -> list[Letter]:
    return closing.rework(turn.session, acting=turn.acting, case=case, words=rest)


@command("改类", "改", verb="reclassify", needs="正确的类别，比如“路灯”", help="改类 7 路灯：分错了类别")
def reclassify(turn: Turn, case: Case, rest: str) -> list[Letter]:
    item = _item(turn, rest)
    report = turn.report_of(item)
    return deciding.reclassify(turn.session, acting=turn.acting, case=case, report=report)


@command("督办", verb="supervise", help="督办 7：上级督办；媒体督办写“督办 7 媒体 扣0.2分”")
def supervise(turn: Turn, case: Case, rest: str) -> list[Letter]:
    points = ""
    if "媒体" in rest:
        said = _DEDUCTS.search(rest)
        points = said["points"] if said else "0"
    return deciding.supervise(turn.session, acting=turn.acting, case=case, words=rest, points=points)


@command("立案", verb="confirm", help="立案 7：待确认的，确实是诉求")
def confirm(turn: Turn, case: Case, _rest: str) -> list[Letter]:
    item = turn.items.get(case.item)
    if item is None:
        raise Unknown(f"“{case.title}”已经不在事项清单里，请先“改类”。")
    return candidates.confirm(
        turn.session, acting=turn.acting, case=case, first_reply=item.first_reply, finish=item.finish
    )


@command("忽略", verb="discard", help="忽略 7：待确认的，不是诉求")
def discard(turn: Turn, case: Case, rest: str) -> list[Letter]:
    return candidates.discard(turn.session, acting=turn.acting, case=case, words=rest)


def keep_unsure(turn: Turn) -> str | None:
    """What may be a request and is not sure enough: nothing is said, staff may look at it for a day."""
    item = turn.items.get(turn.meaning.item)
    if item is None or turn.meaning.decision != "maybe" or not turn.may_report:
        return None
    said = said_in(turn.meaning.slots)
    place = locate(turn.view, said, group=turn.group, home=turn.home, whole_text=turn.incoming.text)
    case = candidates.extract(
        turn.session,
        office=turn.office,
        view=turn.view,
        report=turn.report_of(item),
        located=place if isinstance(place, Located) else None,
        by=turn.by,
        now=turn.now,
    )
    return f"maybe:{case.id}"


@plain_command("待确认", whole=True, help="待确认：机器人拿不准的话")
def unsure(turn: Turn, _rest: str) -> list[Letter]:
    waiting = candidates.waiting(turn.session, acting=turn.acting)
    rows = [f"{candidates.name(case)} {case.title}：{case.quote}" for case in waiting]
    first = f"拿不准的有{len(rows)}条，回“立案 编号”或“忽略 编号”："
    said = "\n".join([first, *rows]) if rows else "没有待确认的话。"
    letters = [to_identity(turn.identity, said)]
    post(turn.session, letters, about=f"inbox-{turn.inbox_id}", case_id=None, now=turn.now)
    return letters


def _item(turn: Turn, rest: str) -> Item:
    """The matter that is named: its short or full name, or a part of it that fits only one."""
    wanted = rest.strip(" “”\"'。")
    if not wanted:
        raise Unknown("改类要写正确的类别，比如“改类 7 路灯”。")
    items = [item for item in turn.items.values() if item.admitted]
    for fits in (
        [item for item in items if wanted in (item.short, item.name, item.code)],
        [item for item in items if wanted in item.short or wanted in item.name],
    ):
        if len(fits) == 1:
            return fits[0]
        if fits:
            names = "、".join(item.short for item in fits[:6])
            raise Unknown(f"“{wanted}”可能是：{names}。请写全一点，比如“改类 7 {fits[0].short}”。")
    raise Unknown(f"类别里没有“{wanted}”，请写事项名称里的词，比如“改类 7 楼道灯”。")
