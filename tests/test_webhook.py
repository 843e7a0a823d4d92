"""The door: what is answered to whom, what is stored, and that nothing a caller sends becomes a 5xx."""

import asyncio
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from storage.message import Inbox
from tests.play import Play, call


@pytest.fixture
def play(sqlite_url: str) -> Iterator[Play]:
    play = Play(sqlite_url)
    yield play
    play.close()


def _post(play: Play, body: bytes, *, path: str = "/hook/simulator", query: str = "") -> tuple[int, bytes]:
    return asyncio.run(call(play.app, "POST", path, query=query, body=body))


def _message(**changes: Any) -> bytes:
    plain = {"id": "1", "sender": "chen", "name": "安安", "group": "g-haitang", "kind": "text", "text": "3号楼停水了"}
    return json.dumps({**plain, **changes}).encode()


def test_a_request_is_on_the_disk_before_the_answer(play: Play) -> None:
    assert _post(play, _message()) == (200, b"")
    assert play.count(Inbox) == 1


def test_chatter_is_answered_and_stored_nowhere(play: Play) -> None:
    assert _post(play, _message(text="哈哈哈")) == (200, b"")
    assert play.count(Inbox) == 0


def test_an_unknown_channel_is_not_found(play: Play) -> None:
    assert _post(play, b"{}", path="/hook/telegraph")[0] == 404


def test_other_methods_are_not_allowed(play: Play) -> None:
    assert asyncio.run(call(play.app, "PUT", "/hook/simulator"))[0] == 405


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"id":1}', b'{"id":"' + b"x" * 70 + b'"}'], ids=repr
)
def test_rubbish_is_the_callers_fault(play: Play, body: bytes) -> None:
    status, _ = _post(play, body)
    assert 400 <= status < 500
    assert play.count(Inbox) == 0


def test_a_body_over_the_limit_is_refused(play: Play) -> None:
    assert _post(play, b"x" * 65_537)[0] == 413


def test_a_body_that_grows_over_the_limit_while_it_arrives_is_refused(play: Play) -> None:
    sent: list[Any] = []

    async def drip() -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"x" * 10_000, "more_body": True}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/hook/simulator", "query_string": b"", "headers": []}
        await play.app(scope, receive, send)

    asyncio.run(drip())
    assert sent[0]["status"] == 413


def test_a_refused_callback_is_logged_without_its_words(play: Play, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        _post(play, _message(id=7, text="我身份证140108194003071234"))
    assert "refused" in caplog.text
    assert "1401" not in caplog.text


def test_a_database_that_is_away_is_told_as_try_again(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(**_: Any) -> None:
        raise OperationalError("insert", {}, Exception("gone"))

    monkeypatch.setattr(play.service.intake, "record", away)
    assert _post(play, _message())[0] == 503


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=300), query=st.text(st.characters(codec="ascii"), max_size=60))
def test_no_bytes_at_all_end_in_a_5xx(play: Play, body: bytes, query: str) -> None:
    for path in ("/hook/simulator", "/hook/wecom", "/hook/"):
        status, _ = _post(play, body, path=path, query=query)
        assert status < 500
