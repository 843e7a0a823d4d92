"""Counts from a table: finds the columns, reads each row, and says what is wrong with it. Never reckons a score.

Columns may bear their plain names (``due``), their Chinese ones (应结案数) or both (``应结案数_due``). All wrong rows
are told at once and nothing is returned; a row that merely lacks something is returned with what it has.
"""

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from bot.reports.assessment import NUMERATORS, Counts, Printed
from bot.reports.csv_in import UnreadableFile, read_lines
from bot.texts import assessment as words
from config.scheme import RATES, Rate, Scheme

COUNTS = ("due", "closed", "on_time", "extended", "extension_base", "first_pass", "first_pass_base")
COLUMNS = ("group", "unit", *COUNTS, "media_deduction", *(f"{rate}_pct" for rate in RATES))
_ALSO = {
    "unit": ("单位", "单位名称", "网格/单位", "网格", "名称"),
    "group": ("类型", "分组", "组"),
    "due": ("应结案", "应结案件数"),
    "closed": ("结案", "结案件数", "已结案数"),
    "on_time": ("按期数", "按期件数", "按时结案数"),
    "on_time_pct": ("按时结案率",),
    "extended": ("延期件数", "延期案件数"),
    "extension_base": ("派单件数", "派遣数", "延期基数"),
    "first_pass": ("一次完成件数",),
    "first_pass_base": ("办理完件数", "一次完成基数"),
    "media_deduction": ("督办扣分", "扣分"),
}
_NAMES = {word: name for name in COLUMNS for word in (name, words.TITLES[name], *_ALSO.get(name, ()))}
# a count that somebody worked out from a printed rate serves where there is no better one
_IMPLIED = {"implied_on_time_count": "on_time"}
# what tables of this kind carry besides, ours included
_BESIDES = {"no", "序号", "score", "考评得分", "得分", "note", "备注", "code", "received", "self_handled", "registered"}
_OPTIONAL = ("media_deduction", "group")
_BLANK = {"", "-", "–", "—", "——", "--", "/", "\\", "无", "空", "n/a", "na", "null", "none", "nan", "#div/0!", "#n/a"}
_HEADER_WITHIN = 10
_MEASURE = re.compile(r"[(（](?:%|‰|件|个|分|数)[)）]")
_COUNT = re.compile(r"(\d{1,12})(?:\.0*)?")
_NUMBER = re.compile(r"\d{1,6}(?:\.\d{0,20})?")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
# a printed rate may have been rounded or cut off at its second decimal
_NEAR = Fraction(1, 10_000)


class WrongCounts(Exception):
    """Nothing was reckoned; ``errors`` says why, one Chinese line per wrong row."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The rows in their order. ``chinese``: how the table's own columns were called. ``remarks`` concern all rows."""

    rows: tuple[Counts, ...]
    chinese: bool
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Header:
    number: int
    columns: dict[int, str]
    unused: tuple[str, ...]
    chinese: bool


def read_table(raw: bytes, scheme: Scheme) -> Table:
    """The counts of a CSV file. Raises ``WrongCounts``."""
    try:
        lines = read_lines(raw)
    except UnreadableFile as unreadable:
        raise WrongCounts([str(unreadable)]) from None
    header = _header(lines.cells)
    rows: list[Counts] = []
    errors: list[str] = []
    remarks = _about_columns(header, scheme)
    for number, cells in enumerate(lines.cells[header.number :], start=header.number + 1):
        if not any(cells):
            continue
        named = {name: cells[index] for index, name in header.columns.items() if index < len(cells)}
        short = any(index >= len(cells) and name not in _OPTIONAL for index, name in header.columns.items())
        if short and lines.torn and number == len(lines.cells):
            _drop_torn(named, header.columns.get(len(cells) - 1, ""))
        if short and not named.get("unit"):
            remarks.append(f"第{number}行残缺，没有单位名称，略去")
            continue
        counts, problems = _counts(named, scheme, short=short)
        if problems:
            errors.append(f"第{number}行{f'（{counts.unit}）' if counts.unit else ''}：{'；'.join(problems)}")
        rows.append(counts)
    if not rows and not errors:
        errors.append(f"第{header.number}行以下没有数据，请在列名下面填写各单位的件数")
    if errors:
        raise WrongCounts(errors)
    return Table(rows=tuple(rows), chinese=header.chinese, remarks=(*remarks, *_about_rates(rows, scheme)))


def impossible(counts: Counts, scheme: Scheme) -> list[str]:
    """What cannot be true about these counts, one Chinese sentence each."""
    found = []
    for rate in RATES:
        number = counts.count(NUMERATORS[rate])
        term = scheme.term(rate)
        base = next((name for name in term.bases if counts.count(name) is not None), None)
        size = None if base is None else counts.count(base)
        if number is None or base is None or size is None:
            continue
        title, wide = words.TITLES[NUMERATORS[rate]], words.TITLES[base]
        if number > size:
            found.append(f"{title}{number}比{wide}{size}还多，请核对这两列")
        elif (printed := counts.printed.get(rate)) and size and base == term.bases[0]:
            exact = Fraction(number, size)
            if abs(exact - printed.value) > _NEAR:
                shown = f"{float(printed.percent):g}%", f"{title}÷{wide}是{float(exact * 100):.2f}%"
                found.append(f"{words.RATES[rate]}写的是{shown[0]}，{shown[1]}，请改正其中一个")
    return found


