"""WeCom's error numbers as data: what each calls for and one Chinese sentence for the operator. Never sends anything.

Source: official table 90313, pages 90455 (busy) and 99110 (webhook); see protocol §2.10.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from bot.channels.base import SendFailed

Verdict = Literal["retry", "config", "dead"]


class Meaning(NamedTuple):
    """``reason`` says what happened, why, and how to mend it; ``wait_seconds`` before the next try."""

    verdict: Verdict
    reason: str
    wait_seconds: float = 0


MEANINGS: Mapping[int, Meaning] = {
    -1: Meaning("retry", "企业微信系统繁忙，稍后会自动重发", 5),
    6000: Meaning("retry", "企业微信数据版本冲突，稍后会自动重发", 5),
    40014: Meaning("retry", "调用凭证刚换新仍被拒绝，稍后会自动重发；若持续出现，请核对 SECRET 属于本应用", 10),
    42001: Meaning("retry", "调用凭证刚换新又过期，稍后会自动重发；若持续出现，请核对服务器时间", 10),
    45009: Meaning("retry", "发送太频繁，超过企业微信的频率上限，过一分钟自动重发", 60),
    45033: Meaning("retry", "同时调用太多，稍后会自动重发", 10),
    40001: Meaning("config", "SECRET 不对、与 CORP_ID 不匹配，或应用已停用：请到企业微信后台重新复制应用的 Secret"),
    40013: Meaning("config", "CORP_ID 不对：请到企业微信后台“我的企业”页底部复制企业 ID"),
    40056: Meaning("config", "AGENT_ID 不对：请到应用详情页复制 AgentId"),
    40091: Meaning("config", "SECRET 不对，可能用了别的企业的：请到企业微信后台重新复制"),
    41001: Meaning("config", "请求没有带上调用凭证，可能被代理去掉了网址参数：请检查 API_BASE 前的代理"),
    41002: Meaning("config", "没有填 CORP_ID：请补上企业 ID"),
    41004: Meaning("config", "没有填 SECRET：请补上应用的 Secret"),
    48002: Meaning("config", "应用没有调用这个接口的权限：请管理员在后台开通"),
    48006: Meaning("config", "应用长期未用，接口权限被收回：请管理员在后台重新启用应用"),
    50002: Meaning("config", "应用没有权限联系此人：请管理员把他加入应用的可见范围"),
    50003: Meaning("config", "应用已被停用：请管理员在后台启用"),
    60011: Meaning("config", "应用没有权限联系此人：请管理员把他加入应用的可见范围"),
    60020: Meaning(
        "config", "本服务器的 IP 不在可信名单：请管理员在应用详情页的“企业可信IP”里加上出口 IP，约一分钟生效"
    ),
    301002: Meaning("config", "AGENT_ID 与 SECRET 不是同一个应用的：请到应用详情页一起重新复制"),
    93001: Meaning("config", "这个群不允许消息推送：请群主在群设置里打开"),
    93004: Meaning("config", "群里的消息推送已被停用：请群主在群设置里重新启用"),
    40003: Meaning("dead", "企业微信里没有这个成员，可能已离职或账号填错：请在人员页核对他的企业微信账号"),
    40008: Meaning("dead", "企业微信不支持这种消息类型"),
    40031: Meaning("dead", "企业微信里没有这个成员，可能已离职或账号填错：请在人员页核对他的企业微信账号"),
    40033: Meaning("dead", "消息里有企业微信不接受的字符"),
    40058: Meaning("dead", "消息的格式或长度不合企业微信的规定"),
    40063: Meaning("dead", "消息缺少企业微信必填的内容"),
    44004: Meaning("dead", "消息内容是空的"),
    45002: Meaning("dead", "消息太长"),
    60111: Meaning("dead", "企业微信里没有这个成员，可能已离职或账号填错：请在人员页核对他的企业微信账号"),
    81013: Meaning("dead", "收信人无效或不在应用的可见范围：请核对账号，并请管理员把他加入应用的可见范围"),
    93000: Meaning("dead", "群的消息推送地址无效或已被移除：请群主重新添加，并在群资料里更新地址"),
    93006: Meaning("dead", "群的编号不对，注意大小写"),
    93008: Meaning("dead", "消息推送已不在这个群里：请群主重新添加，并在群资料里更新地址"),
    93017: Meaning("dead", "消息内容是空的"),
}

TOKEN_SPOILED = frozenset({40014, 42001})
"""The token died early: fetch one anew and repeat the call once. 40001 is not among them: in WeCom it is a setting."""

RECEIVER_GONE = frozenset({40003, 40031, 60111, 81013})
"""No other form of the message would reach this receiver either."""


def failure(code: int) -> SendFailed:
    """The ``SendFailed`` an ``errcode`` calls for. Unknown negative ones are the platform's trouble, others dead."""
    meaning = MEANINGS.get(code)
    if meaning is None and code < 0:
        meaning = MEANINGS[-1]
    if meaning is None:
        return SendFailed("dead", f"企业微信拒绝了这条消息（错误码 {code}），请凭错误码查企业微信文档", code=code)
    reason = f"{meaning.reason}（{code}）"
    return SendFailed(meaning.verdict, reason, code=code, wait_seconds=meaning.wait_seconds)


def unreachable(reason: str, wait_seconds: float = 5) -> SendFailed:
    """The platform gave no usable answer. Whether it took the message is not known; it will be tried again."""
    return SendFailed("retry", reason, wait_seconds=wait_seconds)
