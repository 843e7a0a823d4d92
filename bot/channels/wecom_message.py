"""What a WeCom app hears: plain XML to ``Incoming``, and a fast look at ordinary texts. Never touches keys or network.

Fields: protocol pages 90239 (messages) and 90240 (events). wechatpy reads the XML; its message classes know
no card events, so only the raw mapping behind them is used.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha1
from typing import Any

from bot.channels.base import Action, CallbackRefused, Incoming, Kind
from bot.channels.wecom_crypto import LARGEST_BODY

LONGEST_ID = 200
"""Characters the inbox keeps of a message id."""

_CARD_EVENTS = ("template_card_event", "template_card_menu_event")

HEARD_EVENTS = frozenset(
    {
        "enter_agent",
        "subscribe",
        "unsubscribe",
        "click",
        # an app nobody uses is stopped by the platform: the operator must hear of it
        "inactive_alert",
        "close_inactive_agent",
        "reopen_inactive_agent",
        "low_active_alert",
        "low_active",
        "active_restored",
    }
)
"""Events that somebody needs, in lower case. ``location`` is left out on purpose: nobody's movements are kept."""

_MEDIA: Mapping[str, Kind] = {"image": "image", "voice": "voice", "video": "video", "file": "file"}

# The whole of an ordinary text message and nothing else. CDATA is matched atomically up to its first end, so that
# tags inside a resident's words stay words; control characters and CR are left to the real parser.
_ORDINARY = re.compile(
    rb"<xml>\s*"
    rb"<ToUserName>(?:<!\[CDATA\[[0-9A-Za-z_-]{1,64}\]\]>|[0-9A-Za-z_-]{1,64})</ToUserName>\s*"
    rb"<FromUserName>(?:<!\[CDATA\[[0-9A-Za-z_.@-]{1,64}\]\]>|[0-9A-Za-z_.@-]{1,64})</FromUserName>\s*"
    rb"<CreateTime>[0-9]{1,11}</CreateTime>\s*"
    rb"<MsgType>(?:<!\[CDATA\[text\]\]>|text)</MsgType>\s*"
    rb"<Content><!\[CDATA\[((?:[^\]\x00-\x08\x0b-\x1f]++|\](?!\]>))*+)\]\]></Content>\s*"
    rb"<MsgId>[0-9]{1,20}</MsgId>\s*"
    rb"(?:<AgentID>-?[0-9]{1,10}</AgentID>\s*)?"
    rb"</xml>\s*"
)
_DIGITS = re.compile(r"[0-9]{1,20}", re.ASCII)
_MEMBER = re.compile(r"[0-9A-Za-z_.@-]{1,64}", re.ASCII)


def peek(plain: bytes) -> str | None:
    """The words of an ordinary text message, or None whenever there is any doubt: then ``parse`` decides.

    What this returns is always exactly what ``parse`` would have put into ``text``.
    """
    found = _ORDINARY.fullmatch(plain)
    if found is None or len(plain) > LARGEST_BODY:
        return None
    try:
        text = plain.decode()  # all of it: one broken byte anywhere and the XML is none
        text = found[1].decode().strip()
    except UnicodeDecodeError:
        return None
    if not text or "\ufffe" in text or "\uffff" in text:
        return None
    return text


def sender_of(plain: bytes) -> str:
    """The sender of what ``peek`` has read: in such a message his tag stands before any words of his."""
    start = plain.find(b"<FromUserName>") + len(b"<FromUserName>")
    name = plain[start : plain.find(b"</", start)]
    return name.removeprefix(b"<![CDATA[").removesuffix(b"]]>").decode("ascii", "replace")


def parse(plain: bytes, now: datetime, *, channel: str) -> Incoming | None:
    """The message as ``Incoming``, or None when nobody needs it. Raises ``CallbackRefused`` 400 on rubbish.

    ``at`` is the platform's time of the message, but never later than ``now``: clocks differ by seconds.
    """
    data = _read(plain)
    kind = _word(data, "MsgType").lower()
    sender = _word(data, "FromUserName")
    created = _number(data, "CreateTime")
    if not _MEMBER.fullmatch(sender):
        raise CallbackRefused(400, "消息没有发送人")
    at = min(_instant(created), now.astimezone(UTC))
    if kind == "event":
        return _event(data, channel=channel, sender=sender, created=created, at=at)
    heard = _heard(kind, data)
    if heard is None:
        return None
    return Incoming(channel=channel, message_id=_number(data, "MsgId"), sender=sender, at=at, **heard)


