"""The API client on real sockets: one token for all, one refresh, and what each fault calls for."""

import asyncio
import logging
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import SecretStr

from bot.channels.base import SendFailed
from bot.channels.wecom_api import WecomApi
from bot.channels.wecom_errors import MEANINGS, failure
from config.settings import WecomSettings
from storage.cache import CacheDown, MemoryCache
from tests.channels.conftest import wecom_settings
from tests.standins.wecom import SECRET, WecomStandIn
from tests.standins.wecom_rules import AGENT

Settings = Callable[..., WecomSettings]


def text(words: str = "您好") -> dict[str, object]:
    return {"touser": "grid007", "msgtype": "text", "agentid": AGENT, "text": {"content": words}}


def sent_by(api: WecomApi, *bodies: dict[str, object]) -> list[object]:
    """Answers and failures of calls made at the same time."""

    async def scene() -> list[object]:
        try:
            return list(
                await asyncio.gather(*(api.call("message/send", body) for body in bodies), return_exceptions=True)
            )
        finally:
            await api.close()

    return asyncio.run(scene())


def failed(api: WecomApi) -> SendFailed:
    (found,) = sent_by(api, text())
    assert isinstance(found, SendFailed)
    return found


def test_twenty_senders_fetch_one_token(standin: WecomStandIn, settings: Settings) -> None:
    found = sent_by(WecomApi(settings(), MemoryCache()), *(text(str(number)) for number in range(20)))

    assert all(isinstance(each, dict) and each["errcode"] == 0 for each in found)
    assert standin.calls == {"gettoken": 1, "message/send": 20}


def test_two_processes_share_one_token(standin: WecomStandIn, settings: Settings) -> None:
    cache = MemoryCache()
    standin.faults.next("gettoken", "slow:0.2")

    async def scene() -> None:
        first, second = WecomApi(settings(), cache), WecomApi(settings(), cache)
        await asyncio.gather(*(api.call("message/send", text()) for api in (first, second) for _ in range(5)))
        await first.close()
        await second.close()

    asyncio.run(scene())
    assert standin.calls == {"gettoken": 1, "message/send": 10}


def test_deliverers_with_loops_of_their_own_share_one_channel(standin: WecomStandIn, settings: Settings) -> None:
    api = WecomApi(settings(), MemoryCache())
    standin.faults.next("gettoken", "slow:0.1")

    async def some() -> None:
        await asyncio.gather(*(api.call("message/send", text()) for _ in range(5)))

    loops = [asyncio.new_event_loop() for _ in range(3)]
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda loop: (loop.run_until_complete(some()), loop.run_until_complete(some())), loops))
    for loop in loops:
        loop.close()
    asyncio.run(api.close())  # as the app does: in a loop that never sent, after the others are closed

    assert standin.calls == {"gettoken": 1, "message/send": 30}


def test_the_check_finds_a_wrong_secret(standin: WecomStandIn, settings: Settings) -> None:
    asyncio.run(WecomApi(settings(), MemoryCache()).check())
    with pytest.raises(SendFailed, match="SECRET"):
        asyncio.run(WecomApi(settings(secret=SecretStr("wrong")), MemoryCache()).check())


def test_two_apps_of_one_company_never_share_a_token(settings: Settings) -> None:
    cache = MemoryCache()
    other = WecomApi(settings(secret=SecretStr("another")), cache)

    sent_by(WecomApi(settings(), cache), text())
    assert failed(other).code == 40001


@pytest.mark.parametrize("lose", ["expire_token", "revoke_token"])
def test_a_token_that_died_early_is_replaced_once(standin: WecomStandIn, settings: Settings, lose: str) -> None:
    async def scene() -> None:
        api = WecomApi(settings(), MemoryCache())
        await api.call("message/send", text())
        getattr(standin, lose)()
        await asyncio.gather(*(api.call("message/send", text()) for _ in range(10)))
        await api.close()

    asyncio.run(scene())
    assert standin.calls["gettoken"] == 2
    assert standin.calls["message/send"] <= 1 + 2 * 10
    assert len(standin.ledger) == 11


@pytest.mark.parametrize("fault", ["42001", "40014"])
def test_one_dead_token_costs_one_refresh_and_one_repeat(standin: WecomStandIn, settings: Settings, fault: str) -> None:
    standin.faults.next("message/send", fault)
    (found,) = sent_by(WecomApi(settings(), MemoryCache()), text())

    assert isinstance(found, dict)
    assert standin.calls["gettoken"] == 2
    assert len(standin.ledger) == 1


def test_a_token_that_is_never_accepted_ends_after_one_repeat(standin: WecomStandIn, settings: Settings) -> None:
    standin.faults.at_random("message/send", "42001", 1.0)
    cache = MemoryCache()

    assert failed(WecomApi(settings(), cache)).verdict == "retry"
    assert standin.calls["gettoken"] == 2
    assert failed(WecomApi(settings(), cache)).verdict == "retry"
    assert standin.calls["gettoken"] == 2, "a second refresh within seconds would be hammering"


