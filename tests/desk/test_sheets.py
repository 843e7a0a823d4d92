"""Reading what clerks hand in: CSV in whatever Excel saved it, and workbooks. Never opens a database."""

from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook  # type: ignore[import-untyped]

from bot.desk import roster_template
from bot.desk.roster_cells import text
from bot.desk.roster_layout import SHEETS, Column, Sheet
from bot.desk.roster_template import template
from bot.desk.sheets import WrongRows, clean, read

ALL_SHEETS = "社区、网格、小区、楼栋、单元、别名、人员、角色、账号、请假、值班、群"
LOST = "Excel 把长代码存成了数字，末尾几位已经丢失，请把这一列设为“文本”格式后重新填写"


def write(folder: Path, name: str, words: str, encoding: str = "utf-8") -> None:
    (folder / name).write_bytes(words.encode(encoding))


def workbook(path: Path, **sheets: list[list[object]]) -> Path:
    book = Workbook()
    book.remove(book.active)
    for name, lines in sheets.items():
        page = book.create_sheet(name)
        for line in lines:
            page.append(line)
    book.save(path)
    return path


def refusal(path: Path) -> list[str]:
    with pytest.raises(WrongRows) as caught:
        read(path)
    return caught.value.errors


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_is_read_in_the_encodings_excel_saves(tmp_path: Path, encoding: str) -> None:
    write(tmp_path, "estates.csv", "社区代码,小区\r\n140109001901,槐荫里\r\n", encoding)
    (row,) = read(tmp_path)["小区"].rows
    assert row.cells == {"社区代码": "140109001901", "小区": "槐荫里"}


def test_rows_keep_the_number_excel_shows_and_blank_rows_are_skipped(tmp_path: Path) -> None:
    write(tmp_path, "estates.csv", '小区\n海棠苑\n\n"滨河\n苑"\n ,\n槐荫里\n')
    assert [(row.number, row.cells["小区"]) for row in read(tmp_path)["小区"].rows] == [
        (2, "海棠苑"), (4, "滨河 苑"), (6, "槐荫里"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        (3.0, "3"), (3.5, "3.5"), (140109001901.0, "140109001901"), ("140109001901.0", "140109001901"),
        ("　１２３ ", "123"), ("\u00a03号楼\u200b", "3号楼"), (True, "是"), (None, ""),
        (date(2026, 11, 22), "2026-11-22"), (datetime.fromisoformat("2026-11-22"), "2026-11-22"),
        (datetime.fromisoformat("2026-11-22 08:30"), "2026-11-22 08:30"), ("v1.0", "v1.0"), ("沈\x00岚", "沈岚"),
    ],
)  # fmt: skip
def test_cells_become_the_text_the_clerk_meant(cell: object, meant: str) -> None:
    assert clean(cell) == meant


def test_tabs_and_semicolons_separate_as_well(tmp_path: Path) -> None:
    write(tmp_path, "buildings.csv", "小区\t楼号\t网格代码\n海棠苑\t3\t1401090019010001\n")
    assert read(tmp_path)["楼栋"].rows[0].cells["楼号"] == "3"


def test_csv_files_may_bear_the_chinese_name_and_other_files_are_left_alone(tmp_path: Path) -> None:
    write(tmp_path, "小区.csv", "小区\n海棠苑\n")
    write(tmp_path, "说明.txt", "随便写写")
    assert list(read(tmp_path)) == ["小区"]


def test_a_workbook_gives_the_same_cells_as_text(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx",
        社区=[["社区代码", "名称"], [140109001901.0, " 海棠湾社区 "]],
        请假=[
            ["人员编号", "开始", "结束"],
            ["W01", date(2026, 11, 22), datetime.fromisoformat("2026-11-23 14:30")],
            [],
            ["W02", 1, 2],
        ],
        Sheet1=[],
        说明=[["怎么填都行"]],
    )
    tables = read(path)
    assert tables["社区"].rows[0].cells == {"社区代码": "140109001901", "名称": "海棠湾社区"}
    assert tables["请假"].rows[0].cells == {"人员编号": "W01", "开始": "2026-11-22", "结束": "2026-11-23 14:30"}
    assert tables["请假"].rows[1].number == 4
    assert set(tables) == {"社区", "请假"}


