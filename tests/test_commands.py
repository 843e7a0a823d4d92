"""The commands as an operator types them, judged by what they print and how they exit."""

import json
import logging
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from bot.__main__ import app
from storage.db import open_engine

HOME = Path(__file__).resolve().parent.parent


@dataclass
class Ended:
    returncode: int
    stdout: str
    stderr: str


class Shell:
    """Runs a command in this process: what it prints and how it exits is the same, and it need not start Python."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *command: str, stdin: str = "", **env: str) -> Ended:
        handlers = logging.getLogger().handlers
        settings = {"GRIDBOT_DATA_DIR": str(self.folder / "var"), "COLUMNS": "120", **env}
        ended = CliRunner().invoke(app, command, input=stdin, env=settings)
        logging.getLogger().handlers = handlers
        assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
        return Ended(ended.exit_code, ended.stdout, ended.stderr)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    return Shell(tmp_path_factory.mktemp("shell"))


def test_help_is_in_chinese(shell: Shell) -> None:
    told = shell.run("--help").stdout
    for word in ("启动服务", "试一句话", "批量识别", "导入社区资料", "体检", "命令", "选项", "显示这份说明"):
        assert word in told
    assert "Show this message" not in told


def test_say_tells_what_would_happen_and_why(shell: Shell) -> None:
    told = shell.run("say", "3号楼2单元楼道灯坏了").stdout
    for word in ("楼道灯不亮", "海棠苑3号楼2单元", "网格员沈岚", "答复：4个工作小时", "登记成一件事"):
        assert word in told


def test_say_leaves_nothing_behind(shell: Shell) -> None:
    numbers = [shell.run("say", "3号楼2单元楼道灯坏了").stdout.count("-01") for _ in range(2)]
    assert numbers[0] == numbers[1] > 0


def test_say_is_honest_about_chatter(shell: Shell) -> None:
    assert shell.run("say", "今天天气真好").stdout.strip() == "闲聊：不记录，不回应。"


def test_say_in_an_unknown_group_says_how_to_mend_it(shell: Shell) -> None:
    ended = shell.run("say", "灯坏了", "--group", "nowhere")
    assert ended.returncode == 2
    assert "没有“nowhere”这个群" in ended.stderr


def test_classify_streams_answers_and_skips_what_it_cannot_read(shell: Shell) -> None:
    lines = ['{"id":"1","text":"3号楼2单元601楼道灯坏了，电话13800138000"}', "not json", '{"id":2,"text":"哈哈哈"}']
    ended = shell.run("classify", stdin="\n".join(lines))
    first, second = (json.loads(line) for line in ended.stdout.splitlines())
    assert (first["id"], first["intent"], first["is_request"], first["urgent"]) == ("1", "streetlight", True, False)
    assert first["slots"]["building"] == "3"
    assert first["slots"]["phone"] == "13800138000"
    assert (second["id"], second["intent"], second["is_request"]) == (2, "none", False)
    assert "第2行看不懂" in ended.stderr
    assert ended.returncode == 1


def test_import_takes_a_folder_and_refuses_a_wrong_one_whole(shell: Shell, tmp_path: Path) -> None:
    for file in (HOME / "config" / "demo").glob("*.csv"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    ended = shell.run("import", str(tmp_path), GRIDBOT_DATA_DIR=str(tmp_path / "new"))
    assert ended.returncode == 0, ended.stderr
    assert "新增" in ended.stdout
    (tmp_path / "groups.csv").write_text("渠道,群标识\nsimulator,g\n", encoding="utf-8")
    ended = shell.run("import", str(tmp_path), GRIDBOT_DATA_DIR=str(tmp_path / "other"))
    assert ended.returncode == 1
    assert "一行都没有导入" in ended.stderr
    assert "群 第2行" in ended.stderr


def test_import_writes_a_template_that_excel_opens(shell: Shell, tmp_path: Path) -> None:
    ended = shell.run("import", "--template", str(tmp_path / "模板.xlsx"))
    assert ended.returncode == 0
    assert (tmp_path / "模板.xlsx").stat().st_size > 5_000


def test_a_missing_source_is_said_in_one_line(shell: Shell) -> None:
    ended = shell.run("import", "/no/such/folder")
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert "没有“folder”，请检查文件或文件夹的位置" in ended.stderr


def test_doctor_is_content_with_the_demo(shell: Shell) -> None:
    shell.run("say", "灯")
    ended = shell.run("doctor")
    assert ended.returncode == 0, ended.stdout
    assert "✓ 审计  审计链完整" in ended.stdout
    assert "2027年调休安排尚未导入" in ended.stdout


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({"GRIDBOT_PORT": "x"}, "GRIDBOT_PORT：要填整数"),
        ({"GRIDBOT_DATABASE_URL": "postgresql://u:p@127.0.0.1:1/x"}, "数据库连不上"),
        ({"GRIDBOT_REDIS_URL": "redis://127.0.0.1:1/0"}, "Redis 连不上"),
    ],
)
def test_doctor_finds_what_is_wrong(shell: Shell, env: dict[str, str], says: str) -> None:
    ended = shell.run("doctor", **env)
    assert ended.returncode == 1
    assert says in ended.stdout
    assert "Traceback" not in ended.stderr


def test_a_wrong_setting_stops_the_start_with_one_line_each(shell: Shell) -> None:
    ended = shell.run("serve", GRIDBOT_PORT="x", GRIDBOT_LOG_LEVEL="loud")
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[0] == "设置有问题，没有启动："
    assert len(ended.stderr.splitlines()) == 3


def test_a_database_that_is_away_stops_the_start_with_one_line(shell: Shell) -> None:
    ended = shell.run("serve", GRIDBOT_DATABASE_URL="postgresql://u:p@127.0.0.1:1/x")
    assert ended.returncode == 2
    assert "数据库打不开" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_unknown_roles_are_refused(shell: Shell) -> None:
    ended = shell.run("serve", "--roles", "web,dancer")
    assert ended.returncode == 2
    assert "web、worker、clock" in ended.stderr


def test_a_postgres_without_tables_waits_for_the_upgrade(shell: Shell, postgres_server: str, postgres_url: str) -> None:

    engine = open_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    ended = shell.run("serve", GRIDBOT_DATABASE_URL=postgres_url)
    assert ended.returncode == 2
    assert "请先运行：python -m bot db upgrade" in ended.stderr
    ended = shell.run("db", "upgrade", GRIDBOT_DATABASE_URL=postgres_url)
    assert ended.returncode == 0, ended.stderr
    assert shell.run("doctor", GRIDBOT_DATABASE_URL=postgres_url).returncode == 0
