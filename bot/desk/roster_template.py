"""The empty workbook a clerk fills in: every sheet with its headers, one example row, and a page that explains.

Never holds real data. Cells are text, so Excel keeps long codes whole and nothing in them can act as a formula.
"""

import sys
from pathlib import Path

from openpyxl import Workbook  # type: ignore[import-untyped]
from openpyxl.styles import Alignment, Font, PatternFill  # type: ignore[import-untyped]
from openpyxl.utils import get_column_letter  # type: ignore[import-untyped]
from openpyxl.worksheet.datavalidation import DataValidation  # type: ignore[import-untyped]
from openpyxl.worksheet.worksheet import Worksheet  # type: ignore[import-untyped]

from bot.desk.roster_layout import SHEETS, Column, Sheet
from bot.desk.sheets import EXAMPLE, HELP

_ROWS = 2_000
_HEAD = PatternFill("solid", fgColor="DCE6F1")
_GREY = Font(color="64748B", italic=True)
_ADVICE = (
    "每张表第1行是列名，请不要改；不用的表和列可以整个删掉，删掉的部分导入时不会改动。",
    f"第2行是示例，开头写着“{EXAMPLE}”，导入时自动跳过，可以留着也可以删掉。",
    "所有单元格都已设为“文本”格式：16位网格代码若存成数字，Excel 会把末位变成0，请不要改格式。",
    "日期写成 2026-11-22；几个网格用顿号隔开；“是/否”只填这两个字。",
    "导入前会检查全部内容，有一处不对就整份不导入，并逐行说明怎么改；同一份导入两次不会重复。",
    "导入只新增和更新，不删除：网格停用请填停用日期。",
)


def template(path: Path) -> None:
    """Write the workbook to ``path``, replacing what is there."""
    book = Workbook()
    page = book.active
    page.title = HELP
    _explain(page)
    for sheet in SHEETS:
        _fill(book.create_sheet(sheet.name), sheet)
    book.save(path)


def _fill(page: Worksheet, sheet: Sheet) -> None:
    for index, column in enumerate(sheet.columns, start=1):
        _write(page, 1, index, column.title, Font(bold=True))
        page.cell(1, index).fill = _HEAD
        _write(page, 2, index, EXAMPLE + column.example if index == 1 else column.example, _GREY)
        letter = get_column_letter(index)
        page.column_dimensions[letter].width = max(12, 2 * len(column.title) + 4, len(column.example) + 6)
        page.column_dimensions[letter].number_format = "@"
        for row in range(3, 203):
            page.cell(row, index).number_format = "@"
        if column.choices:
            allowed = DataValidation("list", formula1=f'"{",".join(column.choices)}"', allow_blank=True)
            allowed.error = f"请填 {'、'.join(column.choices)} 之一"
            allowed.add(f"{letter}3:{letter}{_ROWS}")
            page.add_data_validation(allowed)
    page.freeze_panes = "A2"


def _explain(page: Worksheet) -> None:
    row = 0
    for row, advice in enumerate(_ADVICE, start=1):
        _write(page, row, 1, advice, Font())
    row += 2
    for index, title in enumerate(("表", "列", "必填", "示例", "说明"), start=1):
        _write(page, row, index, title, Font(bold=True))
    for sheet in SHEETS:
        for column in sheet.columns:
            row += 1
            words = (sheet.name, column.title, "是" if column.needed else "", column.example, _note(column))
            for index, word in enumerate(words, start=1):
                _write(page, row, index, word, Font())
    for letter, width in zip("ABCDE", (10, 16, 8, 30, 50), strict=True):
        page.column_dimensions[letter].width = width


def _note(column: Column) -> str:
    return f"{column.note}；可填 {'、'.join(column.choices)}" if column.choices else column.note


def _write(page: Worksheet, row: int, index: int, word: str, font: Font) -> None:
    cell = page.cell(row, index)
    cell.value = word
    cell.data_type = "s"  # never "f": a word that begins with = stays a word
    cell.number_format = "@"
    cell.quotePrefix = True
    cell.font = font
    cell.alignment = Alignment(vertical="top")


if __name__ == "__main__":
    try:
        template(Path(sys.argv[1]))
    except OSError:
        sys.exit(1)
