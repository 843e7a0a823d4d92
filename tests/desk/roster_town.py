"""The small town of the import's tests: two grids, two buildings, two people, one group. Holds no test."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from sqlmodel import Session
from sqlmodel import select as pick

from bot.desk.roster import Summary, WrongRows, import_tables
from bot.desk.sheets import RawRow, RawTable, Tables
from storage.db import metadata, reading, writing

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
C = "140109001901"

TOWN: dict[str, list[list[str]]] = {
    "社区": [["社区代码", "名称", "简称"], [C, "海棠湾社区", "HTW"]],
    "网格": [
        ["网格代码", "社区代码", "上级网格代码", "名称", "级别", "启用日期", "停用日期", "原网格代码"],
        [f"{C}0001", C, "", "东网格", "网格", "2026-01-01", "", ""],
        [f"{C}0002", C, "", "西网格", "网格", "2026-01-01", "", ""],
        [f"{C}0003", C, f"{C}0001", "东1微网格", "微网格", "2026-01-01", "", ""],
    ],
    "小区": [["小区"], ["海棠苑"]],
    "楼栋": [["小区", "楼号", "网格代码"], ["海棠苑", "3", f"{C}0001"], ["海棠苑", "4", f"{C}0002"]],
    "单元": [["小区", "楼号", "单元", "层数", "每层户数", "网格代码"], ["海棠苑", "3", "1", "6", "2", f"{C}0003"]],
    "别名": [["别名", "小区", "楼号", "单元"], ["海棠", "海棠苑", "", ""]],
    "人员": [
        ["编号", "姓名", "手机", "手机公开", "出生日期", "小区", "楼号", "单元", "房号"],
        ["W1", "沈岚", "13800000001", "是", "", "", "", "", ""],
        ["R1", "申桂莲", "13800000002", "否", "1940-03-15", "海棠苑", "3", "1", "601"],
    ],
    "角色": [
        ["人员编号", "角色", "社区代码", "网格代码", "候补", "兜底派单"],
        ["W1", "全科网格员", "", f"{C}0001", "否", "是"],
        ["W1", "全科网格员", "", f"{C}0002", "否", "否"],
        ["R1", "居民", "", f"{C}0003", "否", "否"],
    ],
    "账号": [["人员编号", "渠道", "账号", "昵称"], ["W1", "simulator", "sim-a", "小沈"]],
    "请假": [["人员编号", "开始", "结束", "事由"], ["W1", "2026-12-01", "2026-12-02", ""]],
    "值班": [["人员编号", "开始", "结束"], ["W1", "2026-12-05 18:00", "2026-12-06 08:30"]],
    "群": [
        ["渠道", "群标识", "群名", "类型", "社区代码", "网格代码", "发言渠道", "发言地址"],
        ["simulator", "g1", "居民群", "居民服务", C, f"{C}0001、{C}0002", "simulator", "g1"],
    ],
}


def town(**changes: list[list[str]]) -> Tables:
    """The small town as tables; a sheet handed in replaces the town's."""
    return as_tables(TOWN | changes)


def as_tables(lines: dict[str, list[list[str]]]) -> Tables:
    return {
        name: RawTable(
            tuple(rows[0]),
            tuple(RawRow(n, dict(zip(rows[0], row, strict=True))) for n, row in enumerate(rows[1:], start=2)),
        )
        for name, rows in lines.items()
    }


def with_cell(sheet: str, row: int, title: str, cell: str) -> Tables:
    """The town with one cell changed; ``row`` as Excel shows it, the row after the last one copies the last."""
    rows = [list(line) for line in TOWN[sheet]]
    if row == len(rows) + 1:
        rows.append(list(rows[-1]))
    rows[row - 1][rows[0].index(title)] = cell
    return town(**{sheet: rows})


def load(engine: Engine, tables: Tables, **more: Any) -> Summary:
    with writing(engine) as session:
        return import_tables(session, tables, now=NOW, actor="person:1", door="console", **more)


def refusal(engine: Engine, tables: Tables) -> list[str]:
    with pytest.raises(WrongRows) as caught:
        load(engine, tables)
    return caught.value.errors


def counts(engine: Engine) -> dict[str, int]:
    with reading(engine) as session:
        return {
            table.name: session.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }


def one(session: Session, model: type[Any], **where: object) -> Any:
    return session.exec(pick(model).filter_by(**where)).one()
