"""What the clock says by itself that nothing else says: a case without anybody, and trouble with the clock itself."""

from datetime import datetime

from bot.texts import times


def nobody(*, number: str, matter: str, left: str) -> str:
    return f"【没有人接】{number} {matter}，还没有找到能接的人，{left}。请尽快指定一个人办理。"


def undecided(*, number: str, matter: str, over: str) -> str:
    return f"【超时未定】{number} {matter}，还没有决定受理不受理，{over}。请尽快决定。"


def trouble(lines: list[str], *, at: datetime) -> str:
    """The one letter a day about the clock; ``lines`` are at most a few findings."""
    first = f"【计时检查】{times.local(at):%H:%M}发现："
    return "\n".join([first, *lines, "写明“已”做的不用再管，其余请管理员看体检（doctor）。"])


def more(count: int) -> str:
    return f"……还有{count}处"


def missing(*, number: str, what: str, due: str, how: str) -> str:
    """``how``: 「已补做」 or 「没有补成」."""
    return f"{number}的“{what}”{due}该做没做，{how}"


def early(*, number: str, what: str, due: str) -> str:
    return f"{number}的“{what}”做早了，本来是{due}"


def letter_gone(*, number: str, what: str) -> str:
    return f"{number}的“{what}”发出的话不在发件箱里"


def letter_twice(*, number: str, what: str) -> str:
    return f"{number}的“{what}”多发了"


def next_lost(*, number: str) -> str:
    return f"{number}的下一步提醒丢了或错了，已改正"


def silent(*, since: str) -> str:
    return f"计时停了，最后一次是{since}"


def never() -> str:
    return "计时一次也没有走过"


def ahead(*, at: str) -> str:
    return f"计时的记录跑到了现在之后（{at}），服务器时间可能被往回改过"


def leapt(*, before: str, after: str) -> str:
    return f"时间从{before}跳到{after}，可能停过机或者改过时间"


def doubled(*, holders: str) -> str:
    return f"有两个计时进程同时在走（{holders}），提醒不会重复，请停掉一个"


STEPS = {
    "half": "过半没接的提醒",
    "full": "超时没接的提醒",
    "alarm1": "紧急没接的第一次呼叫",
    "alarm2": "紧急没接的第二次呼叫",
    "alarm3": "紧急没接的第三次呼叫",
    **{f"again{number}": f"紧急没接的再次呼叫（第{number}遍）" for number in range(1, 5)},
    "warn": "临期提醒",
    "over": "超时提醒",
    "street": "超时一个工作日的提醒",
    "end": "到期处理",
}
