"""The small named town of all tests: one community, two estates, two grids, a handful of people everybody knows.

海棠苑 has buildings 1 (grid 东一) and 3 (split: unit 1 东一, unit 2 东二); 滨河苑 has a building 3 too (东二).
宋佳明 is the worker of 东一 and stand-in of 东二, 郭文媛 the other way round, 李慧 leads both, 赵敏 dispatches.
With ``willows`` there is 柳园 with buildings 21 and 22 (西一: 韩冰, who lives in 21, then 孟洁; 葛强 leads).
"""

from datetime import UTC, date, datetime
from typing import Any

from sqlmodel import Session, select

from storage import revision
from storage.grid import Community, Grid, GridLevel
from storage.group import ChatGroup, GroupGrid, GroupKind
from storage.person import Absence, Identity, Person, Role, RoleKind
from storage.place import Building, Estate, PlaceAlias, Unit

NOON = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday 10:00 in Taiyuan
CODE = "140109001902"
CHANNELS = ("simulator", "wecom")


class Town:
    """Builds itself into an empty database; the names below are the handles tests use."""

    def __init__(self, session: Session, *, robots: bool = True) -> None:
        self.session = session
        add = self._add
        self.community = add(Community(code=CODE, name="小镇社区", tag="XZ", phone="0351-0000001",
                                       duty_phone="0351-0000000", hours="08:30-12:00,14:30-18:00"))  # fmt: skip
        place: dict[str, Any] = {"community_id": self.community.id}
        self.east1 = add(Grid(code=CODE + "0001", name="东一网格", valid_from=date(2024, 1, 1), **place))
        self.east2 = add(Grid(code=CODE + "0002", name="东二网格", valid_from=date(2024, 1, 1), **place))
        self.micro = add(Grid(code=CODE + "0101", name="东一微网格", level=GridLevel.MICRO, parent_id=self.east1.id,
                              valid_from=date(2024, 1, 1), **place))  # fmt: skip
        self.haitang = add(Estate(name="海棠苑", **place))
        self.binhe = add(Estate(name="滨河苑", **place))
        self.h1 = add(Building(estate_id=self.haitang.id, number="1", grid_id=self.micro.id))
        self.h3 = add(Building(estate_id=self.haitang.id, number="3", grid_id=self.east1.id))
        self.b3 = add(Building(estate_id=self.binhe.id, number="3", grid_id=self.east2.id))
        self.b5 = add(Building(estate_id=self.binhe.id, number="5", grid_id=self.east2.id))
        for building, grids in ((self.h1, [self.micro] * 3), (self.h3, [self.east1, self.east2])):
            for number, grid in enumerate(grids, start=1):
                add(Unit(building_id=building.id, number=str(number), grid_id=grid.id, floors=6, doors=2))
        for number in (1, 2):
            add(Unit(building_id=self.b3.id, number=str(number), grid_id=self.east2.id, floors=6, doors=2))
        add(PlaceAlias(word="海棠", estate_id=self.haitang.id, **place))
        add(PlaceAlias(word="老锅炉房那栋", estate_id=self.binhe.id, building_id=self.b5.id, **place))
        self.song = self._staff("宋佳明", "13800000001", RoleKind.WORKER, self.east1, "song")
        self.guo = self._staff("郭文媛", "13800000002", RoleKind.WORKER, self.east2, "guo")
        self._role(self.song, RoleKind.WORKER, self.east2, standin=True)
        self._role(self.guo, RoleKind.WORKER, self.east1, standin=True)
        self.li = self._staff("李慧", "13800000003", RoleKind.LEADER, self.east1, "li")
        self._role(self.li, RoleKind.LEADER, self.east2)
        self.zhao = self._staff("赵敏", "13800000004", RoleKind.CHIEF, None, "zhao", dispatcher=True)
        self.wang = self._resident("王秀英", "13900000001", "秀英", "wang", self.h3, "1", "601")
        self.shen = self._resident("申桂兰", "13900000002", "申大娘", "shen", self.h1, "2", "301")
        self.chen = self._resident("陈安", "13900000003", "安安", "chen", None, "", "")
        self.haitang_group = self._group(
            "海棠苑居民群", "g-haitang", GroupKind.SERVICE, [self.east1, self.east2], robots
        )
        self.binhe_group = self._group("滨河苑居民群", "g-binhe", GroupKind.SERVICE, [self.east2], robots)
        self.party_group = self._group("党员之家", "g-party", GroupKind.PARTY, [self.east1, self.east2], robots)
        revision.bump(session)
        session.flush()

    def willows(self) -> None:
        """柳园 too: a grid where one of the staff lives among the people he works for, 韩冰 in building 21."""
        add, place = self._add, {"community_id": self.community.id}
        self.west = add(Grid(code=CODE + "0003", name="西一网格", valid_from=date(2024, 1, 1), **place))
        estate = add(Estate(name="柳园", **place))
        self.l21, self.l22 = (
            add(Building(estate_id=estate.id, number=number, grid_id=self.west.id)) for number in ("21", "22")
        )
        for building in (self.l21, self.l22):
            for number in ("1", "2"):
                add(Unit(building_id=building.id, number=number, grid_id=self.west.id, floors=6, doors=2))
        self.han = self._staff("韩冰", "13800000005", RoleKind.WORKER, self.west, "han")
        self.han.building_id = self.l21.id
        self.meng = self._staff("孟洁", "13800000006", RoleKind.WORKER, self.west, "meng", standin=True)
        self.ge = self._staff("葛强", "13800000007", RoleKind.LEADER, self.west, "ge")
        self._resident("田守义", "13900000004", "老田", "tian", self.l21, "2", "502")
        self._resident("何小满", "13900000005", "小满", "he", self.l22, "1", "301")
        self._resident("曹志远", "13900000006", "老曹", "cao", self.l22, "2", "402")
        self._resident("贺建国", "13900000007", "", "", self.l22, "1", "401")
        self._resident("钱立", "13900000008", "", "", self.l22, "1", "501")
        self._resident("孙梅", "13900000009", "", "", self.l22, "1", "501")
        self._group("柳园居民群", "g-liuyuan", GroupKind.SERVICE, [self.west], robots=True)
        revision.bump(self.session)

    def away(self, person: Person, starts: datetime, ends: datetime) -> None:
        self._add(Absence(person_id=person.id or 0, starts=starts, ends=ends, reason="年假"))
        revision.bump(self.session)

    def _staff(self, name: str, phone: str, kind: RoleKind, grid: Grid | None, handle: str, **marks: bool
               ) -> Person:  # fmt: skip
        person: Person = self._add(Person(community_id=self.community.id, code=handle, name=name, phone=phone,
                                  phone_public=True))  # fmt: skip
        self._role(person, kind, grid, **marks)
        self._identities(person, handle, name)
        return person

    def _resident(self, name: str, phone: str, nick: str, handle: str, home: Building | None, unit: str, room: str
                  ) -> Person:  # fmt: skip
        units = (
            {row.number: row for row in self.session.exec(select(Unit).filter_by(building_id=home.id))} if home else {}
        )
        person: Person = self._add(
            Person(community_id=self.community.id, code=handle or phone, name=name, phone=phone, room=room,
                   building_id=home.id if home else None, unit_id=units[unit].id if home else None)
        )  # fmt: skip
        self._role(person, RoleKind.RESIDENT, None)
        if handle:
            self._identities(person, handle, nick)
        return person

    def _identities(self, person: Person, handle: str, nick: str) -> None:
        for channel in CHANNELS:
            self._add(Identity(channel=channel, external_id=handle, person_id=person.id, display_name=nick))

    def _role(self, person: Person, kind: RoleKind, grid: Grid | None, **marks: bool) -> None:
        grid_id = grid.id if grid else None
        self._add(Role(person_id=person.id or 0, kind=kind, community_id=self.community.id, grid_id=grid_id, **marks))

    def _group(self, name: str, handle: str, kind: GroupKind, grids: list[Grid], robots: bool) -> ChatGroup:
        post: dict[str, Any] = {"post_channel": "simulator", "post_address": handle} if robots else {}
        what: dict[str, Any] = {"channel": "simulator", "external_id": handle, "name": name, "kind": kind, **post}
        group: ChatGroup = self._add(ChatGroup(community_id=self.community.id, **what))
        for grid in grids:
            self._add(GroupGrid(group_id=group.id or 0, grid_id=grid.id or 0))
        return group

    def _add(self, row: Any) -> Any:
        self.session.add(row)
        self.session.flush()
        return row
