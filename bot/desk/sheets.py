"""Reads a folder of CSV files or one workbook into raw tables of trimmed text. Never touches the database.

What the cells mean is not decided here, only what was written: encoding, Excel's numbers and dates, blank rows.
A row keeps the number that Excel shows for it.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

import python_calamine

from bot.desk.errors import Refusal
from bot.desk.roster_layout import BY_NAME, SHEETS

HELP = "说明"
EXAMPLE = "例："

_BIGGEST = 64 * 1024 * 1024
_UNPACKED = 512 * 1024 * 1024
# Excel keeps 15 digits of a number and turns the rest into zeros
_EXACT = 10**15
_SPACES = " \t\r\n\v\f\u00a0\u3000\u200b\u200c\u200d\u2060\ufeff"
# full-width digits become plain ones, line breaks a space; other control characters have no business in a name
_MENDED: dict[int, str | None] = dict.fromkeys((*range(32), 127))
_MENDED |= dict.fromkeys(map(ord, "\t\r\n"), " ")
_MENDED |= {ord(wide): str(digit) for digit, wide in enumerate("０１２３４５６７８９")}
_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?[Ee]\+\d{2,3}")
_LOST = "Excel 把长代码存成了数字，末尾几位已经丢失，请把这一列设为“文本”格式后重新填写"
_NAMES = {word: sheet.name for sheet in SHEETS for word in (sheet.name, sheet.stem)}


class WrongRows(Refusal):
    """The import was refused and nothing was changed; ``errors`` says why, one Chinese line each."""

    def __init__(self, errors: Iterable[str]) -> None:
        self.errors = list(errors)
        super().__init__("\n".join(self.errors))


@dataclass(frozen=True, slots=True)
class RawRow:
    """``number`` as Excel shows it; ``cells`` by header, every header of the table present, blank is ``""``."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class RawTable:
    headers: tuple[str, ...]
    rows: tuple[RawRow, ...]


Tables = dict[str, RawTable]
"""By sheet name (网格, 人员 …); a table that was not there is not in it."""
_Line = list[str]


def read(path: Path) -> Tables:
    """The tables of a CSV folder or an ``.xlsx`` file. Raises ``WrongRows`` when it cannot be read as such."""
    if path.is_dir():
        return _tables(_csv_files(path))
    if not path.is_file():
        raise WrongRows([f"没有“{path.name}”，请检查文件或文件夹的位置"])
    if path.suffix.lower() != ".xlsx":
        raise WrongRows([f"“{path.name}”不是 .xlsx 工作簿，请在 Excel 中另存为 .xlsx，或把各表存成 CSV 放进一个文件夹"])
    return _tables(_workbook(path))


def clean(value: object) -> str:
    """A cell as text: ``3.0`` → ``3``, Excel dates as ``2026-11-22``, full-width digits and stray spaces mended."""
    match value:
        case None:
            return ""
        case bool():
            return "是" if value else "否"
        case int() | float():
            return str(int(value)) if float(value).is_integer() else repr(value)
        case datetime():
            return f"{value:%Y-%m-%d}" if value.time() == time() else f"{value:%Y-%m-%d %H:%M}"
        case date():
            return value.isoformat()
        case time():
            return f"{value:%H:%M}"
        case timedelta():
            minutes = int(value.total_seconds()) // 60
            return f"{minutes // 60:02d}:{minutes % 60:02d}"
    plain = str(value).strip(_SPACES).translate(_MENDED)
    return plain.removesuffix(".0") if plain.endswith(".0") and plain[:-2].isdigit() else plain


def _csv_files(folder: Path) -> Iterator[tuple[str, list[_Line]]]:
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() == ".csv" and not file.name.startswith((".", "~")):
            yield file.stem, _csv(file)