def test_a_code_that_excel_made_a_number_is_refused_not_guessed(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", 网格=[["网格代码", "名称"], [1401090019010001, "海棠苑东网格"]])
    assert refusal(path) == [f"网格 第2行 网格代码：{LOST}"]
    write(tmp_path, "grids.csv", "网格代码,名称\n1.40109E+15,海棠苑东网格\n")
    assert refusal(tmp_path) == [f"网格 第2行 网格代码：{LOST}"]


def test_unknown_sheets_and_columns_are_named_with_what_is_allowed(tmp_path: Path) -> None:
    write(tmp_path, "estates.csv", "小区,备注,小区\n海棠苑,,\n")
    write(tmp_path, "cars.csv", "车牌\n晋A00000\n")
    assert refusal(tmp_path) == [
        f"没有“cars”这张表，请改名或删除；可用的表：{ALL_SHEETS}",
        "小区 第1行：没有“备注”这一列，请改名或删除；可用的列：社区代码、小区",
        "小区 第1行：“小区”这一列出现了两次，请只留一列",
    ]


def test_a_surplus_cell_is_told_with_its_row(tmp_path: Path) -> None:
    write(tmp_path, "estates.csv", "小区\n海棠苑,多了一格\n")
    assert refusal(tmp_path) == ["小区 第2行：有内容落在没有列名的地方，请补上列名，或检查是否多了逗号"]


def test_one_table_twice_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "estates.csv", "小区\n海棠苑\n")
    write(tmp_path, "小区.csv", "小区\n滨河苑\n")
    assert refusal(tmp_path) == ["小区：这张表出现了两次，请只留一张"]


@pytest.mark.parametrize(
    ("name", "content", "say"),
    [
        ("a.xlsx", b"not a zip", "“a.xlsx”打不开，文件可能损坏或有密码，请在 Excel 中取消密码并重新另存为 .xlsx"),
        ("a.xls", b"", "“a.xls”不是 .xlsx 工作簿，请在 Excel 中另存为 .xlsx，或把各表存成 CSV 放进一个文件夹"),
    ],
)
def test_files_that_are_no_workbook(tmp_path: Path, name: str, content: bytes, say: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert refusal(tmp_path / name) == [say]


def test_folders_that_hold_nothing_readable(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nowhere") == ["没有“nowhere”，请检查文件或文件夹的位置"]
    assert refusal(tmp_path) == [f"里面没有可导入的表，请按模板填写；可用的表：{ALL_SHEETS}"]
    (tmp_path / "estates.csv").write_bytes(b"\xff\xff\xff")
    assert refusal(tmp_path) == ["“estates.csv”的文字读不出来，请在 Excel 中另存为“CSV UTF-8（逗号分隔）”"]
    write(tmp_path, "estates.csv", '小区\n"海棠苑\n')
    assert refusal(tmp_path) == ["“estates.csv”的引号不成对，请在 Excel 中重新另存为 CSV"]


def test_the_template_has_every_column_and_its_example_rows_are_not_data(tmp_path: Path) -> None:
    path = tmp_path / "模板.xlsx"
    template(path)
    tables = read(path)
    assert {name: table.headers for name, table in tables.items()} == {sheet.name: sheet.titles for sheet in SHEETS}
    assert all(table.rows == () for table in tables.values())


def test_nothing_in_the_template_can_act_as_a_formula(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = (Column("社区代码", text(9), example="x"), Column("名称", text(9), example="=1+1"))
    sly = Sheet("社区", "communities", columns)
    monkeypatch.setattr(roster_template, "SHEETS", (sly,))
    template(tmp_path / "t.xlsx")
    book = load_workbook(tmp_path / "t.xlsx")
    cell = book["社区"]["B2"]
    assert (cell.data_type, cell.value, cell.quotePrefix, cell.number_format) == ("s", "=1+1", True, "@")
    assert not any(each.data_type == "f" for page in book for row in page.iter_rows() for each in row)