def test_a_wrong_secret_is_a_setting_and_is_not_tried_again_at_once(standin: WecomStandIn, settings: Settings) -> None:
    found = sent_by(WecomApi(settings(secret=SecretStr("wrong")), MemoryCache()), *(text() for _ in range(20)))

    assert {(type(each), getattr(each, "verdict", "")) for each in found} == {(SendFailed, "config")}
    assert standin.calls == {"gettoken": 1}


def test_40001_from_a_send_is_a_setting_not_an_expired_token(standin: WecomStandIn, settings: Settings) -> None:
    standin.faults.next("message/send", "40001")

    assert failed(WecomApi(settings(), MemoryCache())).verdict == "config"
    assert standin.calls["gettoken"] == 1


@pytest.mark.parametrize(
    ("fault", "verdict", "wait"),
    [
        ("-1", "retry", 5),
        ("-7", "retry", 5),
        ("45009", "retry", 60),
        ("45033", "retry", 10),
        ("html", "retry", 5),
        ("http502", "retry", 5),
        ("http429", "retry", 60),
        ("http404", "config", 0),
        ("cut", "retry", 5),
        ("drop", "retry", 5),
        ("60020", "config", 0),
        ("48002", "config", 0),
        ("301002", "config", 0),
        ("81013", "dead", 0),
        ("40058", "dead", 0),
        ("777777", "dead", 0),
    ],
)
def test_each_fault_calls_for_its_own_treatment(
    standin: WecomStandIn, settings: Settings, fault: str, verdict: str, wait: float
) -> None:
    standin.faults.next("message/send", fault)
    error = failed(WecomApi(settings(), MemoryCache()))

    assert (error.verdict, error.wait_seconds) == (verdict, wait)
    if fault.lstrip("-").isdigit():
        assert error.code == int(fault)
        assert fault in error.reason or fault == "-7"


@pytest.mark.parametrize("api", ["gettoken", "message/send"])
@pytest.mark.parametrize("fault", ["slow:5", "drip:0.05"])
def test_nothing_is_waited_for_longer_than_the_limit(
    standin: WecomStandIn, settings: Settings, api: str, fault: str
) -> None:
    standin.faults.next(api, fault)
    started = time.monotonic()
    error = failed(WecomApi(settings(timeout_seconds=0.3), MemoryCache()))

    assert error.verdict == "retry"
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("fault", ["html", "http502", "cut", "-1"])
def test_a_gettoken_that_fails_is_tried_again_later(standin: WecomStandIn, settings: Settings, fault: str) -> None:
    standin.faults.next("gettoken", fault)
    clock = [0.0]
    cache = MemoryCache(clock=lambda: clock[0])

    found = sent_by(WecomApi(settings(), cache), *(text() for _ in range(5)))
    assert {getattr(each, "verdict", "") for each in found} == {"retry"}
    assert standin.calls["gettoken"] == 1
    clock[0] = 30.0
    (later,) = sent_by(WecomApi(settings(), cache), text())
    assert isinstance(later, dict)


def test_a_holder_that_died_blocks_nobody_for_long(settings: Settings) -> None:
    class Stuck(MemoryCache):
        def lock(self, key: str, ttl: float) -> str | None:
            return None

    api = WecomApi(settings(timeout_seconds=0.1), Stuck())
    api._lock_seconds = 0.2
    assert failed(api).verdict == "retry"


def test_a_cache_that_is_down_means_later(settings: Settings) -> None:
    class Down(MemoryCache):
        def get(self, key: str) -> str | None:
            raise CacheDown("no answer")

    error = failed(WecomApi(settings(), Down()))
    assert error.verdict == "retry"
    assert "REDIS_URL" in error.reason


def test_the_token_is_replaced_before_its_end(standin: WecomStandIn, settings: Settings) -> None:
    clock = [0.0]
    cache = MemoryCache(clock=lambda: clock[0])
    for seconds, fetched in ((0, 1), (6_800, 1), (6_950, 2)):
        clock[0] = seconds
        sent_by(WecomApi(settings(), cache), text())
        assert standin.calls["gettoken"] == fetched


def test_nobody_at_the_address_means_later() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/cgi-bin/"
        assert failed(WecomApi(wecom_settings(address), MemoryCache())).verdict == "retry"


def test_neither_token_nor_secret_nor_words_are_logged(
    standin: WecomStandIn, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    standin.faults.next("message/send", "42001", "ok", "cut", "-1")
    cache = MemoryCache()
    errors = [str(each) for _ in range(3) for each in sent_by(WecomApi(settings(), cache), text("王秀英的电话"))]

    said = caplog.text + "".join(errors)
    assert not any(secret in said.replace("'msgid'", "") for secret in ("token-1", SECRET, "王秀英"))


def test_every_error_says_in_chinese_what_to_do() -> None:
    for code, meaning in MEANINGS.items():
        assert any("一" <= sign <= "鿿" for sign in meaning.reason)
        assert failure(code).verdict == meaning.verdict
        assert (meaning.wait_seconds > 0) == (meaning.verdict == "retry")


def test_the_standin_serves_hundreds_of_messages_a_second(settings: Settings) -> None:
    started = time.monotonic()
    found = sent_by(WecomApi(settings(), MemoryCache()), *(text(str(number)) for number in range(300)))
    assert all(isinstance(each, dict) for each in found)
    assert time.monotonic() - started < 5
