"""What the channel sends: texts, cards, fallbacks and redraws over real sockets."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.channels.base import Button, Card, Outgoing, Receipt, SendFailed
from bot.channels.wecom import BODY, DESC, ROW_NAME, ROW_VALUE, TITLE, Wecom, _template_card
from bot.channels.wecom_api import TEXT_BYTES, cut, plain_words
from config.settings import WecomSettings
from storage.cache import MemoryCache
from tests.channels.conftest import wecom_settings
from tests.standins.wecom import ROBOT, WecomStandIn

Settings = Callable[..., WecomSettings]
CARD = Card(
    task="case-42@1",
    source="网格连心桥",
    title="【紧急】供暖：家里暖气不热",
    desc="桃园北路东2网格 · 3号楼2单元",
    body="还剩2小时50分，今天 14:30前联系居民",
    rows=(("报事人", "王**"), ("编号", "1122-07"), ("空", "")),
    buttons=(Button("接单", "accept"), Button("转派", "reassign", 2)),
    url="https://example.cn/m/42",
)
WORDS = "【紧急】1122-07 暖气不热，3号楼2单元，今天 14:30前联系居民"
OUT = Outgoing(key="outbox-1", to="person", address="grid007", text=WORDS)


def send(settings: WecomSettings, *messages: Outgoing) -> list[Receipt]:
    async def scene() -> list[Receipt]:
        channel = Wecom(settings, MemoryCache())
        try:
            return [await channel.send(message) for message in messages]
        finally:
            await channel.close()

    return asyncio.run(scene())


def refused(settings: WecomSettings, message: Outgoing) -> SendFailed:
    with pytest.raises(SendFailed) as failed:
        send(settings, message)
    return failed.value


def test_a_text_reaches_its_member(standin: WecomStandIn, settings: Settings) -> None:
    (receipt,) = send(settings(), OUT)

    assert receipt == Receipt(ref="msg-1")
    assert [(row["to"], row["kind"], row["text"]) for row in standin.delivered()] == [("grid007", "text", WORDS)]


def test_a_retry_is_swallowed_but_the_same_words_for_another_reason_are_not(
    standin: WecomStandIn, settings: Settings
) -> None:
    send(settings(), OUT, OUT, replace(OUT, key="outbox-2"))
    assert len(standin.delivered()) == 2


def test_a_card_is_drawn_with_buttons_and_gives_its_code(standin: WecomStandIn, settings: Settings) -> None:
    (receipt,) = send(settings(), replace(OUT, card=CARD))

    assert receipt.ref
    assert receipt.response_code
    assert not receipt.note
    (row,) = standin.delivered()
    assert (row["kind"], row["text"], row["task_id"]) == ("template_card", CARD.title, "case-42@1")
    body = standin.bodies[-1][1]
    assert body["enable_duplicate_check"] == 1
    assert [button["key"] for button in body["template_card"]["button_list"]] == ["accept", "reassign"]
    assert body["template_card"]["card_action"] == {"type": 1, "url": CARD.url}
    assert [each["keyname"] for each in body["template_card"]["horizontal_content_list"]] == ["报事人", "编号"]


def test_a_card_without_buttons_is_a_notice_with_a_link(standin: WecomStandIn, settings: Settings) -> None:
    (receipt,) = send(settings(), replace(OUT, card=replace(CARD, buttons=())))

    assert standin.bodies[-1][1]["template_card"]["card_type"] == "text_notice"
    assert receipt.response_code == ""


@pytest.mark.parametrize("fault", ["40058", "40008", "777777"])
@pytest.mark.parametrize(("url", "kind"), [(CARD.url, "textcard"), ("", "text"), ("javascript:1", "text")])
def test_a_refused_card_goes_out_in_a_simpler_form(
    standin: WecomStandIn, settings: Settings, fault: str, url: str, kind: str
) -> None:
    standin.faults.next("message/send", fault)
    (receipt,) = send(settings(), replace(OUT, card=replace(CARD, url=url)))

    assert [row["kind"] for row in standin.delivered()] == [kind]
    assert receipt.note


def test_when_every_form_is_refused_the_message_is_dead(standin: WecomStandIn, settings: Settings) -> None:
    standin.faults.at_random("message/send", "40058", 1.0)
    assert refused(settings(), replace(OUT, card=CARD)).verdict == "dead"
    assert standin.calls["message/send"] == 3


@pytest.mark.parametrize(
    ("fault", "verdict"), [("-1", "retry"), ("45009", "retry"), ("60020", "config"), ("81013", "dead")]
)
def test_a_trouble_that_is_not_the_cards_never_falls_back(
    standin: WecomStandIn, settings: Settings, fault: str, verdict: str
) -> None:
    standin.faults.next("message/send", fault)
    assert refused(settings(), replace(OUT, card=CARD)).verdict == verdict
    assert standin.delivered() == []


@pytest.mark.parametrize(
    "card", [replace(CARD, task="案件 42"), replace(CARD, title=" "), replace(CARD, buttons=(), url="")]
)
def test_a_card_that_cannot_be_drawn_is_said_in_words(standin: WecomStandIn, settings: Settings, card: Card) -> None:
    send(settings(), replace(OUT, card=card))
    assert [row["kind"] for row in standin.delivered()] in (["text"], ["textcard"])


def test_a_member_who_left_is_not_called_delivered(standin: WecomStandIn, settings: Settings) -> None:
    assert refused(settings(), replace(OUT, address="left-long-ago")).code == 81013


@pytest.mark.parametrize("field", ["invaliduser", "unlicenseduser"])
def test_errcode_0_with_the_member_left_out_is_not_delivery(
    standin: WecomStandIn, settings: Settings, field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standin, "_write", lambda *_, **__: None)
    monkeypatch.setattr(standin, "_new_code", lambda: "")
    original = standin._send
    standin._send = lambda request, body: {**original(request, body), field: "lihuihui"}  # type: ignore[method-assign]
    error = refused(settings(), replace(OUT, address="LiHuihui"))
    assert error.verdict == ("dead" if field == "invaliduser" else "config")


@pytest.mark.parametrize("address", ["", "@all", "a|b", "王秀英", "x" * 65])
def test_an_address_that_is_no_member_is_never_called(standin: WecomStandIn, settings: Settings, address: str) -> None:
    assert refused(settings(), replace(OUT, address=address)).verdict == "dead"
    assert standin.calls == {}


def test_without_a_secret_nothing_is_sent(settings: Settings) -> None:
    assert refused(settings(agent_id=0, secret=SecretStr("")), OUT).verdict == "config"


def test_a_card_is_redrawn_once_and_then_said_in_words(standin: WecomStandIn, settings: Settings) -> None:
    code = standin.press()
    redraw = replace(OUT, card=replace(CARD, task="case-42@2", title="已接单"), update_code=code)
    first, second = send(settings(), redraw, replace(redraw, key="outbox-2"))

    assert [(row["kind"], row["text"]) for row in standin.delivered()] == [("update", "已接单"), ("text", WORDS)]
    assert not first.note
    assert second.note


def test_an_expired_code_degrades_to_words() -> None:
    clock = [0.0]
    with WecomStandIn(clock=lambda: clock[0]) as standin:
        code = standin.press()
        clock[0] = 72 * 3600 + 1
        send(wecom_settings(standin.url), replace(OUT, card=CARD, update_code=code))
        assert [row["kind"] for row in standin.delivered()] == ["text"]


def test_a_short_word_becomes_the_name_of_the_grey_button(standin: WecomStandIn, settings: Settings) -> None:
    send(settings(), replace(OUT, text="已接单", update_code=standin.press()))
    assert [(row["kind"], row["text"]) for row in standin.delivered()] == [("update", "已接单")]


@pytest.mark.parametrize("card", [None, replace(CARD, buttons=(), url="")])
def test_what_a_grey_button_cannot_say_is_said_as_well(
    standin: WecomStandIn, settings: Settings, card: Card | None
) -> None:
    send(settings(), replace(OUT, card=card, update_code=standin.press()))
    assert [(row["kind"], row["text"]) for row in standin.delivered()] == [("update", "已更新"), ("text", WORDS)]


def test_a_redraw_waits_while_the_platform_is_busy(standin: WecomStandIn, settings: Settings) -> None:
    standin.faults.next("message/update_template_card", "-1")
    assert refused(settings(), replace(OUT, card=CARD, update_code=standin.press())).verdict == "retry"
    assert standin.delivered() == []


def test_beyond_thirty_a_minute_the_platform_is_silent_and_the_channel_says_so(
    standin: WecomStandIn, settings: Settings
) -> None:
    many = [replace(OUT, key=str(number), text=f"第{number}条") for number in range(31)]
    receipts = send(settings(), *many)

    assert len(receipts) == 31, "errcode 0 every time"
    assert len(standin.delivered()) == 30 == Wecom.can.per_minute == Wecom.can.limits["person_per_minute"]


def test_the_group_is_reached_through_its_robot(standin: WecomStandIn, settings: Settings) -> None:
    send(settings(), Outgoing(key="g", to="group", address=ROBOT, text="今天停水"))
    assert [(row["api"], row["key"]) for row in standin.delivered()] == [("webhook/send", ROBOT)]
    assert standin.calls["gettoken"] == 0


@given(text=st.text(max_size=900), limit=st.integers(3, TEXT_BYTES))
def test_a_cut_never_breaks_a_character_nor_its_limit(text: str, limit: int) -> None:
    short = cut(text, limit)
    assert len(short.encode()) <= limit
    if short != text:
        assert short.endswith("…")
        assert text.startswith(short[:-1])
        assert len(text.encode()) > limit


def test_a_long_text_arrives_whole_up_to_the_platforms_limit(standin: WecomStandIn, settings: Settings) -> None:
    send(settings(), replace(OUT, text="暖" * 1_000))
    (row,) = standin.delivered()
    assert row["text"] == "暖" * 681 + "…"


@given(words=st.text(max_size=200), rows=st.lists(st.tuples(st.text(max_size=20), st.text(max_size=60)), max_size=9))
def test_no_card_is_wider_than_a_phone(words: str, rows: list[tuple[str, str]]) -> None:
    card = replace(CARD, title="件" + words, desc=words, body=words, rows=tuple(rows))
    drawn = _template_card(card)
    assert drawn is not None
    assert len(drawn["main_title"]["title"]) <= TITLE
    assert len(drawn["main_title"]["desc"]) <= DESC
    assert len(drawn.get("sub_title_text", "")) <= BODY
    shown = drawn.get("horizontal_content_list", [])
    assert len(shown) <= 6
    assert all(0 < len(row["keyname"]) <= ROW_NAME and 0 < len(row["value"]) <= ROW_VALUE for row in shown)


def test_a_residents_words_never_become_a_link_or_a_mention(standin: WecomStandIn, settings: Settings) -> None:
    send(settings(), replace(OUT, text='<a href="http://evil">12345</a> 室温<14度 <@all>'))
    assert standin.delivered()[0]["text"] == '＜a href="http://evil">12345＜/a> 室温<14度 ＜@all>'
    assert plain_words("1 < 2") == "1 < 2"
