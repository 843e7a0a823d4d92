"""The import as a whole: all or nothing, twice is once, absent is untouched, codes change, and large files are fast."""

import csv
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import col
from sqlmodel import select as pick

from bot.desk import sheets
from bot.desk.roster import Count, WrongRows, import_tables
from bot.desk.sheets import Tables
from storage import revision
from storage.audit import AuditRow
from storage.db import reading, writing
from storage.grid import Grid, GridCode
from storage.group import ChatGroup, GroupGrid
from storage.person import Absence, Identity, Person, Role
from storage.place import Building, Unit
from tests.desk.roster_town import NOW, TOWN, C, as_tables, counts, load, one, town, with_cell


@pytest.fixture
def engine(database: Engine) -> Engine:
    return database


# whole or nothing, twice is once


def test_a_mistake_in_the_last_table_leaves_everything_as_it_was(engine: Engine) -> None:
    load(engine, town())
    before = counts(engine)
    tables = with_cell("群", 2, "类型", "吹水") | {"人员": with_cell("人员", 4, "编号", "R2")["人员"]}
    with writing(engine) as session:
        with pytest.raises(WrongRows):
            import_tables(session, tables, now=NOW, actor="person:1", door="console")
        assert not session.new
        assert not session.dirty
    assert counts(engine) == before
    with reading(engine) as session:
        assert revision.current(session) == 1


def test_twice_is_once(engine: Engine) -> None:
    assert load(engine, town()).counts["网格"] == Count(new=3)
    before = counts(engine)
    second = load(engine, town())
    assert not second.changed
    assert second.counts["网格"] == Count(same=3)
    assert "网格：新增 0，更新 0，未变 3" in str(second)
    assert counts(engine) == before


def test_one_audit_row_with_counts_only_and_one_revision(engine: Engine) -> None:
    load(engine, town())
    with reading(engine) as session:
        row = one(session, AuditRow)
        assert (row.verb, row.actor, row.door, row.at) == ("import", "person:1", "console", NOW)
        assert row.data["people"] == {"new": 2, "changed": 0, "same": 0}
        assert not any(secret in str(row.data) for secret in ("申桂莲", "13800000002", "W1"))
        assert revision.current(session) == 1


def test_absent_tables_and_columns_are_not_touched(engine: Engine) -> None:
    load(engine, town())
    summary = load(engine, as_tables({"人员": [["编号", "手机"], ["R1", "138-0000-0099"]]}))
    assert summary.counts == {"人员": Count(changed=1)}
    with reading(engine) as session:
        person = one(session, Person, code="R1")
        assert (person.phone, person.name, person.room) == ("13800000099", "申桂莲", "601")
        assert person.born == date(1940, 3, 15)
        assert person.unit_id is not None


def test_a_blank_cell_in_a_present_column_clears(engine: Engine) -> None:
    load(engine, town())
    load(engine, as_tables({"人员": [["编号", "手机", "小区", "楼号"], ["R1", "", "", ""]]}))
    with reading(engine) as session:
        person = one(session, Person, code="R1")
        assert (person.phone, person.building_id, person.unit_id) == ("", None, None)


def test_the_dispatcher_may_move_to_somebody_else(engine: Engine) -> None:
    load(engine, town())
    rows = [line[:] for line in TOWN["角色"]]
    rows[1][5], rows[2][5] = "否", "是"
    assert load(engine, as_tables({"角色": rows})).counts["角色"] == Count(changed=2, same=1)


def test_a_groups_grids_are_replaced_and_a_name_serves_as_a_code(engine: Engine) -> None:
    load(engine, town())
    lines = [["渠道", "群标识", "网格代码"], ["simulator", "g1", "西网格"]]
    assert load(engine, as_tables({"群": lines})).counts["群"] == Count(changed=1)
    with reading(engine) as session:
        group = one(session, ChatGroup, external_id="g1")
        (link,) = session.exec(pick(GroupGrid).where(GroupGrid.group_id == group.id)).all()
        assert one(session, Grid, id=link.grid_id).code == f"{C}0002"


def test_a_unit_without_a_grid_of_its_own_lies_in_its_buildings(engine: Engine) -> None:
    load(engine, town(单元=[TOWN["单元"][0], ["海棠苑", "三号楼", "一单元", "6", "2", ""]]))
    with reading(engine) as session:
        unit = one(session, Unit)
        assert unit.grid_id == one(session, Building, number="3").grid_id


