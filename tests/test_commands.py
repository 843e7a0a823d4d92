"""The commands as an operator types them, judged by what they print and how they exit."""

import csv
import io
import json
import logging
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from bot.__main__ import app
from storage.db import open_engine
from tests.reports import golden

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


TABLE = "unit,due,closed,on_time,extended,extension_base,first_pass,first_pass_base,media_deduction\n"


def test_score_turns_counts_into_an_assessment(shell: Shell) -> None:
    ended = shell.run("score", stdin=TABLE + "甲,10,9,10,1,12,8,9,0.2\n乙,0,0,0,0,0,0,0,\n")
    assert ended.returncode == 0, ended.stderr
    first, second = csv.DictReader(io.StringIO(ended.stdout))
    assert (first["unit"], first["score"]) == ("甲", "94.16")
    assert (second["score"], second["note"]) == ("—", "应结案数为0，不评分")
    assert ended.stderr == ""


def test_score_takes_the_citys_own_file(shell: Shell) -> None:
    ended = shell.run("score", str(golden.FILE))
    assert ended.returncode == 0, ended.stderr
    scores = [row["考评得分_score"] for row in csv.DictReader(io.StringIO(ended.stdout))]
    assert scores == [golden.score(row) or "—" for row in golden.rows()]


def test_score_refuses_a_table_with_a_wrong_row_whole(shell: Shell) -> None:
    ended = shell.run("score", "--format", "json", stdin=TABLE + "甲,10,9,10,1,12,8,9,0\n乙,1,2,1,0,1,1,1,0\n")
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.splitlines() == ["有1处要改，没有计算：", "  第3行（乙）：结案数2比应结案数1还多，请核对这两列"]


def test_score_writes_a_file_that_excel_opens_or_leaves_the_old_one(shell: Shell, tmp_path: Path) -> None:
    out = tmp_path / "考评.csv"
    assert shell.run("score", "--out", str(out), stdin=TABLE + "甲,1,1,1,0,1,1,1,0\n").returncode == 0
    before = out.read_bytes()
    assert before.startswith(b"\xef\xbb\xbf")
    assert shell.run("score", "--out", str(out), stdin=TABLE + "甲,x,1,1,0,1,1,1,0\n").returncode == 1
    assert out.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["考评.csv"]
    ended = shell.run("score", "--out", str(tmp_path / "no" / "x.csv"), stdin=TABLE + "甲,1,1,1,0,1,1,1,0\n")
    assert ended.returncode == 1
    assert "写不进" in ended.stderr


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--period", "2026-13"), "“2026-13”不是月份，请写成 2026-11"),
        (("--from", "2026-11-01"), "--from 和 --to 要一起写"),
        (("--from", "2026-11-31", "--to", "2026-12-01"), "“2026-11-31”不是日期"),
        (("--from", "2026-12-01", "--to", "2026-11-01"), "结束日期 2026-11-01 早于开始日期 2026-12-01"),
        (("--period", "2026-11", "--from", "2026-11-01"), "只能写一种"),
        (("x.csv", "--period", "2026-11"), "只能用一种"),
        (("--format", "pdf"), "--format 只能是 csv、json、table"),
        (("/no/such/file.csv",), "读不到“/no/such/file.csv”"),
    ],
)
def test_score_says_in_one_line_what_it_cannot_do(shell: Shell, options: tuple[str, ...], says: str) -> None:
    ended = shell.run("score", *options)
    assert ended.returncode == 1
    assert says in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_score_counts_the_cases_of_a_month(shell: Shell, tmp_path: Path) -> None:
    home = {"GRIDBOT_DATA_DIR": str(tmp_path / "var")}
    assert "还没有社区资料" in shell.run("score", "--period", "2026-11", **home).stderr
    assert shell.run("import", str(HOME / "config" / "demo"), **home).returncode == 0
    ended = shell.run("score", "--period", "2026-11", "--format", "table", **home)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("统计时间：2026年11月1日0时0分0秒—2026年11月30日23时59分59秒")
    assert "应结案数为0，不评分" in ended.stdout
    rows = json.loads(
        shell.run("score", "--from", "2026-11-01", "--to", "2026-11-30", "--format", "json", **home).stdout
    )
    assert {row["group"] for row in rows} == {"街道", "社区", "网格"}
    assert all(row["score"] is None and row["received"] == 0 for row in rows)


def test_score_with_an_unknown_scheme_stops_the_start(shell: Shell) -> None:
    ended = shell.run("score", stdin=TABLE, GRIDBOT_ASSESSMENT="beijing")
    assert ended.returncode == 2
    assert "没有“beijing”这个考评方案，可用的有：taiyuan_2022" in ended.stderr
