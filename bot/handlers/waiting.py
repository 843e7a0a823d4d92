"""Commands about time: 延期 挂账 恢复 等居民, and the superior's 同意 and 不同意. One verb each."""

import re
from datetime import datetime

from bot.desk import waiting
from bot.desk.clock import Limit, Unit
from bot.desk.errors import Unknown
from bot.desk.letters import Letter
from bot.handlers.base import Turn
from bot.handlers.base_command import command
from bot.texts import times
from storage.case import Case

_DIGITS = str.maketrans("一二两三四五六七八九十", "12234567891")
_SPAN = re.compile(
    r"^\s*(?P<many>\d{1,3}|[一二两三四五六七八九十]|半)\s*个?\s*"
    r"(?P<unit>工作日|小时|天|日|周|星期|月)\s*[，,、 ]?\s*(?P<why>.*)$",
    re.DOTALL,
)
_UNTIL = re.compile(
    r"^\s*到?\s*(?:(?P<year>20\d\d)年)?(?P<month>\d{1,2})[月./-](?P<day>\d{1,2})[日号]?\s*[，,、 ]?\s*(?P<why>.*)$",
    re.DOTALL,
)
_NEXT = {"明天": 1, "后天": 2, "大后天": 3}
# what people say and what is counted: 天 means working days, because nobody promises a Sunday
_UNITS: dict[str, tuple[int, Unit]] = {"工作日": (1, "wd"), "天": (1, "wd"), "日": (1, "wd"), "小时": (1, "wh"),
                                       "周": (5, "wd"), "星期": (5, "wd"), "月": (22, "wd")}  # fmt: skip


@command("延期", "延", verb="ask_extension", needs="多久和原因，比如“2天 等配件”", help="延期 7 2天 等配件：要晚几天")
def extend(turn: Turn, case: Case, rest: str) -> list[Letter]:
    said = _SPAN.match(rest)
    if said is None:
        raise Unknown(f"延期要写多久和原因，比如“延期 {case.number} 2天 等配件”。")
    return waiting.ask_extension(
        turn.session, acting=turn.acting, case=case, limit=_limit(said), words=said["why"].strip()
    )


@command("挂账", "缓办", "挂", verb="ask_suspension", help="挂账 7 到3月15日 等开春施工：眼下办不了")
def suspend(turn: Turn, case: Case, rest: str) -> list[Letter]:
    until, why = _review(turn.now, rest)
    if until is None:
        raise Unknown(f"挂账要写到哪天和原因，比如“挂账 {case.number} 到3月15日 等开春施工”。")
    return waiting.ask_suspension(turn.session, acting=turn.acting, case=case, until=until, words=why)


@command("恢复", verb="resume", help="恢复 7：挂账的接着办")
def resume(turn: Turn, case: Case, _rest: str) -> list[Letter]:
    return waiting.resume(turn.session, acting=turn.acting, case=case)


@command("等居民", "等他", verb="await_resident", help="等居民 7 补户口本复印件：等他答复，先不计时")
def await_resident(turn: Turn, case: Case, rest: str) -> list[Letter]:
    return waiting.await_resident(turn.session, acting=turn.acting, case=case, words=rest)


@command("同意", "批准", verb="extend", help="同意 7：同意延期或挂账")
def approve(turn: Turn, case: Case, _rest: str) -> list[Letter]:
    return waiting.approve(turn.session, acting=turn.acting, case=case)


@command("不同意", "驳回", verb="refuse", help="不同意 7 今天要办完：不批延期或挂账")
def refuse(turn: Turn, case: Case, rest: str) -> list[Letter]:
    return waiting.refuse(turn.session, acting=turn.acting, case=case, words=rest)


def _limit(said: re.Match[str]) -> Limit:
    many = said["many"]
    if many == "半":
        return Limit(4, "wh") if said["unit"] in ("天", "日") else Limit(1, "wh")
    number = 10 if many == "十" else int(many.translate(_DIGITS))
    times_, unit = _UNITS[said["unit"]]
    try:
        return Limit(number * times_, unit)
    except ValueError as wrong:
        raise Unknown("延期的时间不对，请写1小时到一年之间，比如“2天”。") from wrong


def _review(now: datetime, rest: str) -> tuple[datetime | None, str]:
    """The day to come back to it, at nine in the morning, and the reason."""
    if said := _UNTIL.match(rest):
        here = times.local(now)
        try:
            on = here.replace(year=int(said["year"] or here.year), month=int(said["month"]), day=int(said["day"]),
                              hour=9, minute=0, second=0, microsecond=0)  # fmt: skip
            if not said["year"] and on < here:
                on = on.replace(year=on.year + 1)
        except ValueError as wrong:
            raise Unknown(f"没有{said['month']}月{said['day']}日这一天，请核对日期。") from wrong
        return times.utc(on), said["why"].strip()
    if said := _SPAN.match(rest):
        number = 10 if said["many"] == "十" else 1 if said["many"] == "半" else int(said["many"].translate(_DIGITS))
        days = number * {"周": 7, "星期": 7, "月": 30}.get(said["unit"], 1)
        return waiting.review_day(now, days), said["why"].strip()
    for word, days in _NEXT.items():
        if rest.startswith(word):
            return waiting.review_day(now, days), rest[len(word) :].strip("，, ")
    return None, ""
