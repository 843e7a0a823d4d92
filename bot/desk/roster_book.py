"""The import before it is written: the file's rows laid over what is stored, and everything found wrong with them.

Reads the cells of one row by the layout and finds the rows it refers to, in the file or in the database. Never
writes, and never decides what a particular table demands: that is ``roster_rows``.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from bot.desk.roster_cells import SHANGHAI, WrongCell
from bot.desk.roster_known import NOUNS, Key, Known, Values
from bot.desk.roster_layout import SHEETS, Sheet
from bot.desk.sheets import RawRow

_ORDER = {sheet.name: index for index, sheet in enumerate(SHEETS)}


@dataclass(frozen=True, slots=True)
class Wanted:
    """One row as the file wants it: only the columns that the file has."""

    line: "Line"
    values: Values


@dataclass(frozen=True, slots=True)
class FormerCode:
    """A code that a grid bore until ``ends``."""

    grid: Key
    code: str
    starts: date
    ends: date


@dataclass
class Book:
    known: Known
    now: datetime
    wanted: dict[str, dict[Key, Wanted]] = field(default_factory=lambda: defaultdict(dict))
    former: list[FormerCode] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    spoiled: set[Key] = field(default_factory=set)
    _errors: list[tuple[int, int, str]] = field(default_factory=list)
    _names: dict[str, dict[str, list[Key]]] = field(default_factory=dict)
    _bygone: dict[str, set[Key]] | None = None

    @property
    def today(self) -> date:
        return self.now.astimezone(SHANGHAI).date()

    @property
    def errors(self) -> list[str]:
        """In the order of the tables and rows; the same sentence once."""
        return list(dict.fromkeys(say for _, _, say in sorted(self._errors, key=lambda error: error[:2])))

    def wrong(self, sheet: str, say: str, row: int = 0) -> None:
        self._errors.append((_ORDER[sheet], row, say))

    def find(self, sheet: str, key: Key) -> Values | None:
        """A row as it will be; the stored columns where the file is silent."""
        stored = self.known.rows(sheet).get(key)
        wanted = self.wanted[sheet].get(key)
        if wanted is None or stored is None:
            return wanted.values if wanted else stored.values if stored else None
        return {**stored.values, **wanted.values}

    def final(self, sheet: str) -> Iterator[tuple[Key, Values]]:
        """Every row of a table as it will be."""
        for key, stored in self.known.rows(sheet).items():
            wanted = self.wanted[sheet].get(key)
            yield key, {**stored.values, **wanted.values} if wanted else stored.values
        for key, wanted in self.wanted[sheet].items():
            if key not in self.known.rows(sheet):
                yield key, wanted.values

    def named(self, sheet: str, name: str) -> list[Key]:
        """Grids or estates of this name; ask only after their table was taken in."""
        if sheet not in self._names:
            names: dict[str, list[Key]] = defaultdict(list)
            for key, values in self.final(sheet):
                names[values.get("name", "")].append(key)
            self._names[sheet] = dict(names)
        return self._names[sheet].get(name, [])

    def grids_once(self, code: str) -> set[Key]:
        """The grids that bore this code before."""
        if self._bygone is None:
            self._bygone = defaultdict(set)
            for old, rows in self.known.history().items():
                self._bygone[old] |= {grid for grid, _, _ in rows}
            for former in self.former:
                self._bygone[former.code].add(former.grid)
        return self._bygone.get(code, set())


class Line:
    """One row: its typed cells, and what it says when something is wrong with it."""

    def __init__(self, book: Book, sheet: Sheet, raw: RawRow) -> None:
        self.book = book
        self.sheet = sheet
        self.number = raw.number
        self.raw = raw.cells
        self.settled = False
        self.cells: dict[str, Any] = {}
        for column in sheet.columns:
            cell = raw.cells.get(column.title)
            if cell is None:
                continue
            if not cell:
                if column.needed:
                    self.wrong(column.title, "不能空着，请填写")
                else:
                    self.cells[column.title] = column.blank
                continue
            try:
                self.cells[column.title] = column.read(cell)
            except WrongCell as error:
                self.wrong(column.title, str(error))

    def __getitem__(self, title: str) -> Any:
        """The typed cell; None where it is absent, blank or unreadable."""
        return self.cells.get(title) or None

    def __contains__(self, title: str) -> bool:
        return title in self.cells

    def wrong(self, title: str, say: str) -> None:
        self.book.wrong(self.sheet.name, f"{self.sheet.name} 第{self.number}行 {title}：{say}", self.number)

    def warn(self, title: str, say: str) -> None:
        self.book.warnings.append(f"{self.sheet.name} 第{self.number}行 {title}：{say}")

    def plain(self) -> Values:
        """The columns that go into the table as they are."""
        return {
            column.field: self.cells[column.title]
            for column in self.sheet.columns
            if column.field and column.title in self.cells
        }

    def settle(self, values: Values) -> None:
        """Take the row in under its natural key."""
        self.settled = True
        key = NOUNS[self.sheet.name].key(values)
        rows = self.book.wanted[self.sheet.name]
        title = next(column.title for column in self.sheet.columns if column.key)
        if key in rows:
            self.wrong(title, f"与第{rows[key].line.number}行重复，请删去一行")
            return
        rows[key] = Wanted(self, values)
        if key not in self.book.known.rows(self.sheet.name):
            for column in self.sheet.columns:
                if column.needed and column.title not in self.raw:
                    self.wrong(column.title, "新增的行要有这一列，请补上")

    def give_up(self) -> None:
        """Remember the row that could not be taken in, so that those who refer to it are not blamed as well."""
        name = self.sheet.name
        self.book.spoiled.add((name, *(self._as_named(column.title) for column in self.sheet.columns if column.key)))
        self.book.spoiled.add((name, self.raw.get("名称", "")))

    def _as_named(self, title: str) -> str:
        return str(self.cells.get(title, self.raw[title]))

    def missing(self, title: str, say: str, *referred: str) -> None:
        """``wrong``, unless the row referred to is in the file and has been found wrong itself."""
        if referred not in self.book.spoiled:
            self.wrong(title, say)

    # the rows it refers to

    def community(self) -> Key | None:
        """The community named, or the only one there is."""
        if "社区代码" in self.raw and "社区代码" not in self.cells:
            return None
        if code := self["社区代码"]:
            if self.book.find("社区", (code,)) is None:
                self.missing("社区代码", f"没有“{code}”这个社区，请先在社区表中新增", "社区", code)
                return None
            return (code,)
        every = [key for key, _ in self.book.final("社区")]
        if len(every) == 1:
            return every[0]
        self.wrong("社区代码", "有几个社区，请填写是哪一个" if every else "还没有社区，请先填写社区表")
        return None

    def estate(self) -> Key | None:
        """The estate named in 小区; its community decides when several estates bear the name."""
        name = self["小区"]
        if not name:
            return None
        found = self.book.named("小区", name)
        if code := self["社区代码"]:
            found = [key for key in found if key[0] == code]
        if len(found) == 1:
            return found[0]
        if found:
            self.wrong("社区代码", f"有几个社区都有“{name}”，请填写是哪一个")
        else:
            self.missing("小区", f"没有“{name}”这个小区，请先在小区表中新增", "小区", name)
        return None

    def building(self, estate: Key) -> Key | None:
        return self._part("楼栋", "楼号", estate, f"“{estate[1]}”没有{self['楼号']}号楼，请先在楼栋表中新增")

    def unit(self, building: Key) -> Key | None:
        say = f"“{building[1]}”{building[2]}号楼没有{self['单元']}单元，请先在单元表中新增"
        return self._part("单元", "单元", building, say)

    def _part(self, sheet: str, title: str, whole: Key, say: str) -> Key | None:
        if not self[title]:
            return None
        key = (*whole, self[title])
        if self.book.find(sheet, key) is None:
            self.missing(title, say, sheet, *key[1:])
            return None
        return key

    def person(self) -> Key | None:
        code = self["人员编号"]
        if not code:
            return None
        if self.book.find("人员", (code,)) is None:
            self.missing("人员编号", f"没有编号“{code}”的人员，请先在人员表中新增", "人员", code)
            return None
        return (code,)

    def grid(self, community: Key | None, title: str = "网格代码") -> Key | None:
        """The grid in a cell: by its code, a code it once bore, or its name if no other grid has it."""
        found = self.grids([self[title]] if self[title] else [], community, title)
        return found[0] if found else None

    def grids(self, words: Iterable[str], community: Key | None, title: str = "网格代码") -> list[Key]:
        found: list[Key] = []
        for word in words:
            keys = [(word,)] if self.book.find("网格", (word,)) else sorted(self.book.grids_once(word))
            keys = keys or [
                key for key in self.book.named("网格", word) if community is None or self._in(key, community)
            ]
            if len(keys) != 1:
                say = f"有几个网格都叫“{word}”，请填写网格代码" if keys else f"没有“{word}”，请先在网格表中新增"
                self.missing(title, say, "网格", word)
            elif community is not None and not self._in(keys[0], community):
                self.wrong(title, f"“{word}”属于另一个社区，请改成本社区的网格")
            else:
                found.append(keys[0])
        return list(dict.fromkeys(found))

    def _in(self, grid: Key, community: Key) -> bool:
        values = self.book.find("网格", grid)
        return values is not None and values.get("community_id") == community