def _csv(file: Path) -> list[_Line]:
    if file.stat().st_size > _BIGGEST:
        raise WrongRows([f"“{file.name}”超过 64 MB，请分成几次导入"])
    raw = file.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            words = raw.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise WrongRows([f"“{file.name}”的文字读不出来，请在 Excel 中另存为“CSV UTF-8（逗号分隔）”"])
    first = words.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(",", "\t", ";", key=first.count)
    try:
        lines = list(csv.reader(io.StringIO(words, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        raise WrongRows([f"“{file.name}”的引号不成对，请在 Excel 中重新另存为 CSV"]) from None
    return [[clean(cell) for cell in line] for line in lines]


def _workbook(file: Path) -> Iterator[tuple[str, list[_Line]]]:
    unreadable = WrongRows([f"“{file.name}”打不开，文件可能损坏或有密码，请在 Excel 中取消密码并重新另存为 .xlsx"])
    try:
        with zipfile.ZipFile(file) as packed:
            if sum(part.file_size for part in packed.infolist()) > _UNPACKED:
                raise WrongRows([f"“{file.name}”太大，请分成几次导入"])
        with python_calamine.CalamineWorkbook.from_path(file) as book:
            found = [(name, book.get_sheet_by_name(name).to_python(skip_empty_area=False)) for name in book.sheet_names]
    except (zipfile.BadZipFile, python_calamine.CalamineError):
        raise unreadable from None
    for name, lines in found:
        if name.strip(_SPACES) != HELP:
            yield name, [[_LOST if _lost_digits(cell) else clean(cell) for cell in line] for line in lines]


def _lost_digits(cell: object) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool) and abs(cell) >= _EXACT


def _tables(found: Iterable[tuple[str, list[_Line]]]) -> Tables:
    tables: Tables = {}
    errors: list[str] = []
    for title, lines in found:
        name = _NAMES.get(title.strip(_SPACES))
        if name is None:
            if any(any(line) for line in lines):
                errors.append(f"没有“{title}”这张表，请改名或删除；可用的表：{_listed(BY_NAME)}")
        elif name in tables:
            errors.append(f"{name}：这张表出现了两次，请只留一张")
        elif any(any(line) for line in lines):
            table, wrong = _table(name, lines)
            tables[name] = table
            errors += wrong
    if not tables and not errors:
        errors.append(f"里面没有可导入的表，请按模板填写；可用的表：{_listed(BY_NAME)}")
    if errors:
        raise WrongRows(errors)
    return tables


def _table(name: str, lines: list[_Line]) -> tuple[RawTable, list[str]]:
    top = next(index for index, line in enumerate(lines) if any(line))
    headers = lines[top]
    allowed = BY_NAME[name].titles
    errors = [
        f"{name} 第{top + 1}行：没有“{header}”这一列，请改名或删除；可用的列：{_listed(allowed)}"
        for header in headers
        if header and header not in allowed
    ]
    twice = dict.fromkeys(header for header in headers if header and headers.count(header) > 1)
    errors += [f"{name} 第{top + 1}行：“{header}”这一列出现了两次，请只留一列" for header in twice]
    rows: list[RawRow] = []
    for number, line in enumerate(lines[top + 1 :], start=top + 2):
        if not any(line) or next(filter(None, line)).startswith(EXAMPLE):
            continue
        if any(cell for index, cell in enumerate(line) if index >= len(headers) or not headers[index]):
            errors.append(f"{name} 第{number}行：有内容落在没有列名的地方，请补上列名，或检查是否多了逗号")
            continue
        cells = {header: line[index] if index < len(line) else "" for index, header in enumerate(headers) if header}
        spoiled = [header for header, cell in cells.items() if cell == _LOST or _SCIENTIFIC.fullmatch(cell)]
        errors += [f"{name} 第{number}行 {header}：{_LOST}" for header in spoiled]
        rows.append(RawRow(number, cells))
    return RawTable(tuple(filter(None, headers)), tuple(rows)), errors


def _listed(names: Iterable[str]) -> str:
    return "、".join(names)