def test_leave_by_days_ends_with_its_last_day_in_shanghai(engine: Engine) -> None:
    load(engine, town())
    with reading(engine) as session:
        leave = one(session, Absence)
        assert leave.starts == datetime(2026, 11, 30, 16, tzinfo=UTC)
        assert leave.ends == datetime(2026, 12, 2, 16, tzinfo=UTC)


# re-coding


def recoded(**more: list[list[str]]) -> Tables:
    rows = [line[:] for line in TOWN["网格"]]
    rows[1] = [f"{C}1001", C, "", "东网格", "网格", "2026-12-01", "", f"{C}0001"]
    rows[3][2] = f"{C}1001"
    return town(网格=rows, **more)


def test_a_new_code_keeps_the_grid_and_the_old_code_is_still_understood(engine: Engine) -> None:
    load(engine, town())
    with reading(engine) as session:
        before = one(session, Grid, code=f"{C}0001").id
    first = load(engine, recoded())
    assert first.counts["网格"] == Count(changed=1, same=2)
    assert first.counts["楼栋"] == Count(same=2)
    assert first.counts["角色"] == Count(same=3)
    with reading(engine) as session:
        grid = one(session, Grid, code=f"{C}1001")
        past = one(session, GridCode)
        assert (grid.id, grid.valid_from) == (before, date(2026, 1, 1))
        assert (past.grid_id, past.code, past.valid_from, past.valid_to) == (
            before, f"{C}0001", date(2026, 1, 1), date(2026, 12, 1),
        )  # fmt: skip
    assert not load(engine, recoded()).changed


def test_a_recoded_file_can_fill_an_empty_database(engine: Engine) -> None:
    load(engine, recoded())
    assert not load(engine, recoded()).changed


# warnings


@pytest.mark.parametrize(
    ("sheet", "row", "title", "cell", "say"),
    [
        ("角色", 3, "候补", "是", "网格“西网格”还没有全科网格员，请在角色表中补上"),
        ("人员", 3, "房号", "703", "人员 第3行 房号：这个单元共 6 层、每层 2 户，没有这个房号，请核对"),
        ("群", 2, "网格代码", "", "群 第2行 网格代码：空着时，群里说的事找不到网格，只能由兜底派单的人接"),
    ],
)
def test_doubts_are_told_but_do_not_stop(engine: Engine, sheet: str, row: int, title: str, cell: str, say: str) -> None:
    assert load(engine, with_cell(sheet, row, title, cell)).warnings == [say]


def test_places_can_come_before_people(engine: Engine) -> None:
    tables = town()
    places = {name: tables[name] for name in ("社区", "网格", "小区", "楼栋", "单元", "别名")}
    assert "社区“海棠湾社区”还没有兜底派单的人，请在角色表中给一人填“是”" in load(engine, places).warnings


# large files


def test_progress_ends_at_the_total(engine: Engine) -> None:
    seen: list[tuple[int, int]] = []
    tables = town()
    load(engine, tables, progress=lambda done, total: seen.append((done, total)))
    total = 2 * sum(len(table.rows) for table in tables.values())
    assert seen[-1] == (total, total)
    assert seen == sorted(seen)


def test_twenty_thousand_people_and_identities_in_twenty_seconds(engine: Engine, tmp_path: Path) -> None:
    load(engine, town())
    folder = tmp_path / "csv"
    folder.mkdir()
    _write(
        folder / "people.csv",
        ["编号", "姓名", "手机", "小区", "楼号", "单元", "房号"],
        ([f"P{n}", "某某", f"1380{n:07d}", "海棠苑", "3", "1", "601"] for n in range(20_000)),
    )
    _write(
        folder / "identities.csv",
        ["人员编号", "渠道", "账号", "昵称"],
        ([f"P{n}", "simulator", f"sim-{n}", "邻居"] for n in range(20_000)),
    )
    started = time.monotonic()
    summary = load(engine, sheets.read(folder))
    assert time.monotonic() - started < 20
    assert summary.counts == {"人员": Count(new=20_000), "账号": Count(new=20_000)}
    assert not load(engine, sheets.read(folder)).changed
    with reading(engine) as session:
        named = session.exec(pick(Identity.display_name, Person.code).join(Person).where(col(Person.code) == "P77"))
        assert named.all() == [("邻居", "P77")]
        assert len(session.exec(pick(Role)).all()) == 3


def _write(path: Path, head: list[str], rows: Iterator[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(head)
        out.writerows(rows)
