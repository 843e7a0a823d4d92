"""What a resident hears about his case after it was opened. Group words carry no secret; ``nick`` empty = private.

Every text names the case and, where something is promised, until when.
"""

STARS = {1: "满意", 2: "一般", 3: "没解决"}
RATE = "满意回1，一般回2，没解决回3。"


def taken(*, nick: str, number: str, who: str) -> str:
    return f"{_at(nick)}{number} {who}已接单，正在处理。"


def handled(*, nick: str, number: str, matter: str, result: str) -> str:
    """``matter`` and ``result`` are empty where the group must not read them."""
    what = f" “{matter}”" if matter else ""
    how = f"：{_end(result)}" if result else "。"
    return f"{_at(nick)}{number}{what}已办结{how}\n{RATE}"


def all_done(*, number: str, matter: str, result: str) -> str:
    """One line for everybody who reported the same thing."""
    how = f"：{_end(result)}" if result else "。"
    return f"{number} “{matter}”已办结{how}还有问题请直接说一声。"


def thanks(*, number: str) -> str:
    return f"谢谢您的评价，{number}已结案。"


def reopened(*, nick: str, number: str, who: str, by: str) -> str:
    return f"{_at(nick)}{number}已重新打开，{who}{by}给您回电。"


def extended(*, nick: str, number: str, by: str, reason: str) -> str:
    why = f"，因为{_end(reason)}" if reason else "。"
    return f"{_at(nick)}{number}要晚一些，改到{by}办好{why}给您添麻烦了。"


def suspended(*, nick: str, number: str, reason: str, until: str) -> str:
    why = f"：{_end(reason)}" if reason else "。"
    return f"{_at(nick)}{number}暂时办不了{why}{until}再接着办，到时告诉您。"


def resumed(*, nick: str, number: str, who: str, by: str) -> str:
    return f"{_at(nick)}{number}接着办了，{who}{by}办好。"


def waits_for_you(*, number: str, what: str) -> str:
    return f"{number}还需要您这边：{_end(what)}好了直接回我就行，没好之前先不计时。"


def declined(*, number: str, reason: str, channel: str) -> str:
    return f"{number}这件事社区办不了：{_end(reason)}请找{_end(channel)}需要帮忙联系就说一声。"


def withdrawn(*, nick: str, number: str) -> str:
    return f"{_at(nick)}好的，{number}已撤回，需要时再说一声。"


def cannot_withdraw(*, number: str) -> str:
    return f"{number}涉及安全，要等工作人员确认没有危险才能结束，已经告诉他您说没事了。"


def must_stay(*, number: str) -> str:
    return f"{number}按规定要由社区跟到底，不能撤回。有顾虑可以私下跟社区工作人员说。"


def merged(*, nick: str, number: str, into: str) -> str:
    return f"{_at(nick)}{number}和{into}是同一件事，已并到{into}一起办，有进展告诉您。"


def self_handled(*, nick: str, number: str, result: str) -> str:
    how = f"：{_end(result)}" if result else "，"
    return f"{_at(nick)}{number}已经办好了{how}谢谢您告诉我们。"


def added(*, nick: str, number: str) -> str:
    return f"{_at(nick)}补充已记到{number}，办理的人看得到。"


def moved(*, nick: str, number: str, place: str) -> str:
    return f"{_at(nick)}{number}的地点已改成{place}。"


def joined(*, number: str, matter: str, count: int, places: str, other_buildings: bool = False) -> str:
    """The one line for all who reported the same. ``other_buildings``: each building is looked at by itself."""
    where = f"（{places}）" if places else ""
    also = "别的楼也有的话，请说一声几号楼。" if other_buildings else ""
    return f"“{matter}”{where}已有{count}位邻居报了，编号{number}，正在处理，有进展群里说，不用重复报。{also}"


def left(*, nick: str, number: str) -> str:
    return f"{_at(nick)}好的，您这边记下了。{number}还有邻居报过，继续处理。"


def joined_alone(*, number: str, matter: str) -> str:
    return f"“{matter}”邻居已经报过，编号{number}，正在处理，办好了告诉您。"


def late(*, nick: str, number: str, who: str) -> str:
    return f"{_at(nick)}{number}比预计的慢，抱歉。已请{who}跟进。"


def status(*, nick: str, number: str, matter: str, state: str, lines: list[str]) -> str:
    """``matter`` is empty where the group must not read it."""
    what = f" {matter}" if matter else ""
    return f"{_at(nick)}{number}{what}：{state}。" + "".join(lines)


def several(*, nick: str, rows: list[str]) -> str:
    return f"{_at(nick)}您有{len(rows)}件：\n" + "\n".join(rows)


def no_case(*, nick: str) -> str:
    return f"{_at(nick)}没查到您正在办的事。有事直接说地点和什么事就行。"


def which_withdraw(*, nick: str, rows: list[str], example: str) -> str:
    return f"{_at(nick)}您有{len(rows)}件在办，撤回哪一件？回“撤回 {example}”。\n" + "\n".join(rows)


def nudged(*, nick: str, number: str, who: str) -> str:
    return f"{_at(nick)}已提醒{who}，{number}有进展马上告诉您。"


def nudged_before(*, nick: str, number: str, by: str) -> str:
    """``by`` is empty where nothing that still holds was promised."""
    when = f"{by}会联系您" if by else "一有进展就告诉您"
    return f"{_at(nick)}{number}今天已经提醒过了，{when}，急事请打社区电话。"


# the states as a resident reads them
STATES = {
    "received": "已收到", "registered": "已登记", "assigned": "已派单", "in_progress": "处理中",
    "suspended": "暂缓办理", "handled": "已办结", "closed": "已结案",
}  # fmt: skip
NOBODY_YET = "社区正在安排人。"
WAITS_FOR_YOU = "还等您这边的答复，收到就接着办。"


def will_call(*, who: str, by: str) -> str:
    return f"{who}{by}联系您。"


def at_work(*, who: str, since: str, by: str) -> str:
    """「网格员宋佳明今天 10:53接单，明天 18:00前办好。」 ``since`` empty: he was given it."""
    taken = f"{since}接单" if since else "在办"
    return f"{who}{taken}，{by}办好。" if by else f"{who}{taken}。"


def behind(*, who: str) -> str:
    return f"比预计的慢，抱歉，正在催{who}。"


def on_the_shelf(*, until: str) -> str:
    return f"{until}再接着办，到时告诉您。"


def addressed(*, nick: str, words: str) -> str:
    return _at(nick) + words


def location(*, latitude: float | None, longitude: float | None) -> str:
    at = f"：北纬{latitude:g}，东经{longitude:g}" if latitude is not None and longitude is not None else ""
    return f"发来位置{at}"


def not_yours(*, nick: str, number: str) -> str:
    return f"{_at(nick)}没查到您的{number}这件事，请核对编号。"


def _end(words: str) -> str:
    words = words.strip()
    return words if words.endswith(("。", "！", "？", "!", "?")) else words + "。"


def _at(nick: str) -> str:
    return f"@{nick} " if nick else ""
