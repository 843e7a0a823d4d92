"""The HTTP client on real sockets: what it keeps open, what it refuses to read, whom it trusts, and the way out."""

import asyncio
import logging
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels import wire as wire_file
from bot.channels.base import SendFailed
from bot.channels.wire import Wire
from bot.jobs.deliver import catch_up
from tests.channels.conftest import wecom_settings
from tests.standins.plain_server import PlainServer, certificate


def said(body: bytes, head: bytes = b"HTTP/1.1 200 OK") -> bytes:
    return b"%s\r\nContent-Length: %d\r\n\r\n%s" % (head, len(body), body)


FINE = said(b'{"errcode": 0, "errmsg": "ok"}')


@pytest.fixture
def platform() -> Iterator[PlainServer]:
    with PlainServer(FINE) as server:
        yield server


def base(server: PlainServer) -> str:
    return f"http://127.0.0.1:{server.port}/cgi-bin/"


def ask(url: str, times: int = 1, query: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    async def scene() -> list[dict[str, Any]]:
        wire = Wire(wecom_settings(url))
        try:
            return [
                await wire.post("message/send", query or {"access_token": "t"}, {"a": "您好"}) for _ in range(times)
            ]
        finally:
            await wire.close()

    return asyncio.run(scene())


def refused(url: str) -> SendFailed:
    with pytest.raises(SendFailed) as failed:
        ask(url)
    return failed.value


def test_one_connection_carries_many_calls(platform: PlainServer) -> None:
    assert ask(base(platform), 5) == [{"errcode": 0, "errmsg": "ok"}] * 5
    assert (platform.opened, len(platform.heads)) == (1, 5)


def test_an_answer_in_pieces_is_put_together(platform: PlainServer) -> None:
    platform.answer = (
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"err\r\nb\r\ncode": 7   \r\n1\r\n}\r\n0\r\n\r\n'
    )
    assert ask(base(platform)) == [{"errcode": 7}]


def test_an_answer_that_never_ends_is_not_read_to_its_end(platform: PlainServer) -> None:
    platform.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 900000000\r\n\r\n" + b" " * 400_000
    error = refused(base(platform))
    assert (error.verdict, "读不懂" in error.reason) == ("retry", True)


@pytest.mark.parametrize("status", [b"302 Found", b"307 Temporary Redirect"])
def test_nobody_is_followed_to_another_address(platform: PlainServer, status: bytes) -> None:
    with PlainServer(FINE) as elsewhere:
        platform.answer = said(b"", b"HTTP/1.1 %s\r\nLocation: %s" % (status, base(elsewhere).encode()))
        error = refused(base(platform))
        assert (error.verdict, error.code, elsewhere.heads) == ("config", int(status[:3]), [])


def test_no_cookie_is_kept_and_nothing_packed_is_asked_for(platform: PlainServer) -> None:
    platform.answer = FINE.replace(b"OK\r\n", b"OK\r\nSet-Cookie: who=you; Path=/\r\n")
    ask(base(platform), 2)
    heads = b"".join(platform.heads).lower()
    assert b"cookie" not in heads
    assert heads.count(b"accept-encoding: identity") == 2


def test_words_that_are_no_http_mean_later(platform: PlainServer) -> None:
    platform.answer = b"SSH-2.0-OpenSSH_9.6\r\n"
    assert refused(base(platform)).verdict == "retry"


# the first call also imports the client, which a busy machine takes its time for
@settings(deadline=None)
@given(value=st.text(st.characters(codec="utf-8"), max_size=30))
def test_a_key_arrives_as_it_was_written(value: str) -> None:
    with PlainServer(FINE) as server:
        ask(base(server), query={"key": value})
        (head,) = server.heads
    target = urlsplit(head.split(b" ")[1].decode())
    assert parse_qs(target.query, keep_blank_values=True) == {"key": [value]}


@pytest.mark.parametrize(
    "url", ["http://host:99999/cgi-bin/", "http://host:http/cgi-bin/", f"http://{'a' * 300}.cn/", "http://../cgi-bin/"]
)
def test_an_address_that_is_none_is_a_setting(url: str) -> None:
    error = refused(url)
    assert (error.verdict, "API_BASE" in error.reason) == ("config", True)


def test_connections_that_ended_while_nobody_looked_are_not_used_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deliverer's loop stands still between its rounds and cannot see the other side hang up."""
    pem = certificate(tmp_path)
    monkeypatch.setattr(wire_file, "_trusted", lambda: ssl.create_default_context(cafile=pem))
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(pem)
    loop = asyncio.new_event_loop()
    with PlainServer(FINE, tls=served) as server:
        wire = Wire(wecom_settings(f"https://localhost:{server.port}/cgi-bin/"))

        async def some() -> None:
            await catch_up()
            await asyncio.gather(*(wire.post("message/send", {}, {}) for _ in range(4)))

        for _ in range(5):
            loop.run_until_complete(some())
            server.hang_up()
        loop.run_until_complete(wire.close())
    loop.close()
    assert len(server.heads) == 20


def test_a_certificate_that_nobody_signed_is_not_believed(tmp_path: Path) -> None:
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(certificate(tmp_path))
    with PlainServer(FINE, tls=served) as server:
        error = refused(f"https://localhost:{server.port}/cgi-bin/")
    assert (error.verdict, "CertificateError" in error.reason, server.heads) == ("retry", True, [])


@pytest.mark.parametrize("name", ["http_proxy", "all_proxy"])
def test_the_proxy_of_the_environment_is_the_way_out(
    platform: PlainServer, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, f"http://127.0.0.1:{platform.port}")
    ask("http://qyapi.example.invalid/cgi-bin/")
    assert platform.heads[0].startswith(
        b"POST http://qyapi.example.invalid/cgi-bin/message/send?access_token=t HTTP/1.1"
    )


def test_the_proxy_is_asked_for_a_tunnel_to_an_https_address(
    platform: PlainServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.answer = said(b"", b"HTTP/1.1 403 Forbidden")
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{platform.port}")
    assert refused("https://qyapi.example.invalid/cgi-bin/").verdict == "retry"
    assert platform.heads[0].startswith(b"CONNECT qyapi.example.invalid:443 HTTP/1.1")
    assert b"access_token" not in b"".join(platform.heads)


def test_no_proxy_is_used_where_the_environment_says_so(platform: PlainServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert ask(base(platform))[0]["errcode"] == 0


def test_loops_that_ended_leave_nothing_behind(platform: PlainServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    wire = Wire(wecom_settings(base(platform)))
    for _ in range(3):
        loop = asyncio.new_event_loop()
        loop.run_until_complete(wire.post("message/send", {}, {}))
        loop.close()
    asyncio.run(wire.close())
    assert not wire._clients
    assert "nclosed" not in caplog.text
