"""Plays a scene in the small town: what people say goes through the real hook, inbox, pipeline and outbox.

Only the clock is a twin, and the channel is the simulator, whose stage is where the answers are read.
"""

import asyncio
import itertools
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from bot.app import Service, build_app, open_service
from bot.intents.catalog import Catalog, load_catalog
from bot.jobs.deadlines import Deadlines
from bot.jobs.handover import HandOver
from bot.jobs.sweep import Sweep
from config.settings import Settings
from storage.case import Case, CaseClock, CaseEvent
from storage.case_file import CaseReporter
from storage.db import open_engine, reading, writing
from storage.message import Inbox, Outbox, Question
from storage.stage import StageLine
from tests.town import NOON, Town

HANDLES = {
    "海棠苑居民群": "g-haitang",
    "滨河苑居民群": "g-binhe",
    "柳园居民群": "g-liuyuan",
    "党员之家": "g-party",
    "陌生群": "g-strange",
}
PEOPLE = {
    "秀英": "wang",
    "申大娘": "shen",
    "安安": "chen",
    "宋佳明": "song",
    "郭文媛": "guo",
    "李慧": "li",
    "赵敏": "zhao",
    "韩冰": "han",
    "孟洁": "meng",
    "葛强": "ge",
    "老田": "tian",
    "小满": "he",
    "老曹": "cao",
    "路人": "nobody",
    "老周": "zhou",
    "李阿姨": "liayi",
    "小米": "mi",
    "建国": "jianguo",
}
ROOMS = {f"group:{handle}": name for name, handle in HANDLES.items()} | {
    f"person:{handle}": name for name, handle in PEOPLE.items()
}


@dataclass
class Clock:
    """Time as the test wants it."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at

    def passes(self, **much: float) -> None:
        self.at += timedelta(**much)


async def call(app: Any, method: str, path: str, *, query: str = "", body: bytes = b"") -> tuple[int, bytes]:
    """One HTTP request straight into the ASGI app; returns status and body."""
    sent: list[dict[str, Any]] = []
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(b"content-length", str(len(body)).encode())],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"], b"".join(part.get("body", b"") for part in sent[1:])


def _by_room(lines: list[StageLine]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in lines:
        found.setdefault(ROOMS.get(line.room, line.room), []).append(line.text)
    return found


@cache
def _catalog() -> Catalog:
    """Read once for all scenes: nobody changes it."""
    return load_catalog()


class Play:
    """A running service on the town's database, driven by hand: no thread of its own works on anything."""

    def __init__(
        self, url: str, *, robots: bool = True, now: datetime = NOON, settings: Settings | None = None
    ) -> None:
        self.clock = Clock(now)
        settings = settings or Settings(database_url=url, demo=True)
        engine = open_engine(url)
        with writing(engine) as session:
            Town(session, robots=robots).willows()
        engine.dispose()
        self.service: Service = open_service(settings, roles=("web",), clock=self.clock, catalog=_catalog())
        self.app = build_app(self.service)
        self.sweep = Sweep(self.service.database, office=self.service.office)
        self.handover = HandOver(self.service.database, office=self.service.office)
        self.deadlines = Deadlines(self.service.database, office=self.service.office, holder="play")
        self._ids = itertools.count(1)
        self._read = 0
        self.drawn: dict[str, list[str]] = {}
        self.service.attention.refresh(self.clock())

    @property
    def database(self) -> Engine:
        return self.service.database

    def says(
        self,
        who: str,
        text: str,
        *,
        group: str = "",
        message_id: str = "",
        times: int = 1,
        kind: str = "text",
        quote: str = "",
    ) -> int:
        """Somebody says something; all that follows from it happens. Returns the status of the last callback."""
        body = {
            "id": message_id or f"m{next(self._ids)}",
            "sender": PEOPLE[who],
            "name": who,
            "group": HANDLES[group] if group else "",
            "kind": kind,
            "text": text,
            "quote": quote,
        }
        return self.calls(body, times=times)

    def presses(self, who: str, key: str, task: str) -> int:
        body = {"id": f"m{next(self._ids)}", "sender": PEOPLE[who], "name": who, "group": "", "kind": "action",
                "key": key, "task": task}  # fmt: skip
        return self.calls(body)

    def calls(self, body: dict[str, Any], *, times: int = 1) -> int:
        async def all_of_them() -> int:
            status = 0
            for _ in range(times):
                status, _ = await call(self.app, "POST", "/hook/simulator", body=json.dumps(body).encode())
            return status

        status = asyncio.run(all_of_them())
        self.works()
        return status

    def works(self) -> None:
        """The rounds of worker and clock, until nothing is due; then everybody knows who is in the middle of it."""
        while self.service.pipeline.work(clock=self.clock):
            pass
        while self.service.deliver(self.clock):
            pass
        self.service.attention.refresh(self.clock())

    def passes(self, **much: float) -> None:
        """Time goes by, and stops on the way wherever something is due, so that letters come in their order."""
        end = self.clock.at + timedelta(**much)
        while (stop := self._next_stop(end)) is not None:
            self.clock.at = stop
            self.ticks()
        self.clock.at = end
        self.ticks()

    def ticks(self) -> None:
        """One round of the clock's jobs, and all that follows from it."""
        self.sweep(self.clock)
        self.handover(self.clock)
        while self.deadlines(self.clock):
            pass
        self.works()

    def _next_stop(self, end: datetime) -> datetime | None:
        """The next moment before ``end`` at which a clock, a question or a letter that was held back is due."""
        after = self.clock.at
        with reading(self.database) as session:
            waits = [
                session.exec(select(func.min(column)).where(column > after, column < end, *more)).one()
                for column, *more in (
                    (col(CaseClock.next_at),),
                    (col(Question.expires_at), Question.state == "open"),
                    (col(Outbox.not_before), Outbox.state == "open"),
                )
            ]
        return min((wait for wait in waits if wait is not None), default=None)

    def heard(self) -> dict[str, list[str]]:
        """What everybody got since the last time, by group or person; ``drawn`` has the cards drawn anew."""
        with reading(self.database) as session:
            lines = session.exec(
                select(StageLine).where(col(StageLine.id) > self._read).order_by(col(StageLine.id))
            ).all()
            redraws = {row.key for row in session.exec(select(Outbox)).all() if row.payload.get("redraw")}
        self._read = max([self._read, *(line.id or 0 for line in lines)])
        self.drawn = _by_room([line for line in lines if line.key in redraws])
        return _by_room([line for line in lines if line.key not in redraws])

    def cases(self) -> list[Case]:
        with reading(self.database) as session:
            return list(session.exec(select(Case).order_by(col(Case.id))))

    def count(self, table: type[Case | CaseEvent | CaseReporter | Inbox | Outbox | Question], **where: Any) -> int:
        with reading(self.database) as session:
            return len(session.exec(select(table).filter_by(**where)).all())

    def session(self) -> Session:
        return Session(self.database)

    def close(self) -> None:
        asyncio.run(self.service.stop())
