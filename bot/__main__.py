"""The commands: ``python -m bot …``. Each is a few lines around what the rooms already do; help is in Chinese."""

import gc

if __name__ == "__main__":
    # what the imports make is there to stay: looking for garbage among it takes a sixth of their time, and finds none
    gc.disable()

import asyncio
import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
import typer.core
import uvicorn
from sqlalchemy.exc import SQLAlchemyError

from bot.app import NotReady, Service, build_app, make_room, open_database, open_service, utc_now
from bot.desk import roster, sheets
from bot.desk.errors import Refusal
from bot.desk.sheets import WrongRows
from bot.doctor import examine
from bot.intents import words as segmenter
from bot.intents.answers import Unreadable, answer
from bot.intents.catalog import WrongCatalog, load_catalog
from bot.intents.engine import Engine
from bot.intents.mask import mask
from bot.reports import scoring
from bot.texts.explain import told
from bot.texts.panels import PANELS
from config.logging import set_up_logging
from config.scheme import read_scheme
from config.settings import ROLES, Settings, WrongSettings, read_settings
from storage import schema
from storage.db import reading, writing


class _Command(typer.core.TyperCommand):
    def get_help_option(self, ctx: Any) -> Any:
        return _in_chinese(super().get_help_option(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        _title_panels()
        super().format_help(ctx, formatter)


class _Group(typer.core.TyperGroup):
    def get_help_option(self, ctx: Any) -> Any:
        return _in_chinese(super().get_help_option(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        _title_panels()
        super().format_help(ctx, formatter)

    def make_context(self, *words: Any, **more: Any) -> Any:
        with _Faults():
            return super().make_context(*words, **more)

    def invoke(self, ctx: Any) -> Any:
        with _Faults():
            return super().invoke(ctx)


class _Faults:
    def __enter__(self) -> None: ...

    def __exit__(self, kind: type | None, *_: object) -> None:
        if kind and issubclass(kind, typer.TyperException | typer.Abort):
            _title_panels()


def _in_chinese(option: Any) -> Any:
    if option is not None:
        option.help = "显示这份说明"
    return option


def _title_panels() -> None:
    # a large library, and the service never shows a panel
    from typer import rich_utils  # noqa: PLC0415

    vars(rich_utils).update(PANELS)


_SETTINGS: dict[str, Any] = {"add_completion": False, "no_args_is_help": True, "pretty_exceptions_enable": False}
app = typer.Typer(cls=_Group, help="网格贴心人：把居民群里的一句话，变成有人负责、有头有尾的一件事。", **_SETTINGS)
db = typer.Typer(cls=_Group, help="数据库", **_SETTINGS)
app.add_typer(db, name="db")


def _stop(lines: list[str], code: int = 2) -> NoReturn:
    for line in lines:
        print(line, file=sys.stderr)
    raise typer.Exit(code)


def _settings() -> Settings:
    try:
        settings = read_settings()
    except WrongSettings as wrong:
        _stop(["设置有问题，没有启动：", *(f"  {line}" for line in wrong.problems)])
    set_up_logging(style=settings.log_format, level=settings.log_level, mask=mask)
    return settings


def _service(settings: Settings, roles: tuple[str, ...]) -> Service:
    try:
        return open_service(settings, roles=roles)
    except NotReady as not_ready:
        _stop([not_ready.say])
    except schema.UpgradeFailed as failed:
        _stop([f"数据库的表建不起来：{failed}"])
    except WrongCatalog as wrong:
        _stop([f"事项目录有问题，没有启动：{wrong}"])
    except WrongRows as wrong:
        _stop(["演示数据有问题：", *(str(error) for error in wrong.errors)])
    except SQLAlchemyError as error:
        _stop([f"数据库打不开（{type(error).__name__}），请检查 GRIDBOT_DATABASE_URL、网络和磁盘权限。"])


@app.command(cls=_Command, help="启动服务。默认一个进程做全部工作；可拆成 web、worker、clock 多个进程。")
def serve(
    roles: Annotated[str, typer.Option(help="这个进程做什么，用逗号分开：web,worker,clock")] = ",".join(ROLES),
    host: Annotated[str, typer.Option(help="监听地址；不写则用 GRIDBOT_HOST")] = "",
    port: Annotated[int, typer.Option(help="监听端口；不写则用 GRIDBOT_PORT")] = 0,
) -> None:
    wanted = tuple(role.strip() for role in roles.split(",") if role.strip())
    if not wanted or set(wanted) - set(ROLES):
        _stop([f"--roles 只能是 {'、'.join(ROLES)} 的组合，用逗号分开；现在是“{roles}”。"])
    settings = _settings()
    service = _service(settings, wanted)
    host, port = host or settings.host, port or settings.port
    if "web" not in wanted:
        asyncio.run(_work_until_told(service))
        return
    if service.settings.shows_demo:
        ready = f"演示社区已就绪，请打开 http://{host}:{port}/ （演示数据，未连接微信；按 Ctrl+C 停止）"
        print(ready, file=sys.stderr)
    config = uvicorn.Config(
        build_app(service), host=host, port=port, access_log=False, log_config=None, server_header=False,
        date_header=False, timeout_graceful_shutdown=5,
    )  # fmt: skip
    uvicorn.Server(config).run()


async def _work_until_told(service: Service) -> None:
    """A process without a web door: it works until it gets a signal to stop."""
    enough = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, enough.set)
    service.start()
    await enough.wait()
    await service.stop()


@app.command(cls=_Command, help="试一句话：机器人会怎么办，为什么。不登记，不发消息。")
def say(
    text: Annotated[str, typer.Argument(help="居民会说的一句话")],
    group: Annotated[str, typer.Option(help="在哪个群里说的（群标识）；不写则用第一个居民服务群")] = "",
) -> None:
    service = _service(_settings(), ())
    heard = service.words.current().keeps(text)
    try:
        thought = service.pipeline.rehearse(text, group=group, now=service.clock())
    except Refusal as refusal:
        _stop([refusal.say])
    for line in told(thought, heard=heard):
        print(line)


@app.command(cls=_Command, help="批量识别：标准输入每行一个 {id,text}，标准输出每行一个结果（JSON Lines）。")
def classify() -> None:
    segmenter.prepare()
    engine = Engine(load_catalog())
    wrong = 0
    for number, line in enumerate(sys.stdin, start=1):
        if not line.strip():
            continue
        try:
            print(answer(engine, line), flush=True)
        except Unreadable:
            wrong += 1
            print(f'第{number}行看不懂，要写成 {{"id":"1","text":"…"}}，已跳过', file=sys.stderr)
    if wrong:
        raise typer.Exit(1)


@app.command(
    name="import", cls=_Command, help="导入社区资料：一个放 CSV 的文件夹，或一个 Excel 工作簿。错一行就整批不导入。"
)
def import_(
    source: Annotated[Path, typer.Argument(help="文件夹或 .xlsx 文件")] = Path(),
    template: Annotated[Path | None, typer.Option(help="不导入，只在这里生成一份空白 Excel 模板")] = None,
) -> None:
    if template is not None:
        # the library that writes workbooks is large, and the service never needs it
        made = subprocess.run([sys.executable, "-m", "bot.desk.roster_template", str(template)], check=False)
        if made.returncode != 0:
            _stop([f"模板写不出来：{template}，请检查文件夹是否存在、能不能写。"], 1)
        print(f"模板已生成：{template}")
        return
    # a large library, and the service never draws a bar
    from rich import console, progress  # noqa: PLC0415

    settings = _settings()
    columns = (progress.TextColumn("{task.description}"), progress.BarColumn(), progress.MofNCompleteColumn())
    drawn = progress.Progress(*columns, console=console.Console(stderr=True))
    try:
        tables = sheets.read(source)
        database = open_database(settings)
        with drawn as bar, writing(database) as session:
            task = bar.add_task("导入", total=None)
            summary = roster.import_tables(
                session, tables, now=utc_now(), actor="operator", door="command",
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )  # fmt: skip
    except NotReady as not_ready:
        _stop([not_ready.say])
    except WrongRows as wrong:
        _stop([f"有{len(wrong.errors)}处要改，一行都没有导入：", *(f"  {error}" for error in wrong.errors)], 1)
    except SQLAlchemyError as error:
        _stop([f"数据库写不进去（{type(error).__name__}），一行都没有导入。"], 1)
    print(summary)


@app.command(cls=_Command, help="考评：从件数表（CSV），或从一段时间的案件，算出各单位的四项比率和考评得分。")
def score(
    source: Annotated[Path | None, typer.Argument(help="件数表；不写则从标准输入读")] = None,
    form: Annotated[str, typer.Option("--format", help="输出成 csv、json，或给人看的 table")] = "csv",
    period: Annotated[str, typer.Option(help="不读件数表，统计这个月的案件，例如 2026-11")] = "",
    first: Annotated[str, typer.Option("--from", help="统计从这一天起的案件，例如 2026-11-01")] = "",
    last: Annotated[str, typer.Option("--to", help="统计到这一天为止，包括这一天")] = "",
    out: Annotated[Path | None, typer.Option(help="写进这个文件（Excel 可以直接打开），不在屏幕上显示")] = None,
) -> None:
    settings = _settings()
    scheme = read_scheme(settings.assessment)
    ask = scoring.Ask(source=source, form=form, month=period, first=first, last=last)
    try:
        if ask.of_cases:
            with reading(open_database(settings)) as session:
                scored = scoring.of_cases(session, ask, scheme, now=utc_now())
        else:
            scored = scoring.of_table(ask, scheme)
        scored.put(out)
    except scoring.NotScored as wrong:
        _stop(wrong.lines, 1)
    except NotReady as not_ready:
        _stop([not_ready.say])
    except SQLAlchemyError as error:
        _stop([f"数据库读不出来（{type(error).__name__}），没有计算。"], 1)


@app.command(cls=_Command, help="体检：设置、数据库、缓存、渠道、时钟、社区资料。有问题则退出码为 1。")
def doctor() -> None:
    try:
        settings = read_settings()
    except WrongSettings as wrong:
        for line in wrong.problems:
            print(f"✗ 设置  {line}")
        raise typer.Exit(1) from None
    set_up_logging(style=settings.log_format, level="error", mask=mask)
    findings = asyncio.run(examine(settings, now=utc_now()))
    for finding in findings:
        print(finding.line())
    if any(finding.grade == "wrong" for finding in findings):
        raise typer.Exit(1)


@db.command(cls=_Command, help="把数据库升级到这一版的表结构。")
def upgrade() -> None:
    settings = _settings()
    try:
        make_room(settings)
        schema.upgrade(settings.database)
    except (OSError, schema.UpgradeFailed) as failed:
        _stop([f"升级没有成功：{failed}", "请检查 GRIDBOT_DATABASE_URL、网络和权限，再运行一次。"], 1)
    print("数据库已是最新的表结构。")


if __name__ == "__main__":
    gc.freeze()
    gc.enable()
    app()
