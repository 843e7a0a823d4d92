"""The check-up: looks at settings, database, cache, channels, clock and reference data, and says what to mend.

Changes nothing and sends nothing; a channel is asked for its token only.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from sqlalchemy import text
from sqlmodel import Session, col, func, select

from bot.app import OVERRIDES, troubles
from bot.channels import open_channels
from bot.channels.base import Channel, SendFailed
from bot.channels.wecom import Wecom
from bot.desk.calendar import Calendar, WrongCalendar
from bot.desk.directory import read_view
from bot.desk.proof import GRACE
from bot.desk.record import broken_seal, unsealed
from bot.intents.catalog import WrongCatalog, load_catalog
from bot.jobs.auditor import NAME as AUDITOR
from bot.jobs.deadlines import NAME as TICKER
from bot.texts import times
from config.settings import Settings
from storage.cache import open_cache
from storage.case import Case, CaseClock
from storage.db import is_postgres, open_engine, reading
from storage.grid import Community, Grid, GridLevel
from storage.group import ChatGroup
from storage.message import Inbox, Outbox
from storage.person import Role, RoleKind
from storage.pulse import Pulse
from storage.queue import DEAD, FAILED

_MOST_SECONDS_APART = 5
_LONGEST_PAUSE = timedelta(minutes=5)
_MARKS = {"fine": "✓", "mind": "！", "wrong": "✗"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One result. ``wrong`` keeps the service from working; ``mind`` should be looked at."""

    grade: Literal["fine", "mind", "wrong"]
    about: str
    say: str

    def line(self) -> str:
        return f"{_MARKS[self.grade]} {self.about}  {self.say}"


async def examine(settings: Settings, *, now: datetime) -> list[Finding]:
    """Look at everything; one finding per line, in the order an operator would mend them."""
    findings = [
        Finding(
            "fine",
            "设置",
            f"数据库 {settings.database.split('://')[0]}，演示模式{'开' if settings.shows_demo else '关'}",
        )
    ]
    cache = open_cache(settings.redis_url)
    if _not_made_yet(settings):
        return [
            *findings,
            Finding("mind", "数据", "数据库还没有建立，第一次启动（serve）会自动建好"),
            *_calendar(now),
            *_catalogue(),
        ]
    database = open_engine(settings.database)
    trouble = troubles(database, cache)
    findings += [Finding("wrong", "数据", line) for line in trouble]
    if not trouble:
        findings.append(Finding("fine", "数据", "数据库和缓存都连得上，表结构是这一版的"))
        with reading(database) as session:
            findings += [
                *_clock(session, now),
                *_pulses(session, now),
                *_reference(session),
                *_queues(session),
                *_audit(session),
            ]
    findings += [*_calendar(now), *_catalogue()]
    if not trouble:
        channels = open_channels(settings, cache=cache, engine=database, clock=lambda: now)
        with reading(database) as session:
            findings += _reach(session, tuple(name for name, channel in channels.items() if channel.can.private))
        findings += await _channels(settings, channels)
    database.dispose()
    return findings


def _not_made_yet(settings: Settings) -> bool:
    place = settings.database.removeprefix("sqlite:///")
    return settings.database.startswith("sqlite:///") and not Path(place).exists()


def _reference(session: Session) -> Iterator[Finding]:
    communities = session.exec(select(Community)).all()
    if not communities:
        yield Finding(
            "mind", "资料", "还没有社区资料，请用 python -m bot import 导入（--template 可先生成 Excel 模板）"
        )
    for community in communities:
        roles = session.exec(select(Role).where(Role.community_id == community.id)).all()
        if not any(role.dispatcher for role in roles):
            yield Finding("wrong", "资料", f"{community.name}没有兜底派单的人，请在“角色”表里给一位填“兜底派单：是”")
        chiefs = {role.person_id for role in roles if role.kind == RoleKind.CHIEF}
        above = {role.person_id for role in roles if role.dispatcher or role.kind == RoleKind.STREET}
        if len(chiefs) == 1 and not above - chiefs:
            yield Finding("mind", "资料", f"{community.name}投诉社区书记的事没有别人能接，请在“角色”表里补一位街道人员")
        held = {role.grid_id for role in roles if role.kind == RoleKind.WORKER}
        grids = session.exec(
            select(Grid).where(
                Grid.community_id == community.id, Grid.level == GridLevel.GRID, col(Grid.valid_to).is_(None)
            )
        )
        for grid in grids:
            if grid.id not in held:
                yield Finding("mind", "资料", f"{grid.name}还没有网格员，案件会直接派给网格长或调度员")
    mute = session.exec(select(func.count()).select_from(ChatGroup).where(ChatGroup.post_channel == "")).one()
    if mute:
        yield Finding("mind", "群", f"有{mute}个群机器人不能发言，话会交给网格员代发")


