"""The simulator's page and its feeds: the stage, the live stream, and what the language part thinks. Changes nothing.

Mounted in demo mode only, without a login. What a persona says goes to ``/hook/simulator``, the same door that
real callbacks use; this file only shows what became of it.
"""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from bot.intents.base import Understanding
from storage.db import reading
from storage.grid import Grid
from storage.group import ChatGroup
from storage.message import Inbox
from storage.person import ROLE_NAMES, STAFF, Identity, Person, Role, RoleKind
from storage.place import Building, Estate
from storage.stage import StageLine

CHANNEL = "simulator"
HERE = Path(__file__).parent
LINES_PER_ROOM = 50
THOUGHTS = 50
NAMES = 200
BATCH = 200
OVERLAP = 20
POLL_SECONDS = 0.15
HEARTBEAT_SECONDS = 15.0
QUESTION_LENGTH = 500
WORKING = STAFF - {RoleKind.ASSISTANT}
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Words(Protocol):
    """The language part, as far as this page needs it."""

    def keeps(self, text: str) -> bool: ...

    def understand(self, text: str) -> Understanding: ...


def server_is_stopping() -> bool:
    """Whether uvicorn was told to end. It waits for open answers first, and a stream would never end by itself."""
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return bool(getattr(server, "should_exit", False))


