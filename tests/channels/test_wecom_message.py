"""What the app hears: every recorded message, the fast look that never disagrees with the parser, and rubbish."""

import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.channels.base import Action, CallbackRefused, Incoming
from bot.channels.wecom_message import parse, peek

RECORDINGS = Path(__file__).parent.parent / "recordings" / "wecom"
SENT = datetime.fromtimestamp(1760000000, UTC)
NOW = SENT + timedelta(seconds=2)
PRESSED = "grid007:1760000000:template_card_event"


def heard(name: str) -> Incoming | None:
    return parse((RECORDINGS / f"{name}.xml").read_bytes(), NOW, channel="wecom")


def common(message_id: str) -> dict[str, object]:
    return {"channel": "wecom", "message_id": message_id, "sender": "grid007", "at": SENT}


@pytest.mark.parametrize(
    ("name", "message_id", "rest"),
    [
        ("text", "4561255354251345929", {"kind": "text", "text": "3栋2单元电梯坏了"}),
        ("text_bare", "4561255354251345930", {"kind": "text", "text": "办结 1122-07 & 已回访"}),
        ("text_tricky", "4561255354251345931", {"kind": "text", "text": "看]]></Content><MsgType>event</MsgType>"}),
        ("image", "4561255354251345932", {"kind": "image", "media": "media-1"}),
        ("voice", "4561255354251345933", {"kind": "voice", "media": "media-2"}),
        ("video", "4561255354251345934", {"kind": "video", "media": "media-3"}),
        ("file", "4561255354251345935", {"kind": "file", "media": "media-4", "text": "回执.pdf"}),
        (
            "location",
            "4561255354251345936",
            {"kind": "location", "latitude": 37.8706, "longitude": 112.5489, "text": "太原市杏花岭区桃园北路"},
        ),
        ("link", "4561255354251345937", {"kind": "link", "text": "停水通知\n今晚八点\nhttps://example.cn/n/1"}),
        (
            "card_pressed",
            f"{PRESSED}:accept:case-42@1",
            {
                "kind": "action",
                "event": "template_card_event",
                "action": Action("accept", "case-42@1", "RC-1", (("eta", ("10",)),)),
            },
        ),
        (
            "card_pressed_many",
            f"{PRESSED}:submit:case-42@2",
            {
                "kind": "action",
                "event": "template_card_event",
                "action": Action("submit", "case-42@2", "RC-2", (("q1", ("a", "b")), ("q2", ("c",)))),
            },
        ),
        (
            "card_menu",
            "grid007:1760000000:template_card_menu_event:reassign:case-42@1",
            {
                "kind": "action",
                "event": "template_card_menu_event",
                "action": Action("reassign", "case-42@1", "RC-3"),
            },
        ),
        ("enter_agent", "grid007:1760000000:enter_agent::", {"kind": "event", "event": "enter_agent"}),
        ("subscribe", "grid007:1760000000:subscribe::", {"kind": "event", "event": "subscribe"}),
        ("menu_click", "grid007:1760000000:click:my_cases:", {"kind": "event", "event": "click", "text": "my_cases"}),
    ],
)
def test_a_recorded_message_is_understood(name: str, message_id: str, rest: dict[str, object]) -> None:
    assert heard(name) == Incoming(**common(message_id), **rest)  # type: ignore[arg-type]


def test_the_platforms_warning_that_the_app_is_unused_is_heard() -> None:
    message = heard("inactive_alert")
    assert message is not None
    assert (message.sender, message.event) == ("sys", "inactive_alert")


@pytest.mark.parametrize("name", ["whereabouts", "unknown_kind"])
def test_what_nobody_needs_is_let_go(name: str) -> None:
    assert heard(name) is None


def test_only_the_ordinary_text_is_peeked_at() -> None:
    seen = {path.stem: peek(path.read_bytes()) for path in RECORDINGS.glob("*.xml")}
    assert {name: text for name, text in seen.items() if text is not None} == {"text": "3栋2单元电梯坏了"}


def test_two_buttons_pressed_in_one_second_are_two_messages() -> None:
    first, second = heard("card_pressed"), heard("card_pressed_many")
    assert first
    assert second
    assert first.message_id != second.message_id


def test_an_id_is_never_longer_than_the_inbox_keeps() -> None:
    long = (RECORDINGS / "card_pressed.xml").read_bytes().replace(b"[accept]", b"[" + b"k" * 1024 + b"]")
    first = parse(long, NOW, channel="wecom")
    second = parse(long.replace(b"case-42@1", b"case-42@7"), NOW, channel="wecom")
    assert first
    assert second
    assert len(first.message_id) == 200
    assert first.message_id != second.message_id


def test_a_message_is_never_from_the_future() -> None:
    early = SENT - timedelta(minutes=3)
    message = parse((RECORDINGS / "text.xml").read_bytes(), early, channel="wecom")
    assert message is not None
    assert message.at == early


def text_xml(content: str, *, before: str = "", after: str = "") -> bytes:
    return (
        f"<xml><ToUserName><![CDATA[ww0000]]></ToUserName><FromUserName><![CDATA[u]]></FromUserName>"
        f"<CreateTime>1760000000</CreateTime><MsgType><![CDATA[text]]></MsgType>{before}"
        f"<Content><![CDATA[{content}]]></Content>{after}<MsgId>1</MsgId><AgentID>1</AgentID></xml>"
    ).encode("utf-8", "surrogatepass")


