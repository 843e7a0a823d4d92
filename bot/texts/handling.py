"""What the bot says to the staff while a case is handled: tasks, changes, reminders, lists. Names no secret in full."""

BUTTONS = {
    "accept": "接单", "transfer": "转派", "return": "退回", "finish": "办结", "extend": "延期", "escalate": "上报",
    "approve": "同意", "refuse": "不同意",
}  # fmt: skip
HINTS = {
    "assigned": "回“接单”表示您来办，也可以“转派 姓名”或“退回 原因”",
    "in_progress": "办好回“办结 一句结果”，来不及回“延期 1天 原因”",
    "asked": "回“同意”或“不同意 原因”",
}


def brought(*, number: str, what: str, by: str) -> str:
    """One line over a card that comes to somebody new: 「1122-07 宋佳明转派给您」."""
    return f"{number} {by}{what}"


def status_line(*, number: str, who: str, did: str, at: str) -> str:
    """What a card says after a change: 「1122-07 宋佳明已接单（10:05）」."""
    return f"{number} {who}{did}（{at}）"


def reason_line(words: str) -> str:
    return f"原因：{words}" if words else ""


def half(*, number: str, matter: str, who: str, left: str) -> str:
    return f"【还没人接】{number} {matter}，{who}还没接单，{left}。您方便的话请接单。"


def full(*, number: str, matter: str, who: str, over: str) -> str:
    return f"【超时未接】{number} {matter}，{who}没有接单，{over}。请改派或联系本人。"


def alarm(*, number: str, matter: str, place: str, minutes: int) -> str:
    return f"【特急】{number} {matter}，{place or '地点还不清楚'}，{minutes}分钟了还没人接单。请马上接单或打电话联系。"


def warn_lead(*, number: str, matter: str, left: str, by: str) -> str:
    return f"【临期】{number} {matter}，{left}（{by}）。来不及请趁早回“延期 {number} 1天 原因”，会告诉居民。"


def warn_superior(*, number: str, matter: str, who: str, left: str) -> str:
    return f"【临期】{number} {matter}，{who}在办，{left}。"


def over(*, number: str, matter: str, who: str, over: str) -> str:
    return f"【超时】{number} {matter}，{who}在办，{over}。请了解情况并督促。"


def street(*, number: str, matter: str, community: str, who: str) -> str:
    return f"【超时一个工作日】{community} {number} {matter}，{who}在办，社区还没办结，请街道协调。"


def nudge(*, number: str, matter: str) -> str:
    return f"【催办】居民在问{number} {matter}，请回个进展，或者联系一下他。"


def supervised(*, number: str, matter: str, who: str, words: str) -> str:
    said = f"：{words}" if words else "。"
    return f"【督办】{number} {matter}，{who}督办{said}请优先办理，有进展及时回备注。"


def asks_extension(*, number: str, who: str, limit: str, until: str, reason: str) -> str:
    return f"{number} {who}申请延期{limit}，到{until}。原因：{reason}\n回“同意 {number}”或“不同意 {number} 原因”。"


def asks_suspension(*, number: str, who: str, until: str, reason: str) -> str:
    return f"{number} {who}申请挂账到{until}。原因：{reason}\n回“同意 {number}”或“不同意 {number} 原因”。"


def granted(*, number: str, what: str, until: str, who: str) -> str:
    return f"{number} {who}同意{what}，到{until}。"


def not_granted(*, number: str, what: str, who: str, reason: str) -> str:
    return f"{number} {who}没有同意{what}" + (f"：{reason}" if reason else "。")


def not_solved(*, number: str, words: str) -> str:
    said = f"居民说：{words}" if words else "居民说没解决。"
    return f"【没解决】{number}由您接手。{said}请尽快回电。"


def said_fine(*, number: str, words: str) -> str:
    return f"{number}居民说没事了：{words}\n确认没有危险后请回“办结 {number} 结果”。"


def added(*, number: str, words: str, who: str) -> str:
    return f"{number} {who}补充：{words}"


def photo(*, number: str, who: str) -> str:
    return f"{number} {who}发来一张照片，已存到案件里。"


def joined(*, number: str, matter: str, count: int, places: str) -> str:
    """「1122-07 停水，已有12位邻居报了：海棠苑1号楼3位、3号楼8位，没说楼号1位」."""
    return f"{number} {matter}，已有{count}位邻居报了" + (f"：{places}。" if places else "。")


def neighbours(*, count: int, latest: list[tuple[str, str, str]]) -> list[str]:
    """Who else reported it: name, place, words of the last of them."""
    return [f"一共{count}位报过，最近的：", *(f"{who}（{where}）：{words}" for who, where, words in latest)]


def merged_in(*, number: str, matter: str, came: str, place: str) -> str:
    return f"{came}（{place or '没说地点'}）已并到{number} {matter}，一起办，办好两边都会知道。"


def withdrawn(*, number: str, matter: str) -> str:
    return f"{number} {matter}，居民已撤回，不用办了。"


def taken_over(*, number: str, matter: str, who: str) -> str:
    return f"{number} {matter}已由{who}接手。"


def assist_asked(*, number: str, matter: str, place: str, who: str) -> str:
    return f"{number} {matter}（{place or '地点见详情'}）请您协办，主办是{who}。"


def remarked(*, number: str, who: str, words: str) -> str:
    return f"{number} {who}备注：{words}"


def resumed(*, number: str, matter: str, by: str) -> str:
    return f"{number} {matter}挂账到期，接着办，{by}。"


def closed(*, number: str, how: str) -> str:
    return f"{number}已结案：{how}。"


CLOSED_AS = {"confirmed": "居民确认", "verified": "核查通过", "no_response": "居民未评价，到期结案"}


def undone(*, number: str, verb: str) -> str:
    return f"{number}刚才的“{verb}”已撤销，恢复原样。"


def done(*, number: str, what: str) -> str:
    return f"{number}{what}。"


def for_whom(*, beneficiary: str, consent: str) -> tuple[str, str]:
    """The card's row: the words are another's, and what he himself says."""
    said = "同意还没问" if consent not in ("given", "refused") else CONSENT[consent]
    return "代报", f"替{beneficiary}报，本人{said}"


CONSENT = {"asked": "还没问", "given": "已同意", "refused": "不同意"}
EVENTS = {
    "received": "收到", "registered": "立案", "assigned": "派单", "accepted": "接单", "transferred": "转派",
    "escalated": "上报", "returned": "退回", "handled": "办结", "closed": "结案", "reworked": "居民说没解决，重办",
    "reopened": "重新打开", "extension_asked": "申请延期", "extended": "延期", "suspension_asked": "申请挂账",
    "suspended": "挂账", "resumed": "恢复办理", "refused": "没有同意", "waits_for_resident": "等居民答复",
    "declined": "不予受理", "self_handled": "自办", "withdrawn": "居民撤回", "merged": "并案", "undone": "撤销上一步",
    "reclassified": "改类", "supervised": "督办", "assist_added": "请人协办", "located": "地点更正",
    "joined": "邻居一起报", "left": "最先报的居民说不用了",
    "said_fine": "居民说没事了", "archived": "归档", "party_named": "记下对方", "party_agreed": "一方愿意调解",
    "party_refused": "一方不愿意调解", "agreement_proposed": "记下约定", "agreement_confirmed": "一方同意约定",
    "agreement_refused": "一方不同意约定", "cooled": "冷静几天", "nudged": "居民催办",
    "consent_given": "本人同意", "consent_refused": "本人不同意",
}  # fmt: skip
