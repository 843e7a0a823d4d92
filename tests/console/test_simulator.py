"""The demo page and its feeds: who is on stage, what comes live, and that no word of a user turns into code."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import SQLModel
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot.console import simulator
from bot.console.simulator import Reel, routes, server_is_stopping
from bot.intents.base import Hit, Slots, Understanding
from storage import schema
from storage.db import open_engine, writing
from storage.grid import Community, Grid
from storage.group import ChatGroup
from storage.message import Inbox
from storage.person import Identity, Person, Role
from storage.place import Building, Estate
from storage.stage import StageLine

NOW = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)
EVIL = "</script><img src=x onerror=alert(1)>\u2028"


class Words:
    def keeps(self, text: str) -> bool:
        return "灯" in text

    def understand(self, text: str) -> Understanding:
        if not self.keeps(text):
            return Understanding(reason=f"没有命中任何词，共{len(text)}字")
        hit = Hit(0, 2, "路灯", 3, "事物词", "streetlight")
        return Understanding(intent="streetlight", decision="act", hits=(hit,), slots=Slots(building="3"))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path / 'demo.db'}")
    assert schema.stage is not None
    SQLModel.metadata.create_all(engine)
    yield engine
    engine.dispose()


class Stop:
    """Ends the stream after a few looks, as a stopping server does."""

    def __init__(self, looks: int) -> None:
        self.left = looks

    def __call__(self) -> bool:
        self.left -= 1
        return self.left < 0


def browser(engine: Engine, looks: int = 1) -> TestClient:
    return TestClient(Starlette(routes=routes(engine, Words, clock=lambda: NOW, stopping=Stop(looks))))


def fill(engine: Engine) -> None:
    """A small town: one resident, one assistant, one worker who leads too, one stranger, two groups."""
    with writing(engine) as session:

        def add(row: Any) -> int:
            session.add(row)
            session.flush()
            return int(row.id)

        town = add(Community(code="140106001001", name="海棠湾社区", tag="HTW"))
        grid = add(Grid(community_id=town, code="1401060010010001", name="第1网格", valid_from=date(2026, 1, 1)))
        estate = add(Estate(community_id=town, name="海棠苑"))
        house = add(Building(estate_id=estate, number="3", grid_id=grid))
        people = [
            ("r1", "王秀英真名", "王秀英", "resident"),
            ("a1", "刘梅", "刘阿姨", "assistant"),
            ("w1", "宋佳明", "小宋", "worker"),
        ]
        for code, name, nickname, role in people:
            person = Person(community_id=town, code=code, name=name, phone="13800000001", building_id=house, room="601")
            number = add(person)
            add(Role(person_id=number, kind=role, community_id=town, grid_id=None if role == "resident" else grid))
            add(Identity(channel="simulator", external_id=code, person_id=number, display_name=nickname))
        add(Role(person_id=number, kind="leader", community_id=town))
        add(Identity(channel="simulator", external_id="new", display_name=EVIL))
        add(Identity(channel="wecom", external_id="other", display_name="别的渠道"))
        add(ChatGroup(community_id=town, channel="simulator", external_id="g1", name="海棠苑居民群"))
        other = ChatGroup(community_id=town, channel="simulator", external_id="g2", name="志愿者群", kind="volunteer")
        other.post_channel, other.post_address = "simulator", "robot-2"
        add(other)
        add(ChatGroup(community_id=town, channel="wecom", external_id="g3", name="别的渠道", post_address="secret-key"))


def speak(engine: Engine, text: str, room: str = "group:g1", card: dict[str, Any] | None = None) -> int:
    line = StageLine(room=room, speaker="bot", kind="card" if card else "text", text=text, card=card, at=NOW)
    with writing(engine) as session:
        session.add(line)
        session.flush()
        return line.id or 0


def think(engine: Engine, message: str, state: str = "done", channel: str = "simulator", text: str = "路灯坏了") -> int:
    payload = {"kind": "text", "sender": "r1", "sender_name": "王秀英", "group": "g1", "text": text}
    with writing(engine) as session:
        row = Inbox(channel=channel, message_id=message, lane="r1", payload=payload, received_at=NOW, not_before=NOW)
        row.state, row.outcome = state, "立案"
        row.thought = {"intent": "streetlight", "text": text} if state == "done" else None
        session.add(row)
        session.flush()
        return row.id or 0


def events(client: TestClient, query: str = "", last: str = "") -> list[tuple[str, str, dict[str, Any]]]:
    """The (name, id, data) of every event until the server ends the stream."""
    text = client.get(f"/demo/stream?{query}", headers={"last-event-id": last} if last else {}).text
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line and not line.startswith(":"))
        if "event" in fields:
            found.append((fields["event"], fields.get("id", ""), json.loads(fields["data"])))
    return found


def test_the_page_says_that_it_is_a_demo_and_loads_nothing_from_outside(engine: Engine) -> None:
    answer = browser(engine).get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "演示数据，未连接微信" in answer.text
    assert "机器人怎么想的" in answer.text
    assert "http:" not in answer.text.replace("http://www.w3.org/2000/svg", "")
    assert "https:" not in answer.text


def test_the_page_needs_no_inline_script(engine: Engine) -> None:
    answer = browser(engine).get("/")
    assert re.search(r"<script(?![^>]*\bsrc=)", answer.text) is None
    assert re.search(r"<[^>]+\s(?:on\w+|style)=", answer.text) is None
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]


def test_its_files_come_with_the_right_types(engine: Engine) -> None:
    page = browser(engine)
    for address in re.findall(r'(?:src|href)="(demo/[^"]+)"', page.get("/").text):
        answer = page.get(f"/{address}")
        assert answer.status_code == 200
        kind = answer.headers["content-type"]
        assert kind.startswith("text/css") if ".css" in address else "javascript" in kind
    assert page.get("/demo/assets/../simulator.py").status_code == 404


def test_no_word_of_a_user_can_become_markup_in_the_script() -> None:
    code = (Path(simulator.__file__).parent / "static" / "simulator.js").read_text(encoding="utf-8")
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
        assert way not in code


def test_the_stage_knows_who_may_be_played(engine: Engine) -> None:
    fill(engine)
    stage = browser(engine).get("/demo/stage").json()
    assert stage["personas"] == [
        {"id": "r1", "name": "王秀英", "about": "海棠苑3号楼 · 居民"},
        {"id": "a1", "name": "刘阿姨", "about": "海棠苑3号楼 · 网格辅助员"},
        {"id": "new", "name": EVIL, "about": "还没登记的居民"},
    ]
    worker = {"id": "w1", "name": "宋佳明", "roles": ["全科网格员", "网格长"], "grids": ["第1网格", "全社区"]}
    assert stage["staff"] == [worker]
    assert [(group["id"], group["room"]) for group in stage["groups"]] == [("g1", "group:g1"), ("g2", "group:robot-2")]


def test_the_stage_tells_no_phone_no_room_number_no_full_name_and_no_other_channel(engine: Engine) -> None:
    fill(engine)
    stage = json.dumps(browser(engine).get("/demo/stage").json(), ensure_ascii=False)
    for secret in ("13800000001", "601", "王秀英真名", "secret-key", "别的渠道"):
        assert secret not in stage


def test_the_stage_shows_the_last_fifty_lines_of_each_room(engine: Engine) -> None:
    for number in range(53):
        speak(engine, f"群{number}")
    speak(engine, "任务", room="person:w1", card={"task": "case-1@1", "title": "灯"})
    lines = browser(engine).get("/demo/stage").json()["lines"]
    assert [line["text"] for line in lines] == [f"群{number}" for number in range(3, 53)] + ["任务"]
    assert lines[-1]["card"]["task"] == "case-1@1"
    assert lines[-1]["at"] == "2026-11-22T02:30:00+00:00"


def test_an_empty_database_gives_an_empty_stage(engine: Engine) -> None:
    stage = browser(engine).get("/demo/stage").json()
    assert not any(stage[part] for part in stage if part != "now")


def test_users_words_in_json_cannot_close_a_script(engine: Engine) -> None:
    speak(engine, EVIL)
    think(engine, "m1", text=EVIL)
    page = browser(engine)
    for answer in (page.get("/demo/stage"), page.get("/demo/think", params={"text": EVIL}), page.get("/demo/stream")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "<" not in answer.text
        assert answer.text.isascii()
    assert page.get("/demo/stage").json()["lines"][0]["text"] == EVIL


def test_the_stream_brings_lines_and_thoughts(engine: Engine) -> None:
    thought = think(engine, "m1")
    line = speak(engine, "第一行\n第二行")
    answer = browser(engine).get("/demo/stream")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "no-cache" in answer.headers["cache-control"]
    (first, second) = events(browser(engine))
    assert (first[0], first[2]["message_id"]) == ("thought", "m1")
    assert first[2]["thought"]["intent"] == "streetlight"
    assert (first[2]["sender_name"], first[2]["group"]) == ("王秀英", "g1")
    assert (second[0], second[2]["text"]) == ("line", "第一行\n第二行")
    assert second[1] == f"{line}.{thought}"


def test_a_browser_that_comes_back_gets_only_what_it_missed(engine: Engine) -> None:
    old, thought = speak(engine, "旧"), think(engine, "m1")
    speak(engine, "新")
    page = browser(engine, looks=9)
    assert [data["text"] for _, _, data in events(browser(engine), f"after={old}&thought={thought}")] == ["新"]
    assert [data["text"] for _, _, data in events(page, "after=0&thought=0", last=f"{old}.{thought}")] == ["新"]


def test_nothing_is_sent_twice_and_what_comes_later_is_sent(engine: Engine) -> None:
    speak(engine, "一")
    reel = Reel(0, 0)
    assert [data["text"] for _, data in reel.look(engine)] == ["一"]
    assert reel.look(engine) == []
    speak(engine, "二")
    assert [data["text"] for _, data in reel.look(engine)] == ["二"]


def test_a_message_that_is_tried_again_is_not_passed_over(engine: Engine) -> None:
    slow = think(engine, "slow", state="open")
    quick = think(engine, "quick")
    think(engine, "elsewhere", channel="wecom")
    reel = Reel(0, 0)
    assert [data["message_id"] for _, data in reel.look(engine)] == ["quick"]
    assert reel.thought == slow - 1
    assert browser(engine).get("/demo/stage").json()["thought"] == slow - 1
    with writing(engine) as session:
        session.get_one(Inbox, slow).state = "failed"
    assert [(data["message_id"], data["state"]) for _, data in reel.look(engine)] == [("slow", "failed")]
    assert reel.thought == quick


def test_a_demo_filled_anew_makes_the_page_start_over(engine: Engine) -> None:
    speak(engine, "新的演示")
    assert [name for name, _, _ in events(browser(engine, looks=9), "after=500&thought=3")] == ["reset"]


@pytest.mark.parametrize("query", ["after=-1&thought=x", "after=99999999999999999999", "after=１", ""])
def test_a_strange_cursor_starts_from_the_beginning(engine: Engine, query: str) -> None:
    speak(engine, "一")
    assert len(events(browser(engine), query)) == 1
    assert len(events(browser(engine), last="<x>.1")) == 1


def test_the_stream_ends_when_the_server_stops(engine: Engine) -> None:
    assert events(browser(engine, looks=0)) == []
    assert server_is_stopping() is False


def test_a_browser_that_leaves_ends_its_stream(engine: Engine) -> None:
    speak(engine, "一")
    with browser(engine, looks=10_000) as page, page.stream("GET", "/demo/stream") as answer:
        assert next(answer.iter_lines()) == "retry: 2000"


def test_a_long_question_is_cut(engine: Engine) -> None:
    assert browser(engine).get("/demo/think", params={"text": "好" * 900}).json()["reason"].endswith("共500字")


def test_chatter_is_explained_without_being_stored(engine: Engine) -> None:
    said = browser(engine).get("/demo/think", params={"text": "今天天气真好"}).json()
    assert (said["kept"], said["decision"], said["intent"], said["hits"]) == (False, "silent", "none", [])
    assert browser(engine).get("/demo/stage").json()["heard"] == []


def test_a_request_is_explained_with_its_words_and_slots(engine: Engine) -> None:
    said = browser(engine).get("/demo/think", params={"text": "路灯坏了"}).json()
    assert (said["kept"], said["decision"]) == (True, "act")
    assert said["hits"] == [{"start": 0, "end": 2, "word": "路灯", "weight": 3, "layer": "事物词"}]
    assert said["slots"] == {"building": "3"}


def test_words_that_were_forgotten_stay_forgotten(engine: Engine) -> None:
    number = think(engine, "m1")
    with writing(engine) as session:
        session.get_one(Inbox, number).payload = {}
    (said,) = browser(engine).get("/demo/stage").json()["heard"]
    assert (said["message_id"], said["text"], said["sender"]) == ("m1", "", "")
