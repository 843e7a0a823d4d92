"""What the bot says in a residents' group. Never a phone of a resident, a door number, an illness or a full name.

At most four lines and ninety characters where it can be; plain text, because WeChat shows markdown raw.
"""


def acknowledged(*, nick: str, matter: str, number: str, who: str, by: str, phone: str) -> str:
    """``who`` is 「网格员宋佳明」, ``by`` 「今天 14:30前」, ``phone`` a public one or empty."""
    call = f"，急事请拨 {phone}。" if phone else "。"
    return f"{_at(nick)}“{matter}”已登记，编号{number}。\n{who}{by}联系您{call}"


def acknowledged_private_matter(*, nick: str, number: str, who: str, by: str) -> str:
    """The matter itself is not named: whoever needs help with it is nobody's business in the group."""
    return f"{_at(nick)}收到，编号{number}。{who}{by}私下联系您，证件号和门牌号请别发在群里。"


def nobody_yet(*, nick: str, number: str, phone: str) -> str:
    call = f"，急事请拨 {phone}。" if phone else "。"
    return f"{_at(nick)}已登记，编号{number}，社区正在安排人联系您{call}"


def heard_privately(*, matter: str, place: str, number: str, who: str) -> str:
    """Said to the bot alone, but it concerns everybody: one line, so that nobody reports it twice."""
    where = f"（{place}）" if place else ""
    return f"有邻居报了“{matter}”{where}，编号{number}，{who}正在跟进，不用重复报。"


ASK = {
    "building": "收到。请补一句楼号和单元，比如“3号楼2单元”，好安排上门。",
    "estate": "收到。是哪个小区的{building}号楼？回个小区名就行。",
    "unit": "收到。请补一句是几单元，比如“2单元”，好找对人。",
}


WHERE = "请马上回一句：几号楼几单元？"


def ask(*, nick: str, asks: str, building: str = "") -> str:
    return _at(nick) + ASK[asks].format(building=building)


def dropped(*, nick: str) -> str:
    return f"{_at(nick)}好的，那先不登记了，需要时再说一声。"


def place_added(*, nick: str, number: str, place: str) -> str:
    return f"{_at(nick)}记下了，编号{number}：{place}，已告诉赶来的人。"


def alarm(*, nick: str, text: str, called: str, asks_place: bool) -> str:
    """The catalogue's reviewed text, then who was called. Nothing is generated here."""
    lines = [_at(nick) + text, f"已同时通知{called}。" if called else "", WHERE if asks_place else ""]
    return "\n".join(line for line in lines if line)


# for danger in a matter that is ordinarily none (a dog that bit, a cable that smoulders); reviewed like the catalogue's
ALARM = "【紧急】有危险先离开，马上拨打110、119或120，说清楼号单元。"


def _at(nick: str) -> str:
    return f"@{nick} " if nick else ""
