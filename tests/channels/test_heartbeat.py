"""The sign of life to the outside: one GET, never an error, never longer than its time, never in the clear."""

import logging
import time

import pytest

from bot.channels.heartbeat import beat
from config.settings import WrongSettings, read_settings
from tests.standins.plain_server import PlainServer

FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def test_it_asks_once_and_is_heard() -> None:
    with PlainServer(FINE) as watch:
        assert beat(f"http://127.0.0.1:{watch.port}/ping/secret")
        (head,) = watch.heads
    assert head.startswith(b"GET /ping/secret HTTP/1.1")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 500 no\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 away\r\nLocation: http://example.org/\r\nContent-Length: 0\r\n\r\n",
        b"nonsense\r\n\r\n",
    ],
)
def test_whatever_is_answered_nothing_is_raised(answer: bytes) -> None:
    with PlainServer(answer) as watch:
        assert not beat(f"http://127.0.0.1:{watch.port}/")
        assert len(watch.heads) == 1


def test_nobody_there_is_no_error_and_the_address_is_not_written_down(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        assert not beat("http://127.0.0.1:9/ping/secret")
    assert "heartbeat was not taken" in caplog.text
    assert "secret" not in caplog.text


def test_a_watch_that_never_answers_costs_its_time_and_no_more() -> None:
    with PlainServer(b"") as watch:
        begun = time.monotonic()
        assert not beat(f"http://127.0.0.1:{watch.port}/", seconds=0.3)
        assert time.monotonic() - begun < 3


@pytest.mark.parametrize(
    "url", ["http://watch.example/1", "ftp://127.0.0.1/1", "https://", "http://[broken", "watch.example/1"]
)
def test_an_address_that_is_not_safe_is_refused(url: str) -> None:
    assert not beat(url)
    with pytest.raises(WrongSettings) as wrong:
        read_settings({"GRIDBOT_BEAT_URL": url})
    assert wrong.value.problems == [
        "GRIDBOT_BEAT_URL：要写成 https:// 开头的完整地址；http:// 只能用于本机（127.0.0.1、localhost）"
    ]


@pytest.mark.parametrize("url", ["https://watch.example/1", "http://127.0.0.1:8080/1", "http://localhost/1", ""])
def test_safe_addresses_are_taken(url: str) -> None:
    settings = read_settings({"GRIDBOT_BEAT_URL": url})
    assert settings.beat_url == url
    assert not url or url not in repr(settings)
