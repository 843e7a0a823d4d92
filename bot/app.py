"""Puts the house together: settings in, a running service out. Everything is built here once and handed on."""

import asyncio
import logging
import os
import platform
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import JSONResponse, PlainTextResponse, Response

from bot.attention import Attention
from bot.channels import open_channels
from bot.channels.base import Channel
from bot.console import card
from bot.console import simulator as stage
from bot.desk import roster, sheets
from bot.desk.calendar import Calendar
from bot.desk.directory import Directory
from bot.desk.office import Office
from bot.intents import followup
from bot.intents import words as segmenter
from bot.intents.catalog import Catalog, load_catalog
from bot.intents.mask import mask
from bot.jobs import Hands, all_jobs
from bot.jobs.auditor import Auditor
from bot.jobs.base import Jobs
from bot.jobs.deadlines import Archive, Deadlines
from bot.jobs.deliver import Deliver
from bot.jobs.handover import HandOver
from bot.jobs.sweep import Forget, Seal, Sweep
from bot.pipeline import Pipeline
from bot.webhook import App, Hook
from bot.words import LiveWords
from config.settings import ROLES, Settings
from storage import revision, schema
from storage.cache import Cache, CacheDown, open_cache
from storage.db import open_engine, reading, writing
from storage.intake import Intake

HOME = Path(__file__).resolve().parent.parent
DEMO = HOME / "config" / "demo"
OVERRIDES = HOME / "config" / "calendar" / "overrides.csv"
HEAD_START = 0.3
"""Seconds between the opening of the web door and the first round of the jobs."""
_log = logging.getLogger("gridbot")


def utc_now() -> datetime:
    """The only place where the service looks at the clock."""
    return datetime.now(UTC)


class NotReady(Exception):
    """The service must not start; ``say`` tells the operator in Chinese what to do."""

    def __init__(self, say: str) -> None:
        super().__init__(say)
        self.say = say


@dataclass
class Service:
    """A service that is built and not yet started."""

    settings: Settings
    roles: tuple[str, ...]
    clock: Callable[[], datetime]
    database: Engine
    durable: Engine
    cache: Cache
    channels: dict[str, Channel]
    office: Office
    words: LiveWords
    attention: Attention
    pipeline: Pipeline
    deliver: Deliver
    jobs: Jobs
    intake: Intake

    def start(self) -> None:
        self.jobs.start()

    async def stop(self) -> None:
        """Finish what is under way: first no new rows, then no new rounds."""
        self.intake.close()
        self.jobs.stop()
        await asyncio.to_thread(self.deliver.close)
        for channel in self.channels.values():
            await channel.close()
        self.database.dispose()
        self.durable.dispose()


def make_room(settings: Settings) -> None:
    """The folder of an SQLite file, which SQLite does not make itself."""
    if settings.database.startswith("sqlite:///"):
        Path(settings.database.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)


def open_database(settings: Settings) -> Engine:
    """The database, in the shape this code expects; SQLite is brought there by itself.

    Raises ``NotReady`` where an operator has to run the upgrade.
    """
    if settings.database.startswith("sqlite:///"):
        make_room(settings)
        engine = open_engine(settings.database)
        if not schema.at_head(engine):
            schema.upgrade(settings.database)
        return engine
    engine = open_engine(settings.database)
    if not schema.at_head(engine):
        raise NotReady("数据库的表结构不是这一版的，请先运行：python -m bot db upgrade")
    return engine


def fill_demo(database: Engine, clock: Callable[[], datetime]) -> None:
    """Put the invented community into a database that knows no community yet."""
    with writing(database) as session:
        if revision.current(session) == 0:
            roster.import_tables(session, sheets.read(DEMO), now=clock(), actor="demo", door="command")