def _read(plain: bytes) -> Mapping[str, Any]:
    if len(plain) > LARGEST_BODY:
        raise CallbackRefused(400, "消息太大")
    # the codec brings an HTTP client along; only a process that hears WeCom pays for it, once
    from wechatpy.work import parse_message  # noqa: PLC0415

    try:
        data = parse_message(plain)._data
    # the guard: wechatpy lets expat's, xmltodict's and its own attribute and key errors through
    except Exception as error:
        raise CallbackRefused(400, f"不是企业微信的消息：{type(error).__name__}") from error
    if not isinstance(data, Mapping):
        raise CallbackRefused(400, "不是企业微信的消息")
    return data


def _heard(kind: str, data: Mapping[str, Any]) -> dict[str, Any] | None:
    """The fields of ``Incoming`` that depend on the kind of message; None for kinds the bot has no ear for."""
    if kind == "text":
        return {"kind": "text", "text": _word(data, "Content")}
    if kind in _MEDIA:
        return {"kind": _MEDIA[kind], "media": _word(data, "MediaId"), "text": _word(data, "FileName")}
    if kind == "location":
        return {
            "kind": "location",
            "text": _word(data, "Label"),
            "latitude": _degrees(data, "Location_X", 90),
            "longitude": _degrees(data, "Location_Y", 180),
        }
    if kind == "link":
        parts = (_word(data, name) for name in ("Title", "Description", "Url"))
        return {"kind": "link", "text": "\n".join(part for part in parts if part)}
    return None


def _event(data: Mapping[str, Any], *, channel: str, sender: str, created: str, at: datetime) -> Incoming | None:
    name = _word(data, "Event")
    event = name.lower()
    key, task = _word(data, "EventKey"), _word(data, "TaskId")
    # events carry no MsgId; two cards may be pressed within one second, hence all five parts
    message_id = _bounded(":".join((sender, created, name, key, task)))
    if event in _CARD_EVENTS:
        action = Action(key, task, _word(data, "ResponseCode"), _selected(data))
        return Incoming(
            channel=channel, message_id=message_id, kind="action", sender=sender, at=at, event=event, action=action
        )
    if event not in HEARD_EVENTS:
        return None
    return Incoming(channel=channel, message_id=message_id, kind="event", sender=sender, at=at, text=key, event=event)


def _bounded(message_id: str) -> str:
    """``message_id`` in at most 200 characters, still unique: a button's key alone may have a thousand."""
    if len(message_id) <= LONGEST_ID:
        return message_id
    return f"{message_id[: LONGEST_ID - 41]}:{sha1(message_id.encode()).hexdigest()}"


def _selected(data: Mapping[str, Any]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Question and chosen options. One item arrives as a mapping or a string, several as a list."""
    found = []
    for item in _list(_branch(data.get("SelectedItems")).get("SelectedItem")):
        options = _list(_branch(_branch(item).get("OptionIds")).get("OptionId"))
        if not all(isinstance(option, str) for option in options):
            raise CallbackRefused(400, "选项的格式不对")
        found.append((_word(_branch(item), "QuestionKey"), tuple(options)))
    return tuple(found)


def _branch(value: object) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise CallbackRefused(400, "消息的结构不对")
    return value


def _list(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _word(data: Mapping[str, Any], name: str) -> str:
    """The text of one plain element, "" when absent. Repeated or nested elements are refused."""
    value = data.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise CallbackRefused(400, f"{name} 的格式不对")
    return value


def _number(data: Mapping[str, Any], name: str) -> str:
    value = _word(data, name)
    if not _DIGITS.fullmatch(value):
        raise CallbackRefused(400, f"{name} 不是数字")
    return value


def _degrees(data: Mapping[str, Any], name: str, most: int) -> float:
    try:
        value = float(_word(data, name))
    except ValueError as error:
        raise CallbackRefused(400, f"{name} 不是数字") from error
    if not math.isfinite(value) or abs(value) > most:
        raise CallbackRefused(400, f"{name} 超出范围")
    return value


def _instant(seconds: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise CallbackRefused(400, "CreateTime 超出范围") from error
