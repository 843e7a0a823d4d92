"""The whole way over real sockets: an encrypted callback of WeCom goes in, card and answers come out at the stand-in.

The service is its own process (``python -m bot serve``), the platform a real HTTP server that keeps its limits.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlmodel import select

from storage.db import open_engine, reading, writing
from storage.group import ChatGroup
from storage.message import Inbox
from tests.standins.wecom import CORP, ROBOT, SECRET, WecomStandIn
from tests.standins.wecom_caller import AES_KEY, TOKEN, Callback, WecomCaller
from tests.standins.wecom_rules import AGENT
from tests.town import Town

HOME = Path(__file__).resolve().parent.parent
SAID = "海棠苑1号楼2单元楼道灯坏了"


class House:
    """The running service with its platform."""

    def __init__(self, url: str, standin: WecomStandIn, folder: Path) -> None:
        self.url, self.standin = url, standin
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        settings = {
            "GRIDBOT_DATABASE_URL": url,
            "GRIDBOT_DATA_DIR": str(folder),
            "GRIDBOT_PORT": str(self.port),
            "GRIDBOT_WECOM__CORP_ID": CORP,
            "GRIDBOT_WECOM__AGENT_ID": str(AGENT),
            "GRIDBOT_WECOM__SECRET": SECRET,
            "GRIDBOT_WECOM__TOKEN": TOKEN,
            "GRIDBOT_WECOM__AES_KEY": AES_KEY,
            "GRIDBOT_WECOM__API_BASE": standin.url,
        }
        self.log = (folder / "serve.log").open("w")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bot", "serve"], cwd=HOME, env={**os.environ, **settings}, stderr=self.log
        )
        self.http = httpx2.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=10)
        until(self._ready, 60)

    def _ready(self) -> bool:
        assert self._process.poll() is None, "the service ended by itself"
        try:
            return self.http.get("/readyz").status_code == 200
        except httpx2.TransportError:
            return False

    def calls(self, callback: Callback) -> int:
        query, body = callback
        return self.http.post("/hook/wecom", params=query, content=body).status_code

    def got(self, to: str) -> list[dict[str, Any]]:
        return [row for row in self.standin.delivered() if row["to"] == to]

    def in_group(self) -> list[str]:
        return [row["text"] for row in self.standin.delivered() if row.get("key") == ROBOT]

    def stored(self) -> int:
        engine = open_engine(self.url)
        with reading(engine) as session:
            count = len(session.exec(select(Inbox)).all())
        engine.dispose()
        return count

    def close(self) -> None:
        self.http.close()
        self._process.terminate()
        self._process.wait(timeout=15)
        self.log.close()


def until(true: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def house(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    url = f"sqlite:///{folder / 'town.db'}"
    (folder / "town.db").write_bytes(sqlite_template.read_bytes())
    engine = open_engine(url)
    with writing(engine) as session:
        Town(session)
        for group in session.exec(select(ChatGroup)):
            group.post_channel, group.post_address = "robot", ROBOT
    engine.dispose()
    with WecomStandIn() as standin:
        house = House(url, standin, folder)
        yield house
        house.close()


@pytest.fixture
def caller() -> WecomCaller:
    return WecomCaller()


def test_the_address_is_verified_with_bare_text(house: House, caller: WecomCaller) -> None:
    answer = house.http.get("/hook/wecom", params=caller.check_callback("1616140317555161061"))
    assert answer.status_code == 200
    assert answer.content == b"1616140317555161061"


def test_a_request_comes_out_as_card_private_answer_and_group_line(house: House, caller: WecomCaller) -> None:
    started = time.monotonic()
    for _ in range(4):  # the platform calls again; it stays one case
        assert house.calls(caller.text_callback("wang", SAID, 4561255354251345929)) == 200
    until(lambda: bool(house.got("song") and house.got("wang") and house.in_group()))
    assert time.monotonic() - started < 5
    (card,) = house.got("song")
    assert card["kind"] == "template_card"
    (answer,) = house.got("wang")
    assert "已记录：楼道灯不亮，地点海棠苑1号楼2单元" in answer["text"]
    assert "网格员宋佳明" in answer["text"]
    (line,) = house.in_group()
    assert line.startswith("有邻居报了“楼道灯不亮”（海棠苑1号楼2单元）")
    assert "秀英" not in line


def test_a_pressed_button_takes_the_case_and_redraws_the_card(house: House, caller: WecomCaller) -> None:
    until(lambda: bool(house.got("song")))
    (card,) = [row for row in house.got("song") if row["kind"] == "template_card"]
    assert house.calls(caller.template_card_event("song", "accept", card["task_id"], house.standin.press())) == 200
    until(lambda: any(row["kind"] == "update" for row in house.got("song")))


@pytest.mark.parametrize("kind", ["image", "voice", "location", "event"])
def test_every_kind_of_message_is_taken(house: House, caller: WecomCaller, kind: str) -> None:
    callbacks = {
        "image": caller.image_callback("wang", "media1", 11),
        "voice": caller.voice_callback("wang", "media2", 12),
        "location": caller.location_callback("wang", 37.86, 112.53, "千峰街道", 13),
        "event": caller.event_callback("wang", "enter_agent"),
    }
    assert house.calls(callbacks[kind]) == 200


def test_chatter_is_answered_and_kept_nowhere(house: House, caller: WecomCaller) -> None:
    before = house.stored()
    assert house.calls(caller.text_callback("passer-by", "哈哈哈今天真热闹", 21)) == 200
    assert house.stored() == before
    assert house.calls(caller.text_callback("wang", "海棠苑1号楼停水了", 22)) == 200
    assert house.stored() == before + 1


def test_a_stale_or_forged_callback_is_refused(house: House, caller: WecomCaller) -> None:
    assert house.calls(caller.text_callback("wang", SAID, 31, now=time.time() - 3600)) == 403
    query, body = caller.text_callback("wang", SAID, 32)
    assert house.calls(({**query, "msg_signature": "0" * 40}, body)) == 403
    assert house.calls(({}, body)) == 403


@pytest.mark.parametrize(
    "plain", ["", "<xml>", "no xml at all", "<xml><MsgType>text</MsgType></xml>", "<xml>" + "<a>" * 3000, "\x00\x01"]
)
def test_well_signed_rubbish_is_still_a_4xx(house: House, caller: WecomCaller, plain: str) -> None:
    assert 400 <= house.calls(caller.wrap(plain)) < 500


def test_a_huge_body_is_refused(house: House) -> None:
    assert house.calls(({}, b"x" * 70_000)) == 413


def test_the_log_names_faults_and_no_words(house: House) -> None:
    log = (HOME / Path(house.log.name)).read_text(encoding="utf-8")
    assert "refused" in log
    assert SAID not in log
    assert SECRET not in log
