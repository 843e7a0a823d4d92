"""What the channel hears: callbacks made by an independent caller, and every call that is refused."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.base import CallbackRefused, Channel
from bot.channels.wecom import Wecom
from config.settings import WecomSettings
from storage.cache import MemoryCache
from tests.channels.conftest import wecom_settings
from tests.standins.wecom_caller import WecomCaller

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
HEARING = Wecom(wecom_settings(), MemoryCache())


@pytest.fixture
def hearing() -> Channel:
    return HEARING


def test_the_address_check_is_answered_with_bare_bytes(hearing: Channel, caller: WecomCaller) -> None:
    query = caller.check_callback("1616140317555161061", now=0)
    assert hearing.verify(query) == b"1616140317555161061"


def test_an_echo_whose_plus_became_a_blank_is_mended(hearing: Channel, caller: WecomCaller) -> None:
    for number in range(40):
        query = caller.check_callback(f"echo-{number}")
        query["echostr"] = query["echostr"].replace("+", " ")
        assert hearing.verify(query) == f"echo-{number}".encode()


def test_a_gridworkers_words_arrive(hearing: Channel, caller: WecomCaller) -> None:
    plain = hearing.decode(*caller.text_callback("grid007", "1122-07 已修好", 77, now=NOW.timestamp()), NOW)
    message = hearing.parse(plain, NOW)

    assert hearing.peek(plain) == "1122-07 已修好"
    assert message is not None
    assert (message.channel, message.sender, message.group, message.message_id) == ("wecom", "grid007", "", "77")
    assert (message.text, message.at) == ("1122-07 已修好", NOW)


def test_every_kind_of_callback_arrives(hearing: Channel, caller: WecomCaller) -> None:
    at = NOW.timestamp()
    callbacks = [
        caller.image_callback("u", "m1", 1, now=at),
        caller.voice_callback("u", "m2", 2, now=at),
        caller.location_callback("u", 37.87, 112.54, "桃园北路", 3, now=at),
        caller.template_card_event("u", "accept", "case-42@1", "RC", selected={"eta": ["10", "30"]}, now=at),
        caller.event_callback("u", "enter_agent", now=at),
    ]
    messages = [hearing.parse(hearing.decode(query, body, NOW), NOW) for query, body in callbacks]

    assert [message and message.kind for message in messages] == ["image", "voice", "location", "action", "event"]
    pressed = messages[3]
    assert pressed
    assert pressed.action
    assert pressed.action.selected == (("eta", ("10", "30")),)


@pytest.mark.parametrize("late", [-301, 301, 86_400])
def test_a_stale_callback_is_refused(hearing: Channel, caller: WecomCaller, late: float) -> None:
    query, body = caller.text_callback("grid007", "x", 1, now=NOW.timestamp())
    with pytest.raises(CallbackRefused) as error:
        hearing.decode(query, body, NOW + timedelta(seconds=late))
    assert error.value.status == 403


def test_the_window_can_be_turned_off(caller: WecomCaller) -> None:
    channel = Wecom(wecom_settings(freshness_seconds=0), MemoryCache())
    assert channel.decode(*caller.text_callback("grid007", "x", 1, now=1), NOW)


def test_a_callback_for_another_company_is_refused(hearing: Channel) -> None:
    query, body = WecomCaller(corp="ww9999").text_callback("grid007", "x", 1, now=NOW.timestamp())
    with pytest.raises(CallbackRefused) as error:
        hearing.decode(query, body, NOW)
    assert error.value.status == 400


def test_a_callback_made_with_another_token_is_refused(hearing: Channel) -> None:
    query, body = WecomCaller(token="another").text_callback("grid007", "x", 1, now=NOW.timestamp())
    with pytest.raises(CallbackRefused) as error:
        hearing.decode(query, body, NOW)
    assert error.value.status == 403


def test_without_callback_keys_nothing_is_heard() -> None:
    deaf = Wecom(WecomSettings(), MemoryCache())
    with pytest.raises(CallbackRefused):
        deaf.verify({})
    with pytest.raises(CallbackRefused):
        deaf.decode({}, b"", NOW)


@given(plain=st.text(max_size=200))
def test_any_well_signed_content_is_heard_or_refused(plain: str) -> None:
    channel, caller = HEARING, WecomCaller()
    for words in (plain, f"<xml>{plain}</xml>", f"<xml><MsgType>text</MsgType>{plain}</xml>"):
        opened = channel.decode(*caller.wrap(words, now=NOW.timestamp()), NOW)
        assert opened == words.encode()
        channel.peek(opened)
        with pytest.raises(CallbackRefused):
            channel.parse(opened, NOW)


@given(
    query=st.dictionaries(st.sampled_from(["msg_signature", "timestamp", "nonce", "echostr"]), st.text(max_size=50)),
    body=st.binary(max_size=200),
)
def test_any_call_at_all_is_refused_cleanly(query: dict[str, str], body: bytes) -> None:
    channel = HEARING
    for each in (body, b"<Encrypt>" + body + b"</Encrypt>"):
        with pytest.raises(CallbackRefused):
            channel.decode(query, each, NOW)
    with pytest.raises(CallbackRefused):
        channel.verify(query)
