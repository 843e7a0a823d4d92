"""What each table of the import demands of a row: one function per sheet, in the order the tables build on each other.

A function takes the row in, or says what is wrong with it and goes on, so that a clerk sees every mistake at once.
Never writes; what concerns several rows together stands in ``roster_whole``.
"""

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from bot.desk.roster_book import Book, FormerCode, Line
from bot.desk.roster_cells import SHANGHAI
from bot.desk.roster_known import GROUP_GRIDS, Key, Values
from storage.grid import GridLevel
from storage.group import LISTENING_KINDS
from storage.person import STAFF, RoleKind

UNKNOWN_START = date(1970, 1, 1)
"""From when a former code held, where nobody wrote it down."""

_NEEDS_GRID = frozenset({RoleKind.ASSISTANT, RoleKind.WORKER, RoleKind.LEADER})
_WHOLE_COMMUNITY = frozenset({RoleKind.CHIEF, RoleKind.STREET, RoleKind.ADMIN, RoleKind.AUDITOR})


def community(line: Line) -> None:
    if line["社区代码"]:
        line.settle(line.plain())


def grid(line: Line) -> None:
    """The parent waits until all grids are in: see ``roster_whole.parents``."""
    code = line["网格代码"]
    if not code:
        return
    values = line.plain() | {"community_id": _community_of_grid(line, code)}
    stored = line.book.known.rows("网格").get((code,))
    starts: date | None = line["启用日期"]
    if line["原网格代码"]:
        _recode(line, (code,), starts or line.book.today)
    elif starts:
        values["valid_from"] = starts
    if stored is None:
        values["valid_from"] = starts or line.book.today
    first = values.get("valid_from") or (stored.values["valid_from"] if stored else None)
    if values.get("valid_to") and first and values["valid_to"] <= first:
        line.wrong("停用日期", f"要晚于启用日期 {first}，请核对")
    line.settle(values)


def estate(line: Line) -> None:
    owner = line.community()
    if owner and line["小区"]:
        line.settle(line.plain() | {"community_id": owner})


def building(line: Line) -> None:
    home = line.estate()
    if home is None or not line["楼号"]:
        return
    values = line.plain() | {"estate_id": home}
    if line["网格代码"]:
        values["grid_id"] = line.grid(home[:1])
    line.settle(values)


def unit(line: Line) -> None:
    home = line.estate()
    house = line.building(home) if home else None
    if house is None or not line["单元"]:
        return
    values = line.plain() | {"building_id": house}
    if line["网格代码"]:
        values["grid_id"] = line.grid(house[:1])
    elif "网格代码" in line or (*house, line["单元"]) not in line.book.known.rows("单元"):
        values["grid_id"] = (line.book.find("楼栋", house) or {}).get("grid_id")
    line.settle(values)


def alias(line: Line) -> None:
    home = line.estate()
    if home is None or not line["别名"]:
        return
    house, stairs = _address(line, home)
    line.settle(line.plain() | {"community_id": home[:1], "estate_id": home, "building_id": house, "unit_id": stairs})


def person(line: Line) -> None:
    home = line.estate()
    # an estate that was not found has been told already, and its community with it
    owner = home[:1] if home else None if line["小区"] else line.community()
    values = line.plain()
    if line["出生日期"] and line["出生日期"] > line.book.today:
        line.wrong("出生日期", "在今天以后，请核对")
    if {"小区", "楼号"} <= line.raw.keys():
        values["building_id"], values["unit_id"] = _address(line, home) if home else (None, None)
        if home and not line["楼号"]:
            line.wrong("楼号", "填了小区就要填楼号，请补上")
        if values["unit_id"] and line["房号"]:
            _room_fits(line, values["unit_id"])
    if not line["小区"]:
        for title in ("楼号", "单元", "房号"):
            if line[title] and "小区" in line.raw:
                line.wrong("小区", f"填了{title}就要填小区，请补上")
                break
    if line["编号"] and owner:
        line.settle(values | {"community_id": owner})


def role(line: Line) -> None:
    holder = line.person()
    kind = line["角色"]
    if holder is None or kind is None:
        return
    owner = line.community() if line["社区代码"] else (line.book.find("人员", holder) or {}).get("community_id")
    if owner is None:
        return
    where = line.grid(owner)
    if kind in _NEEDS_GRID and not line["网格代码"]:
        line.wrong("网格代码", f"{line.raw['角色']}要填写负责的网格，请补上")
    if kind in _WHOLE_COMMUNITY and line["网格代码"]:
        line.wrong("网格代码", f"{line.raw['角色']}管整个社区，请空着")
    if line["候补"] and kind != RoleKind.WORKER:
        line.wrong("候补", "只有全科网格员有候补，请填“否”")
    if line["兜底派单"] and kind not in STAFF:
        line.wrong("兜底派单", "要由工作人员兜底派单，请填“否”")
    line.settle(line.plain() | {"person_id": holder, "community_id": owner, "grid_id": where})


def identity(line: Line) -> None:
    values = line.plain()
    if "人员编号" in line:
        values["person_id"] = line.person()
    if line["渠道"] and line["账号"]:
        line.settle(values)