def routes(
    engine: Engine,
    engine_of_words: Callable[[], Words],
    *,
    clock: Callable[[], datetime],
    stopping: Callable[[], bool] = server_is_stopping,
) -> list[BaseRoute]:
    """The routes of the demo, for the app to mount at its root."""
    pages = Jinja2Templates(directory=HERE / "templates")

    async def page(request: Request) -> Response:
        # a new version of the two files gets a new address, so that no browser keeps the old ones
        version = max(int(file.stat().st_mtime) for file in (HERE / "static").glob("simulator.*"))
        return pages.TemplateResponse(request, "simulator.html", {"version": version}, headers=HEADERS)

    async def stage(request: Request) -> Response:
        return _json(await run_in_threadpool(_stage, engine, clock()))

    async def think(request: Request) -> Response:
        text = request.query_params.get("text", "")[:QUESTION_LENGTH]
        return _json(await run_in_threadpool(_opinion, engine_of_words(), text))

    async def stream(request: Request) -> Response:
        line, thought = _cursor(request)
        headers = {**HEADERS, "Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
        feed = _feed(engine, Reel(line, thought), stopping)
        return StreamingResponse(feed, media_type="text/event-stream", headers=headers)

    return [
        Route("/", page, name="simulator"),
        Route("/demo/stage", stage, name="simulator-stage"),
        Route("/demo/stream", stream, name="simulator-stream"),
        Route("/demo/think", think, name="simulator-think"),
        Mount("/demo/assets", StaticFiles(directory=HERE / "static"), name="simulator-assets"),
    ]


class Reel:
    """What one browser has got so far, and what is new for it.

    Ids do not always appear in order (two writers on PostgreSQL, a message that is tried again), so a few older
    rows are looked at again and ``_sent`` keeps each from being sent twice. ``thought`` never passes a message
    that is still open: a browser that comes back with it misses nothing.
    """

    def __init__(self, line: int, thought: int) -> None:
        self._first = (line, thought)
        self.line = line
        self.thought = thought
        self._sent: set[tuple[str, int]] = set()
        self._fresh = True

    def look(self, engine: Engine) -> list[tuple[str, dict[str, Any]]]:
        with reading(engine) as session:
            if self._fresh and self._is_from_another_database(session):
                return [("reset", {})]
            self._fresh = False
            return [*self._thoughts(session), *self._lines(session)]

    def _is_from_another_database(self, session: Session) -> bool:
        """The demo was filled anew and counts from 1 again: the page must start over too."""
        newest_line, newest_thought = _newest(session)
        return self.line > newest_line or self.thought > newest_thought

    def _thoughts(self, session: Session) -> list[tuple[str, dict[str, Any]]]:
        since = max(self._first[1], self.thought - OVERLAP)
        rows = session.scalars(
            select(Inbox)
            .where(col(Inbox.channel) == CHANNEL, col(Inbox.id) > since)
            .order_by(col(Inbox.id))
            .limit(BATCH)
        ).all()
        reached = min(((row.id or 0) - 1 for row in rows if row.state == "open"), default=rows[-1].id if rows else 0)
        self.thought = max(self.thought, reached or 0)
        return [("thought", _thought(row)) for row in rows if row.state != "open" and self._is_new("thought", row.id)]

    def _lines(self, session: Session) -> list[tuple[str, dict[str, Any]]]:
        since = max(self._first[0], self.line - OVERLAP)
        rows = session.scalars(
            select(StageLine).where(col(StageLine.id) > since).order_by(col(StageLine.id)).limit(BATCH)
        ).all()
        self.line = max([self.line, *(row.id or 0 for row in rows)])
        return [("line", _line(row)) for row in rows if self._is_new("line", row.id)]

    def _is_new(self, kind: str, number: int | None) -> bool:
        key = (kind, number or 0)
        if key in self._sent:
            return False
        self._sent.add(key)
        return True


async def _feed(engine: Engine, reel: Reel, stopping: Callable[[], bool]) -> AsyncIterator[bytes]:
    """Server-sent events until the browser leaves (the answer is cancelled then) or the server stops."""
    yield b"retry: 2000\n: \n\n"
    quiet = 0.0
    while not stopping():
        try:
            events = await asyncio.to_thread(reel.look, engine)
        except OperationalError:
            return  # the browser comes back by itself and says what it has
        for left, (kind, data) in zip(range(len(events) - 1, -1, -1), events, strict=True):
            # only the last of a batch says how far it reaches: a line that breaks before it is sent again
            mark = "" if left else f"id: {reel.line}.{reel.thought}\n"
            yield f"{mark}event: {kind}\ndata: {_dump(data)}\n\n".encode("ascii")
        if any(kind == "reset" for kind, _ in events):
            return
        quiet = 0.0 if events else quiet + POLL_SECONDS
        if quiet >= HEARTBEAT_SECONDS:
            quiet = 0.0
            yield b": still here\n\n"
        await asyncio.sleep(POLL_SECONDS)


def _cursor(request: Request) -> tuple[int, int]:
    """Where to go on: what the browser says by itself when it comes back, else the address."""
    line, _, thought = request.headers.get("last-event-id", "").partition(".")
    if not (_is_number(line) and _is_number(thought)):
        line, thought = request.query_params.get("after", ""), request.query_params.get("thought", "")
    return (int(line) if _is_number(line) else 0, int(thought) if _is_number(thought) else 0)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18


def _stage(engine: Engine, now: datetime) -> dict[str, Any]:
    with reading(engine) as session:
        line, thought = _newest(session)
        heard = session.scalars(
            select(Inbox).where(col(Inbox.channel) == CHANNEL).order_by(col(Inbox.id).desc()).limit(THOUGHTS)
        ).all()
        return {
            "now": now.isoformat(),
            "groups": _groups(session),
            **_cast(session),
            "lines": [_line(row) for row in _recent_lines(session)],
            "heard": [_said(row) for row in reversed(heard)],
            "thoughts": [_thought(row) for row in reversed(heard) if row.state != "open"],
            "line": line,
            "thought": min([thought, *((row.id or 0) - 1 for row in heard if row.state == "open")]),
        }


def _newest(session: Session) -> tuple[int, int]:
    line = session.scalar(select(func.max(col(StageLine.id))))
    thought = session.scalar(select(func.max(col(Inbox.id))).where(col(Inbox.channel) == CHANNEL))
    return line or 0, thought or 0


def _recent_lines(session: Session) -> Iterable[StageLine]:
    place = func.row_number().over(partition_by=col(StageLine.room), order_by=col(StageLine.id).desc())
    ranked = select(col(StageLine.id).label("id"), place.label("place")).subquery()
    recent = select(ranked.c.id).where(ranked.c.place <= LINES_PER_ROOM)
    return session.scalars(select(StageLine).where(col(StageLine.id).in_(recent)).order_by(col(StageLine.id))).all()


def _groups(session: Session) -> list[dict[str, Any]]:
    rows = session.scalars(
        select(ChatGroup).where(col(ChatGroup.channel) == CHANNEL).order_by(col(ChatGroup.id)).limit(NAMES)
    ).all()
    return [
        {"id": row.external_id, "name": row.name, "kind": row.kind, "room": f"group:{_address(row)}"} for row in rows
    ]


def _address(group: ChatGroup) -> str:
    """Where the bot posts into it: on this channel an address is no secret."""
    return (group.post_address if group.post_channel == CHANNEL else "") or group.external_id


def _cast(session: Session) -> dict[str, list[dict[str, Any]]]:
    """Who may be played: residents and assistants as personas, gridworkers and their leaders as staff."""
    found = session.execute(
        select(Identity, Person, Building, Estate)
        .outerjoin(Person, col(Person.id) == col(Identity.person_id))
        .outerjoin(Building, col(Building.id) == col(Person.building_id))
        .outerjoin(Estate, col(Estate.id) == col(Building.estate_id))
        .where(col(Identity.channel) == CHANNEL)
        .order_by(col(Identity.id))
        .limit(NAMES)
    ).all()
    held: dict[int, list[tuple[Role, Grid | None]]] = {}
    people = [person.id for _, person, _, _ in found if person is not None]
    roles = select(Role, Grid).outerjoin(Grid, col(Grid.id) == col(Role.grid_id)).order_by(col(Role.id))
    for role, grid in session.execute(roles.where(col(Role.person_id).in_(people))).all():
        held.setdefault(role.person_id, []).append((role, grid))
    personas, staff = [], []
    for identity, person, building, estate in found:
        parts = held.get(person.id, []) if person is not None else []
        kinds = [kind for kind in RoleKind if any(role.kind == kind for role, _ in parts)]
        if person is not None and WORKING.intersection(kinds):
            grids = dict.fromkeys(grid.name if grid else "全社区" for role, grid in parts if role.kind in WORKING)
            titles = [ROLE_NAMES[kind] for kind in kinds if kind in WORKING]
            staff.append({"id": identity.external_id, "name": person.name, "roles": titles, "grids": list(grids)})
            continue
        home = f"{estate.name}{building.number}号楼" if building is not None and estate is not None else ""
        title = ROLE_NAMES[RoleKind.ASSISTANT if RoleKind.ASSISTANT in kinds else RoleKind.RESIDENT]
        about = " · ".join(part for part in (home, title if person is not None else "还没登记的居民") if part)
        personas.append({"id": identity.external_id, "name": identity.display_name or "居民", "about": about})
    return {"personas": personas, "staff": staff}


def _line(row: StageLine) -> dict[str, Any]:
    shown = row.model_dump(include={"id", "room", "speaker", "kind", "text", "card", "key"})
    return {**shown, "name": row.speaker_name, "at": row.at.isoformat()}


def _said(row: Inbox) -> dict[str, Any]:
    """The words behind an inbox row, so that a second browser sees them too. Forgotten words stay forgotten."""
    said = {name: row.payload.get(name) or "" for name in ("kind", "sender", "sender_name", "group", "text")}
    return {"message_id": row.message_id, "at": row.received_at.isoformat(), **said}


def _thought(row: Inbox) -> dict[str, Any]:
    finished = {"id": row.id, "state": row.state, "outcome": row.outcome, "thought": row.thought or {}}
    return {**_said(row), **finished}


def _opinion(words: Words, text: str) -> dict[str, Any]:
    kept, meant = words.keeps(text), words.understand(text)
    hits = [{name: getattr(hit, name) for name in ("start", "end", "word", "weight", "layer")} for hit in meant.hits]
    said = {name: getattr(meant, name) for name in ("decision", "intent", "item", "vetoes", "reason")}
    return {"kept": kept, **said, "hits": hits, "slots": meant.slots.as_dict()}


def _dump(data: object) -> str:
    """JSON in plain ASCII with no ``<`` in it: harmless wherever it ends up, and one line for a server-sent event."""
    return json.dumps(data, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")


def _json(data: object) -> Response:
    return Response(_dump(data), media_type="application/json", headers=HEADERS)