def open_service(
    settings: Settings,
    *,
    roles: tuple[str, ...] = ROLES,
    clock: Callable[[], datetime] = utc_now,
    catalog: Catalog | None = None,
) -> Service:
    """Build everything; ``catalog`` is read from its files unless it is handed in.

    Raises ``NotReady``, ``WrongCatalog`` or a database error before anything runs.
    """
    segmenter.prepare(cache=settings.data_dir / "words")
    catalog = catalog or load_catalog(cache=settings.data_dir / "words")
    database = open_database(settings)
    # SQLite's writer of the inbox syncs every commit; on PostgreSQL both are the same server
    durable = open_engine(settings.database, durable=True)
    cache = open_cache(settings.redis_url)
    if settings.shows_demo:
        fill_demo(database, clock)
    channels = open_channels(settings, cache=cache, engine=database, clock=clock)
    office = Office(
        directory=Directory(),
        calendar=Calendar.load(OVERRIDES),
        channels=tuple(name for name, channel in channels.items() if channel.can.private),
        group_channels=tuple(name for name, channel in channels.items() if channel.can.posts_group == "unattended"),
    )
    words = LiveWords(database, catalog)
    attention = Attention(database, follows=followup.sounds_like_one)
    pipeline = Pipeline(
        database,
        office=office,
        words=words.current,
        items=catalog.items,
        mask=mask,
        home_community=settings.community,
        wait=timedelta(minutes=settings.question_minutes),
    )
    deliver = Deliver(database, channels)

    def work_inbox(now: Callable[[], datetime]) -> bool:
        taken = pipeline.work(clock=now)
        if taken:
            jobs.wake("deliver")
            jobs.wake("attention")
        return taken > 0

    # who ticks, so that two at once are seen; several may run on one machine, even in one process
    holder = f"{platform.node()[:20]}:{os.getpid()}:{secrets.token_hex(3)}"
    hands = Hands(
        intake=work_inbox,
        deliver=deliver,
        sweep=Sweep(database, office=office),
        deadlines=Deadlines(database, office=office, holder=holder, wake=lambda: jobs.wake("deliver")),
        auditor=Auditor(
            database, office=office, holder=holder, url=settings.beat_url, wake=lambda: jobs.wake("deliver")
        ),
        archive=Archive(database, office=office),
        seal=Seal(database, cache=cache),
        forget=Forget(database, retention=timedelta(hours=settings.retention_hours)),
        handover=HandOver(database, office=office),
        words=words,
        attention=attention,
    )
    mine = [job for job in all_jobs(hands) if job.role in (*roles, "all")]
    jobs = Jobs(mine, clock=clock)
    return Service(
        settings=settings,
        roles=roles,
        clock=clock,
        database=database,
        durable=durable,
        cache=cache,
        channels=channels,
        office=office,
        words=words,
        attention=attention,
        pipeline=pipeline,
        deliver=deliver,
        jobs=jobs,
        intake=Intake(durable, on_commit=lambda: jobs.wake("intake")),
    )


def build_app(service: Service) -> App:
    """The ASGI application of a ``web`` process; its lifespan starts and stops the service."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # the door opens first: all hands' first rounds at once would take the processor from it
        begin = asyncio.get_running_loop().call_later(HEAD_START, service.start)
        yield
        begin.cancel()
        await service.stop()

    web = FastAPI(
        title="Gridbot 网格贴心人",
        lifespan=lifespan,
        docs_url="/api/v1/docs",
        openapi_url="/api/v1/openapi.json",
        redoc_url=None,
    )

    @web.get("/healthz", include_in_schema=False)
    def healthz() -> Response:
        return PlainTextResponse("ok")

    @web.get("/readyz", include_in_schema=False)
    def readyz() -> Response:
        trouble = troubles(service.database, service.cache)
        return JSONResponse({"ready": not trouble, "trouble": trouble}, status_code=503 if trouble else 200)

    @web.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    cards = card.routes(service.database, card_url=service.settings.card_url, clock=service.clock)
    web.router.routes.extend(cards)
    if service.settings.shows_demo:
        web.router.routes.extend(stage.routes(service.database, service.words.current, clock=service.clock))
    return Hook(
        web,
        channels=service.channels,
        intake=service.intake,
        gate=service.words.current,
        attention=service.attention,
        clock=service.clock,
        body_limit=service.settings.body_limit_bytes,
    )


def troubles(database: Engine, cache: Cache) -> list[str]:
    """What keeps the service from working now, one Chinese line each."""
    found = []
    try:
        if not schema.at_head(database):
            found.append("数据库的表结构不是这一版的，请运行：python -m bot db upgrade")
        with reading(database) as session:
            revision.current(session)
    except SQLAlchemyError as error:
        found.append(f"数据库连不上（{type(error).__name__}），请检查 GRIDBOT_DATABASE_URL 和数据库是否在运行")
    try:
        cache.ping()
    except CacheDown:
        found.append("Redis 连不上，请检查 GRIDBOT_REDIS_URL 和 Redis 是否在运行")
    return found