def absence(line: Line) -> None:
    who = line.person()
    starts, ends = line["开始"], line["结束"]
    if who is None or starts is None or ends is None:
        return
    begins = _moment(starts)
    # a bare day means that whole day, so the leave ends with the next midnight
    until = _moment(ends) if isinstance(ends, datetime) else _moment(ends + timedelta(days=1))
    if until <= begins:
        line.wrong("结束", "要晚于开始，请核对")
    line.settle(line.plain() | {"person_id": who, "starts": begins, "ends": until})


def duty(line: Line) -> None:
    """As a leave; the duty is that of the person's own community."""
    who = line.person()
    starts, ends = line["开始"], line["结束"]
    if who is None or starts is None or ends is None:
        return
    begins = _moment(starts)
    until = _moment(ends) if isinstance(ends, datetime) else _moment(ends + timedelta(days=1))
    if until <= begins:
        line.wrong("结束", "要晚于开始，请核对")
    owner = (line.book.find("人员", who) or {}).get("community_id")
    line.settle(line.plain() | {"person_id": who, "community_id": owner, "starts": begins, "ends": until})


def group(line: Line) -> None:
    words: tuple[str, ...] = line["网格代码"] or ()
    values = line.plain()
    stored = line.book.known.rows("群").get((line["渠道"] or "", line["群标识"] or ""))
    served: list[Key]
    if line["社区代码"] or not words:
        owner = stored.values["community_id"] if stored and not line["社区代码"] else line.community()
        served = line.grids(words, owner)
    else:
        served = line.grids(words, None)
        owners = {(line.book.find("网格", key) or {}).get("community_id") for key in served}
        owner = owners.pop() if len(owners) == 1 else None
        if owners:
            line.wrong("网格代码", "这些网格属于几个社区，请只填一个社区的网格")
    if "网格代码" in line:
        values[GROUP_GRIDS] = frozenset(served)
        if not words and line["类型"] in LISTENING_KINDS:
            line.warn("网格代码", "空着时，群里说的事找不到网格，只能由兜底派单的人接")
    if {"发言渠道", "发言地址"} <= line.raw.keys() and bool(line["发言渠道"]) != bool(line["发言地址"]):
        line.wrong("发言地址", "发言渠道和发言地址要么都填，要么都空着")
    if owner and line["渠道"] and line["群标识"]:
        line.settle(values | {"community_id": owner})


CHECKS: dict[str, Callable[[Line], None]] = {
    "社区": community,
    "网格": grid,
    "小区": estate,
    "楼栋": building,
    "单元": unit,
    "别名": alias,
    "人员": person,
    "角色": role,
    "账号": identity,
    "请假": absence,
    "值班": duty,
    "群": group,
}


def _community_of_grid(line: Line, code: str) -> Key:
    prefix = code[:12]
    said = line["社区代码"]
    if said and said != prefix:
        line.wrong("网格代码", f"{code} 前12位与社区代码不一致，请改成以 {said} 开头的16位代码")
    elif line.book.find("社区", (prefix,)) is None:
        line.wrong("网格代码", f"{code} 前12位不是任何社区的代码，请改正，或先在社区表中新增这个社区")
    return (prefix,)


def _recode(line: Line, new: Key, starts: date) -> None:
    """Keep the code that the grid bore until ``starts``, unless it is on record already."""
    book: Book = line.book
    old: str = line["原网格代码"]
    stored = book.known.rows("网格").get(new)
    if old == new[0]:
        line.wrong("原网格代码", "与网格代码相同，没有换代码时请空着")
        return
    if (old,) in book.known.rows("网格"):
        line.wrong("原网格代码", f"{old} 仍是另一个网格的代码，请核对")
        return
    past = [(grid, code, ends) for code, rows in book.known.history().items() for grid, _, ends in rows]
    if any(grid == new and code == old for grid, code, _ in past):
        return
    begun: date = stored.values["valid_from"] if stored else UNKNOWN_START
    begun = max([begun, *(ends for grid, _, ends in past if grid == new and ends)])
    if starts <= begun:
        line.wrong("启用日期", f"新代码的启用日期要晚于 {begun}，请核对")
    book.former.append(FormerCode(new, old, begun, starts))


def _address(line: Line, home: Key) -> tuple[Key | None, Key | None]:
    """The building and unit in a row that has named its estate."""
    house = line.building(home)
    if house:
        return house, line.unit(house)
    if line["单元"] and not line["楼号"]:
        line.wrong("楼号", "填了单元就要填楼号，请补上")
    return None, None


def _room_fits(line: Line, stairs: Key) -> None:
    """601 is the first door on the sixth floor; a room beyond the unit is only doubted, real houses have them."""
    values: Values = line.book.find("单元", stairs) or {}
    found = re.fullmatch(r"(\d{1,2})(\d{2})", line["房号"])
    size = (values.get("floors", 99), values.get("doors", 99))
    if found and not (1 <= int(found[1]) <= size[0] and 1 <= int(found[2]) <= size[1]):
        line.warn("房号", f"这个单元共 {size[0]} 层、每层 {size[1]} 户，没有这个房号，请核对")


def _moment(said: date | datetime) -> datetime:
    return said if isinstance(said, datetime) else datetime.combine(said, time(), SHANGHAI)


def is_active_grid(values: Values, today: date) -> bool:
    """Whether it is a working grid (not a micro-grid) that still exists."""
    return values.get("level") == GridLevel.GRID and (values.get("valid_to") is None or values["valid_to"] > today)