def _header(lines: list[list[str]]) -> _Header:
    """The first row that names the unit and a number; above it a table may have its title."""
    for number, cells in enumerate(lines[:_HEADER_WITHIN], start=1):
        found = [(index, _name(cell), cell) for index, cell in enumerate(cells)]
        named = {index: name for index, name, _ in found if name}
        if "unit" not in named.values() or not set(named.values()) - {"unit", "group"}:
            continue
        columns = {index: _IMPLIED.get(name, name) for index, name in named.items()
                   if _IMPLIED.get(name) not in named.values()}  # fmt: skip
        twice = dict.fromkeys(name for name in columns.values() if list(columns.values()).count(name) > 1)
        if twice:
            raise WrongCounts(
                [f"第{number}行：“{words.TITLES[name]}（{name}）”这一列出现了两次，请只留一列" for name in twice]
            )
        unused = tuple(cell for _, name, cell in found if cell and not name and _plain(cell) not in _BESIDES)
        unit = next(cell for index, _, cell in found if columns.get(index) == "unit")
        return _Header(number, columns, unused, chinese=not unit.isascii())
    known = "、".join(f"{words.TITLES[name]}（{name}）" for name in COLUMNS)
    if not any(any(cells) for cells in lines):
        raise WrongCounts(["表格是空的，请在第1行写列名，以下每行写一个单位"])
    raise WrongCounts([f"没有找到列名：其中要有“部门单位（unit）”和至少一列数字，请在第1行写明；可用的列：{known}"])


def _name(header: str) -> str:
    """The column that a header means, or ``""``. ``应结案数_due`` is known by either half."""
    plain = _MEASURE.sub("", "".join(unicodedata.normalize("NFKC", header).split())).casefold()
    head, _, tail = plain.partition("_")
    for word in (plain,) if head.isascii() else (plain, tail, head):
        if word in _NAMES or word in _IMPLIED:
            return _NAMES.get(word, word)
    return ""


def _plain(header: str) -> str:
    """The part of a header that ``_BESIDES`` knows: ``考评得分_score`` → ``score``."""
    head, _, tail = header.casefold().partition("_")
    return tail if tail and not head.isascii() else header.casefold()


def _drop_torn(named: dict[str, str], last: str) -> None:
    """The last cell of a row that was cut off may be half a number, unless it is a rate with both its decimals."""
    if last in named and last != "unit" and not (last.endswith("_pct") and re.search(r"\.\d\d", named[last])):
        del named[last]


def _counts(named: dict[str, str], scheme: Scheme, *, short: bool) -> tuple[Counts, list[str]]:
    problems: list[str] = []
    values: dict[str, Any] = {"unit": ""}
    printed: dict[Rate, Printed] = {}
    for name, cell in named.items():
        if name in ("unit", "group"):
            values[name] = cell
            continue
        number = _THOUSANDS.sub("", unicodedata.normalize("NFKC", cell).replace(" ", ""))
        if number.casefold() in _BLANK:
            continue
        rate = next((rate for rate in RATES if name == f"{rate}_pct"), None)
        try:
            if rate is not None:
                printed[rate] = _percent(number)
            else:
                values[name] = _points(number) if name == "media_deduction" else _whole(number)
        except ValueError as why:
            problems.append(f"{words.TITLES[name]}“{_short(cell)}”{why}")
    counts = Counts(**values, printed=printed)
    if not counts.unit:
        problems.append("没有写单位，请补上单位名称，或删除这一行")
    if not problems and not short and counts.due is None and "closure" not in printed:
        problems.append("应结案数没有填，请补上；没有应结的案件就填 0")
    return counts, problems or impossible(counts, scheme)


def _whole(number: str) -> int:
    match = _COUNT.fullmatch(number)
    if not match:
        raise ValueError("不是件数，请填写 0 或正整数")
    return int(match[1])


def _points(number: str) -> Fraction:
    if not _NUMBER.fullmatch(number):
        raise ValueError("不是扣多少分，请填写 0 或正数，如 0.2")
    return Fraction(number.rstrip("."))


def _percent(number: str) -> Printed:
    plain = number.removesuffix("%")
    if not _NUMBER.fullmatch(plain) or Fraction(plain.rstrip(".")) > 100:
        raise ValueError("不是 0 到 100 的百分数，请填写如 99.87")
    return Printed(Fraction(plain.rstrip(".")), max(len(plain.partition(".")[2]), 2))


def _short(cell: str) -> str:
    return cell if len(cell) <= 20 else cell[:20] + "…"


def _about_columns(header: _Header, scheme: Scheme) -> list[str]:
    """What everybody should know who reads the result: columns that were not used, denominators that were replaced."""
    remarks = [words.unused(header.unused)] if header.unused else []
    there = set(header.columns.values())
    for rate in RATES:
        wanted, *others = scheme.term(rate).bases
        instead = next((base for base in others if base in there), None)
        if NUMERATORS[rate] in there and wanted not in there and instead and f"{rate}_pct" not in there:
            remarks.append(words.stands_in(rate, instead, wanted))
    return remarks


def _about_rates(rows: list[Counts], scheme: Scheme) -> list[str]:
    bare = [
        rate
        for rate in RATES
        if any(rate in row.printed and row.count(scheme.term(rate).bases[0]) is None for row in rows)
    ]
    return [words.only_printed(bare)] if bare else []