PIECES = ("]", "]]>", "<![CDATA[", "</Content>", "<Content>", "<MsgType>", "text", "</MsgType>", "<!--", "-->", "&amp;")
SIGNS = ("&", "<?x?>", " ", "\n", "\r", "\t", "\x00", "\x0b", "\ufffe", "\x85", "电梯", "<MsgId>2</MsgId>", "</xml>")

nasty = st.one_of(st.text(max_size=40), st.lists(st.sampled_from((*PIECES, *SIGNS)), max_size=8).map("".join))


@given(content=nasty, before=nasty, after=nasty)
@example("]", "", "")
@example("a]]]]><![CDATA[>b", "", "")
@example("x]]></Content><Content><![CDATA[y", "", "")
@example(" \x85 ", "", "")
@example("\ud800", "", "")
def test_the_fast_look_never_says_other_than_the_parser(content: str, before: str, after: str) -> None:
    for plain in (text_xml(content), text_xml(content, before=before, after=after)):
        seen = peek(plain)
        if seen is not None:
            message = parse(plain, NOW, channel="wecom")
            assert message is not None
            assert (message.kind, message.text) == ("text", seen)


@given(content=st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co")), min_size=1))
def test_ordinary_words_are_peeked_at(content: str) -> None:
    expected = content.strip() if "]]>" not in content else None
    assert peek(text_xml(content)) == (expected or None)


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "plain",
    [
        b"",
        b"   ",
        b"{}",
        b"<xml/>",
        b"<xml>",
        b"<other><MsgType>text</MsgType></other>",
        b"\xff\xfe<xml></xml>",
        text_xml("x").replace(b"x]", b"\xff]", 1),
        text_xml("x").replace(b"<MsgId>1</MsgId>", b""),
        text_xml("x").replace(b"<MsgId>1</MsgId>", b"<MsgId>one</MsgId>"),
        text_xml("x").replace(b"<MsgType><![CDATA[text]]></MsgType>", b""),
        text_xml("x", after="<MsgType>text</MsgType>"),
        text_xml("x", after="<Content>y</Content>"),
        text_xml("x", after="<FromUserName>y</FromUserName>"),
        text_xml("x").replace(b"<Content>", b'<Content a="1">'),
        text_xml("x").replace(b"<![CDATA[x]]>", b"<b>x</b>"),
        text_xml("x").replace(b"<![CDATA[u]]>", b""),
        text_xml("x").replace(b"<![CDATA[u]]>", "王秀英".encode()),
        text_xml("x").replace(b"1760000000", b"99999999999999"),
        text_xml("x").replace(b"1760000000", b"-5"),
        text_xml("x").replace(b"1760000000", b"1e9"),
        BOMB + text_xml("x").replace(b"<![CDATA[x]]>", b"&b;"),
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + text_xml("x").replace(b"<![CDATA[x]]>", b"&a;"),
        b"<xml>" + b"<a>" * 9_000 + b"</a>" * 9_000 + b"</xml>",
        text_xml("x" * 70_000),
        (RECORDINGS / "location.xml").read_bytes().replace(b"37.8706", b"nan"),
        (RECORDINGS / "location.xml").read_bytes().replace(b"37.8706", b"91"),
        (RECORDINGS / "location.xml").read_bytes().replace(b"37.8706", b"north"),
        (RECORDINGS / "card_pressed.xml")
        .read_bytes()
        .replace(b"<SelectedItem>", b"<SelectedItem>1</SelectedItem><SelectedItem>"),
        (RECORDINGS / "card_pressed.xml").read_bytes().replace(b"<OptionId>", b"<OptionId><i>1</i>"),
        (RECORDINGS / "card_pressed.xml").read_bytes().replace(b"<OptionIds>", b"<OptionIds/><OptionIds>"),
    ],
    ids=lambda plain: str(plain[:30]),
)
def test_rubbish_is_refused_and_nothing_else_happens(plain: bytes) -> None:
    assert peek(plain) is None
    with pytest.raises(CallbackRefused) as refused:
        parse(plain, NOW, channel="wecom")
    assert refused.value.status == 400


SAMPLES = [path.read_bytes() for path in sorted(RECORDINGS.glob("*.xml"))]


@given(
    sample=st.sampled_from(SAMPLES),
    cuts=st.lists(st.tuples(st.integers(0, 900), st.integers(0, 40), st.binary(max_size=12)), max_size=3),
)
def test_a_damaged_message_is_understood_or_refused(sample: bytes, cuts: list[tuple[int, int, bytes]]) -> None:
    for start, length, instead in cuts:
        sample = sample[:start] + instead + sample[start + length :]
    seen = peek(sample)
    try:
        message = parse(sample, NOW, channel="wecom")
    except CallbackRefused:
        message = None
    assert seen is None or (message is not None and message.text == seen)


@given(plain=st.one_of(st.binary(max_size=200), nasty.map(str.encode)))
def test_any_bytes_are_understood_or_refused(plain: bytes) -> None:
    for each in (plain, b"<xml>" + plain + b"</xml>"):
        peek(each)
        with contextlib.suppress(CallbackRefused):
            parse(each, NOW, channel="wecom")
