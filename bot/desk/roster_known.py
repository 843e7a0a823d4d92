"""What the database already holds, by the names people use instead of row ids. Reads only, and only what is asked.

A natural key is a tuple of texts: a grid is ``("1401090019010001",)``, a building ``(community, estate, number)``.
Rows refer to each other by these keys, so that a file and the database can be compared before anything is written.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date
from typing import Any

from sqlalchemy import Table, select
from sqlmodel import Session, SQLModel

from storage.grid import Community, Grid, GridCode, GridLevel
from storage.group import ChatGroup, GroupGrid
from storage.person import Absence, Duty, Identity, Person, Role
from storage.place import Building, Estate, PlaceAlias, Unit

Key = tuple[str, ...]
FormerRow = tuple[Key, date, date | None]
Values = dict[str, Any]
"""Column name → value; a column that refers to another row holds that row's ``Key`` or None."""

GROUP_GRIDS = "grids"
"""Not a column: the set of grid keys that a group serves."""
WHOLE: Key = ("",)


@dataclass(frozen=True)
class Noun:
    """One table of the import: its model, which columns refer to which sheet, its natural key, and its defaults."""

    model: type[SQLModel]
    refs: dict[str, str]
    key: Callable[[Values], Key]
    defaults: Values

    @property
    def table(self) -> Table:
        table: Table = self.model.__table__  # type: ignore[attr-defined]
        return table


NOUNS: dict[str, Noun] = {
    "社区": Noun(Community, {}, lambda v: (v["code"],), {"street": "", "phone": "", "duty_phone": "", "hours": ""}),
    "网格": Noun(
        Grid,
        {"community_id": "社区", "parent_id": "网格"},
        lambda v: (v["code"],),
        {"parent_id": None, "level": GridLevel.GRID, "valid_to": None},
    ),
    "小区": Noun(Estate, {"community_id": "社区"}, lambda v: (*v["community_id"], v["name"]), {}),
    "楼栋": Noun(Building, {"estate_id": "小区", "grid_id": "网格"}, lambda v: (*v["estate_id"], v["number"]), {}),
    "单元": Noun(Unit, {"building_id": "楼栋", "grid_id": "网格"}, lambda v: (*v["building_id"], v["number"]), {}),
    "别名": Noun(
        PlaceAlias,
        {"community_id": "社区", "estate_id": "小区", "building_id": "楼栋", "unit_id": "单元"},
        lambda v: (*v["community_id"], v["word"]),
        {"building_id": None, "unit_id": None},
    ),
    "人员": Noun(
        Person,
        {"community_id": "社区", "building_id": "楼栋", "unit_id": "单元"},
        lambda v: (v["code"],),
        {"phone": "", "phone_public": False, "born": None, "building_id": None, "unit_id": None, "room": ""},
    ),
    "角色": Noun(
        Role,
        {"person_id": "人员", "community_id": "社区", "grid_id": "网格"},
        lambda v: (*v["person_id"], v["kind"], *v["community_id"], *(v["grid_id"] or WHOLE)),
        {"standin": False, "dispatcher": False},
    ),
    "账号": Noun(
        Identity,
        {"person_id": "人员"},
        lambda v: (v["channel"], v["external_id"]),
        {"person_id": None, "display_name": ""},
    ),
    "请假": Noun(
        Absence,
        {"person_id": "人员"},
        lambda v: (*v["person_id"], v["starts"].astimezone(UTC).isoformat()),
        {"reason": ""},
    ),
    "值班": Noun(
        Duty,
        {"person_id": "人员", "community_id": "社区"},
        lambda v: (*v["person_id"], v["starts"].astimezone(UTC).isoformat()),
        {},
    ),
    "群": Noun(
        ChatGroup,
        {"community_id": "社区"},
        lambda v: (v["channel"], v["external_id"]),
        {"post_channel": "", "post_address": "", GROUP_GRIDS: frozenset()},
    ),
}


@dataclass(frozen=True, slots=True)
class Stored:
    id: int
    values: Values


class Known:
    """The rows of each sheet as they are stored, read once when first asked for."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._rows: dict[str, dict[Key, Stored]] = {}
        self._keys: dict[str, dict[int, Key]] = {}
        self._history: dict[str, list[FormerRow]] | None = None

    def rows(self, sheet: str) -> dict[Key, Stored]:
        if sheet not in self._rows:
            self._read(sheet)
        return self._rows[sheet]

    def key(self, sheet: str, row_id: int | None) -> Key | None:
        if row_id is None:
            return None
        self.rows(sheet)
        return self._keys[sheet][row_id]

    def rename(self, renamed: dict[str, str]) -> None:
        """Grids that get a new code are known by it from now on. Call before anything that refers to grids is read."""
        grids = self.rows("网格")
        self._rows["网格"] = {(renamed.get(code, code),): stored for (code,), stored in grids.items()}
        self._keys["网格"] = {stored.id: key for key, stored in self._rows["网格"].items()}
        for stored in self._rows["网格"].values():
            if parent := stored.values["parent_id"]:
                stored.values["parent_id"] = (renamed.get(parent[0], parent[0]),)

    def history(self) -> dict[str, list[FormerRow]]:
        """Codes that grids once bore: which grid, from when, until when."""
        if self._history is None:
            self._history = {}
            for row in self._session.execute(select(GridCode.__table__)).mappings():  # type: ignore[attr-defined]
                grid = self.key("网格", row["grid_id"])
                assert grid is not None, "a foreign key leads somewhere"
                self._history.setdefault(row["code"], []).append((grid, row["valid_from"], row["valid_to"]))
        return self._history

    def _read(self, sheet: str) -> None:
        noun = NOUNS[sheet]
        rows: dict[Key, Stored] = {}
        found = [dict(row) for row in self._session.execute(select(noun.table)).mappings()]
        links = self._group_grids() if sheet == "群" else {}
        if sheet == "网格":
            self._keys[sheet] = {row["id"]: (row["code"],) for row in found}
            self._rows[sheet] = rows
        for row in found:
            row_id: int = row.pop("id")
            values = {
                column: self.key(noun.refs[column], value) if column in noun.refs else value
                for column, value in row.items()
            }
            if sheet == "群":
                values[GROUP_GRIDS] = frozenset(links.get(row_id, ()))
            rows[noun.key(values)] = Stored(row_id, values)
        self._rows[sheet] = rows
        self._keys[sheet] = {stored.id: key for key, stored in rows.items()}

    def _group_grids(self) -> dict[int, list[Key]]:
        found: dict[int, list[Key]] = {}
        for row in self._session.execute(select(GroupGrid.__table__)).mappings():  # type: ignore[attr-defined]
            grid = self.key("网格", row["grid_id"])
            assert grid is not None, "a foreign key leads somewhere"
            found.setdefault(row["group_id"], []).append(grid)
        return found
