"""What one cell of the import may say: text as a clerk types it in, typed value out. Never looks at other cells.

Every reader takes the trimmed, non-empty text and raises ``WrongCell`` with the Chinese sentence that says what is
wrong and how to mend it. Phones and names are never repeated in a sentence.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from bot.desk.clock import Hours
from storage.grid import COMMUNITY_CODE, GRID_CODE

SHANGHAI = ZoneInfo("Asia/Shanghai")

Reader = Callable[[str], object]

_MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9]\d{9})")
_LANDLINE = re.compile(r"(0(?:10|2\d|[3-9]\d{2}))-?(\d{7,8})(-\d{1,6})?")
_SERVICE = re.compile(r"[48]00\d{7}|[19]\d{4,5}|[2-8]\d{6,7}")
_DASHES = str.maketrans("－—–", "---")
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{4})(\d{2})(\d{2})")
_MOMENT = re.compile(r"(.+?)[ T]+(\d{1,2})[:：](\d{2})(?:[:：]\d{2})?")
_EARLIEST = 1900
_DIGITS = {word: number for number, word in enumerate("零一二三四五六七八九")}


class WrongCell(ValueError):
    """The cell cannot be used; ``str()`` is the Chinese reason and the way to mend it."""


def text(limit: int) -> Callable[[str], str]:
    def read(cell: str) -> str:
        if len(cell) > limit:
            raise WrongCell(f"有 {len(cell)} 个字，最多 {limit} 个，请缩短")
        return cell

    return read


def community_code(cell: str) -> str:
    if not re.fullmatch(COMMUNITY_CODE, cell):
        raise WrongCell(f"“{cell}”不是12位数字，请填写12位社区代码")
    return cell


def grid_code(cell: str) -> str:
    if not re.fullmatch(GRID_CODE, cell):
        raise WrongCell(f"“{cell}”不是16位数字，请填写16位网格代码")
    return cell


def grid_codes(cell: str) -> tuple[str, ...]:
    """Several codes or names, in the order written, each once."""
    return tuple(dict.fromkeys(part for part in re.split(r"[、;；,，\s]+", cell) if part))


def hours(cell: str) -> str:
    """A text the clock can work by."""
    try:
        Hours.parse(text(400)(cell))
    except WrongCell:
        raise
    except ValueError as error:
        raise WrongCell(str(error)) from None
    return cell


def tag(cell: str) -> str:
    if not re.fullmatch(r"[A-Z0-9]{2,8}", cell.upper()):
        raise WrongCell(f"“{cell}”不能作案件编号的开头，请填 2 到 8 个大写字母或数字，例如 HTW")
    return cell.upper()


def phone(cell: str) -> str:
    """A mobile as 11 digits, a landline as ``0351-0000000``, a short service number as it is."""
    plain = re.sub(r"[\s()（）]", "", cell).translate(_DASHES)
    if mobile := _MOBILE.fullmatch(plain.replace("-", "")):
        return mobile[1]
    if landline := _LANDLINE.fullmatch(plain):
        return f"{landline[1]}-{landline[2]}{landline[3] or ''}"
    if _SERVICE.fullmatch(plain.replace("-", "")):
        return plain
    raise WrongCell("不是11位手机号，也不是带区号的座机，请核对，例如 13800000000 或 0351-0000000")


def yes_no(cell: str) -> bool:
    if cell not in ("是", "否"):
        raise WrongCell(f"“{cell}”看不懂，请填“是”或“否”")
    return cell == "是"


def choice(values: Mapping[str, str]) -> Reader:
    """A Chinese word in, the word stored for it out."""

    def read(cell: str) -> str:
        if cell not in values:
            raise WrongCell(f"没有“{cell}”这一种，请填 {'、'.join(values)} 之一")
        return values[cell]

    return read


def count(cell: str) -> int:
    if not re.fullmatch(r"\d{1,4}", cell) or not 1 <= int(cell) <= 99:
        raise WrongCell(f"“{cell}”不对，请填 1 到 99 的整数")
    return int(cell)


def building(cell: str) -> str:
    """「3号楼」「3#」「三栋」「03」 all mean ``3``; at most ten characters remain."""
    return _number(cell, r"(?:号楼|号|栋|幢|楼|#|＃)$", "楼号")


def unit(cell: str) -> str:
    return _number(cell, r"(?:号?单元|门|#|＃)$", "单元")


def room(cell: str) -> str:
    return _number(cell, r"(?:室|号|户)$", "房号")


def day(cell: str) -> date:
    """``2026-11-22``, ``2026/11/22``, ``2026年11月22日``, ``20261122``; a time of 0:00 behind it is Excel's own."""
    plain = re.sub(r"[ T]+0{1,2}:00(:00)?$", "", cell)
    found = _DAY.fullmatch(plain)
    if found:
        year, month, number = (int(part) for part in found.groups() if part)
        try:
            result = date(year, month, number)
        except ValueError:
            pass
        else:
            if result.year >= _EARLIEST:
                return result
    raise WrongCell(f"“{cell}”不是日期，请写成 2026-11-22")


def moment(cell: str) -> datetime | date:
    """A day, or a day with a time; an aware Shanghai time in the second case."""
    found = _MOMENT.fullmatch(cell)
    if not found:
        return day(cell)
    hour, minute = int(found[2]), int(found[3])
    if hour > 23 or minute > 59:
        raise WrongCell(f"“{cell}”不是时间，请写成 2026-11-22 或 2026-11-22 08:30")
    on = day(found[1])
    return datetime(on.year, on.month, on.day, hour, minute, tzinfo=SHANGHAI)


def _number(cell: str, ending: str, what: str) -> str:
    plain = re.sub(ending, "", cell.replace(" ", ""))
    if re.fullmatch(r"[一二三四五六七八九]?十?[一二三四五六七八九]?", plain) and plain:
        plain = str(_spelled(plain))
    plain = "".join(chr(ord(c) - 0xFEE0) if "Ａ" <= c <= "Ｚ" or "ａ" <= c <= "ｚ" else c for c in plain).upper()
    plain = re.sub(r"^0+(?=\d)", "", plain)
    if not plain or len(plain) > 10:
        raise WrongCell(f"“{cell}”不能作{what}，请写得短一些，例如 3 或 12A")
    return plain


def _spelled(word: str) -> int:
    """一 … 九十九 as a number."""
    tens, ten, ones = word.rpartition("十")
    if not ten:
        return int("".join(str(_DIGITS[each]) for each in ones))
    return (_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0)