def _reach(session: Session, channels: tuple[str, ...]) -> Iterator[Finding]:
    """A case can only be given to people whom an open channel reaches."""
    for community in session.exec(select(Community)):
        view = read_view(session, community.id or 0)
        if not any(role.dispatcher and view.identity(role.person_id, channels) for role in view.roles):
            yield Finding(
                "wrong", "人员", f"{community.name}兜底派单的人没有可用的账号，没人接的事会落空；请在“账号”表里补上"
            )
        workers = {role.person_id for role in view.roles if role.kind == RoleKind.WORKER}
        mute = [view.staff[key].name for key in sorted(workers) if view.identity(key, channels) is None]
        if mute:
            yield Finding(
                "mind",
                "人员",
                f"{community.name}有{len(mute)}位网格员没有可用的账号，收不到任务：{'、'.join(mute[:5])}",
            )


def _clock(session: Session, now: datetime) -> Iterator[Finding]:
    """Two machines that disagree about the time would count deadlines and leases differently."""
    local = times.local(now).strftime("%Y-%m-%d %H:%M")
    if not is_postgres(session.connection()):
        yield Finding("fine", "时钟", f"北京时间 {local}")
        return
    apart = abs((session.execute(text("SELECT now()")).scalar_one() - now).total_seconds())
    if apart > _MOST_SECONDS_APART:
        yield Finding("wrong", "时钟", f"本机与数据库的时间差{apart:.0f}秒，请给两台机器都打开自动对时")
    else:
        yield Finding("fine", "时钟", f"北京时间 {local}，与数据库相差不到{_MOST_SECONDS_APART}秒")


def _pulses(session: Session, now: datetime) -> Iterator[Finding]:
    """Whether reminders go out by themselves: the ticker's beat, the auditor's, and what they have left undone."""
    for name, called in ((TICKER, "计时"), (AUDITOR, "计时检查")):
        pulse = session.get(Pulse, name)
        if pulse is None:
            yield Finding("mind", "计时", f"{called}还没有走过，启动服务（角色里要有 clock）以后再看")
        elif pulse.at > now + GRACE:
            said = times.moment(pulse.at, now)
            yield Finding("wrong", "计时", f"{called}的记录在现在之后（{said}），请核对服务器时间")
        elif now - pulse.at > _LONGEST_PAUSE:
            said = times.moment(pulse.at, now)
            yield Finding("wrong", "计时", f"{called}停了，最后一次是{said}，请启动 clock 进程")
        else:
            yield Finding("fine", "计时", f"{called}在走，最后一次是{times.moment(pulse.at, now)}")
    waiting = select(func.count()).select_from(CaseClock).where(col(CaseClock.next_at) < now - _LONGEST_PAUSE)
    if late := session.exec(waiting).one():
        yield Finding("wrong", "计时", f"有{late}件到期的提醒还没有做，请看日志里的 deadlines")


def _queues(session: Session) -> Iterator[Finding]:
    failed = session.exec(select(func.count()).select_from(Inbox).where(Inbox.state == FAILED)).one()
    dead = session.exec(select(func.count()).select_from(Outbox).where(Outbox.state == DEAD)).one()
    alone = session.exec(select(func.count()).select_from(Case).where(col(Case.lead_id).is_(None))).one()
    if alone:
        yield Finding("wrong", "案件", f"有{alone}件事没有人接，请先补上人员和账号，再由社区联系居民")
    yield Finding("mind" if failed else "fine", "收件", f"处理失败待人工看的消息{failed}条")
    yield Finding("mind" if dead else "fine", "发件", f"送不出去的消息{dead}条")


def _audit(session: Session) -> Iterator[Finding]:
    broken = broken_seal(session)
    if broken is not None:
        yield Finding("wrong", "审计", f"审计链在第{broken}条断开，有人改过记录，请立即报告并封存数据库备份")
    else:
        yield Finding("fine", "审计", f"审计链完整，待封存{unsealed(session)}条")


def _calendar(now: datetime) -> Iterator[Finding]:
    try:
        calendar = Calendar.load(OVERRIDES)
    except WrongCalendar as wrong:
        for problem in wrong.problems:
            yield Finding("wrong", "日历", problem)
        return
    year = times.local(now).year
    warnings = [warning for warning in (calendar.warning(year), calendar.warning(year + 1)) if warning]
    for warning in warnings:
        yield Finding("mind", "日历", f"{warning}；公布后请填到 config/calendar/overrides.csv")
    if not warnings:
        yield Finding("fine", "日历", f"{year}年和{year + 1}年的调休安排都有")


def _catalogue() -> Iterator[Finding]:
    try:
        catalog = load_catalog()
    except WrongCatalog as wrong:
        yield Finding("wrong", "事项", str(wrong))
    else:
        yield Finding("fine", "事项", f"目录共{len(catalog.items)}项，版本 {catalog.version[:12]}")


async def _channels(settings: Settings, channels: dict[str, Channel]) -> list[Finding]:
    findings = []
    for name, channel in channels.items():
        try:
            if isinstance(channel, Wecom):
                await channel.check()
            findings.append(Finding("fine", "渠道", f"{name} 可用"))
        except SendFailed as failure:
            findings.append(Finding("wrong", "渠道", f"{name}：{failure.reason}"))
        finally:
            await channel.close()
    if not settings.wecom.hears and settings.wecom.sends:
        findings.append(Finding("mind", "渠道", "wecom 能发不能收：请补上 TOKEN 和 AES_KEY"))
    return findings
