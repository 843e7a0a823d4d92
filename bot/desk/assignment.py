"""Place → grid → person: where something is, whose grid that is, and who of its people takes it. Pure look-ups.

Every answer carries the reason in Chinese, because staff must be able to see why.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from bot.desk.directory import GroupView, View
from storage.person import Person, Role, RoleKind
from storage.place import Building, PlaceAlias, Unit

Asks = Literal["building", "estate", "unit"]
# a place that exists once in a grid; 楼道, 电梯, 三层 are in every building and find nothing
_LANDMARK = re.compile(r"路|街|巷|[东南西北正后大]门|广场|驿站|垃圾站|公交|停车场|花园|河堤|车库")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What somebody said about the place: numbers normalised, ``place`` as written."""

    building: str = ""
    unit: str = ""
    room: str = ""
    place: str = ""

    @property
    def nothing(self) -> bool:
        return not (self.building or self.unit or self.room or self.place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A place on the map. ``text`` is fit for staff (without the room), ``how`` says where it comes from.

    ``guessed``: nobody said it, it is the speaker's registered address.
    """

    text: str
    how: str
    grid_id: int | None = None
    estate_id: int | None = None
    building_id: int | None = None
    unit_id: int | None = None
    room: str = ""
    guessed: bool = False


@dataclass(frozen=True, slots=True)
class Unclear:
    """The one thing to ask before the place is known; ``why`` is for staff. ``known``: only the unit is missing."""

    asks: Asks
    why: str
    known: Located | None = None


@dataclass(frozen=True, slots=True)
class Assignee:
    """Who takes it, in which capacity (``worker standin leader dispatcher``), and why he."""

    person: Person
    standing: str
    why: str


def locate(
    view: View, said: Said, *, group: GroupView | None, home: Person | None, whole_text: str = ""
) -> Located | Unclear:
    """Find the place that was said, in the light of the group and the speaker's own address."""
    grids = group.grids if group else frozenset[int]()
    words = f"{said.place} {whole_text}"
    nickname = _nickname(view, words)
    if nickname is not None and not said.building:
        building = view.buildings[nickname.building_id or 0]
        unit = view.units.get(nickname.unit_id or 0) or view.units_of.get(nickname.building_id or 0, {}).get(said.unit)
        return _at(view, building, unit, said, f"别名“{nickname.word}”")
    estate = next((estate for word, estate in view.estate_words if word in words), None)
    if said.building:
        return _by_number(view, said, estate, group, home)
    own = view.buildings.get(home.building_id or 0) if home else None
    if home is not None and own is not None and estate in (None, own.estate_id):
        return _at_home(view, own, said, home)
    return _landmark(view, said, estate, grids)


def _nickname(view: View, words: str) -> PlaceAlias | None:
    """The nickname of one building in these words, the longest first."""
    for word in sorted(view.aliases, key=len, reverse=True):
        if view.aliases[word].building_id is not None and word in words:
            return view.aliases[word]
    return None


def _at_home(view: View, building: Building, said: Said, home: Person) -> Located:
    """No building was said: the speaker's own, and of it the unit that he names, if he names one."""
    unit = view.units_of.get(building.id or 0, {}).get(said.unit, view.units.get(home.unit_id or 0))
    where = said if said.unit else replace(said, room=home.room)
    return replace(_at(view, building, unit, where, "没说楼号，按发言人登记的住址"), guessed=True)


def _landmark(view: View, said: Said, estate: int | None, grids: frozenset[int]) -> Located | Unclear:
    """No building and no address: a landmark will do where it can lie in one grid only."""
    name = view.estates[estate].name if estate is not None else ""
    near = view.grids_of_estate.get(estate, frozenset()) if estate is not None else grids
    landmark = said.place.removeprefix(name).strip()
    if _LANDMARK.search(landmark) and len(near) == 1 and not said.unit:
        how = f"话里说的地标，在{'这个小区' if name else '本群'}唯一的网格里"
        return Located(text=name + landmark, how=how, estate_id=estate, grid_id=next(iter(near)))
    return Unclear("building", f"只听出小区“{name}”，没有楼号" if name else "话里没有楼号，也没有登记住址")


def _by_number(
    view: View, said: Said, estate: int | None, group: GroupView | None, home: Person | None
) -> Located | Unclear:
    found = view.buildings_by_number.get(said.building.upper(), ())
    if estate is not None:
        found = tuple(each for each in found if each.estate_id == estate)
        if not found:
            return Unclear("building", f"“{view.estates[estate].name}”没有{said.building}号楼")
        return _with_unit(view, found[0], said, "话里说的小区和楼号")
    if not found:
        return Unclear("building", f"本社区没有{said.building}号楼")
    if group is not None:
        found = _near(view, found, group)
        if len(found) == 1:
            return _with_unit(view, found[0], said, "话里说的楼号，按本群的范围")
    if len(found) == 1:
        return _with_unit(view, found[0], said, "话里说的楼号，全社区只有这一栋")
    own = _home_estate(view, home)
    if own is not None and any(each.estate_id == own for each in found):
        building = next(each for each in found if each.estate_id == own)
        return _with_unit(view, building, said, "话里说的楼号，按发言人登记的小区")
    names = "、".join(sorted(view.estates[each.estate_id].name for each in found))
    return Unclear("estate", f"{said.building}号楼有好几栋：{names}")


def _near(view: View, found: tuple[Building, ...], group: GroupView) -> tuple[Building, ...]:
    """Of several buildings with this number, those a group means: in its grids, and of the estate it is named after."""
    near = tuple(each for each in found if view.grids_of_building(each) & group.grids) or found
    named = [estate for word, estate in view.estate_words if word in group.group.name]
    return tuple(each for each in near if each.estate_id in named) or near


def _with_unit(view: View, building: Building, said: Said, how: str) -> Located | Unclear:
    units = view.units_of.get(building.id or 0, {})
    unit = units.get(said.unit)
    if unit is None and len(view.grids_of_building(building)) > 1:
        known = _at(view, building, None, said, "话里说的楼号，没说单元")
        return Unclear("unit", f"{_name(view, building)}的单元分属不同网格", known)
    return _at(view, building, unit, said, how)


def _at(view: View, building: Building, unit: Unit | None, said: Said, how: str) -> Located:
    grid = view.working_grid(unit.grid_id if unit else building.grid_id)
    text = _name(view, building) + (f"{unit.number}单元" if unit else "")
    return Located(
        text=text,
        how=how,
        grid_id=grid,
        estate_id=building.estate_id,
        building_id=building.id,
        unit_id=unit.id if unit else None,
        room=said.room,
    )


def _name(view: View, building: Building) -> str:
    return f"{view.estates[building.estate_id].name}{building.number}号楼"


def _home_estate(view: View, home: Person | None) -> int | None:
    building = view.buildings.get(home.building_id or 0) if home else None
    return building.estate_id if building else None


def assign(
    view: View,
    grid_id: int | None,
    *,
    channels: tuple[str, ...],
    now: datetime,
    without: frozenset[int] = frozenset(),
    but: Mapping[int, str] = MappingProxyType({}),
) -> Assignee | None:
    """Who takes a case in this grid: worker, stand-in, leader, then the community's dispatcher; None if nobody is left.

    Somebody on leave, or whom no channel can reach, is passed over, and the reason says so; ``but`` are people who
    must keep away, each with the reason to say; ``without`` are passed over silently.
    """
    passed: list[str] = []
    for role, standing in _candidates(view, grid_id):
        if role.person_id in without:
            continue
        person = view.staff[role.person_id]
        if role.person_id in but:
            passed.append(person.name + but[role.person_id])
        elif view.away(role.person_id, now):
            passed.append(f"{person.name}请假")
        elif view.identity(role.person_id, channels) is None:
            passed.append(f"{person.name}没有可用的账号")
        else:
            return Assignee(person, standing, "，".join([*dict.fromkeys(passed), _WHY[standing]]))
    return None


_WHY = {
    "worker": "本网格的网格员",
    "standin": "本网格的候补网格员",
    "leader": "本网格的网格长",
    "dispatcher": "社区调度员兜底",
    "duty": "今天值班",
}


def chain(view: View, grid_id: int | None, *, channels: tuple[str, ...], now: datetime) -> list[Assignee]:
    """Worker, stand-in and leader (else the dispatcher) together: who is called in an emergency."""
    called: dict[int, Assignee] = {}
    standings: set[str] = set()
    for role, standing in _candidates(view, grid_id):
        free = not view.away(role.person_id, now) and view.identity(role.person_id, channels) is not None
        if not free or standing in standings or (standing == "dispatcher" and called):
            continue
        if role.person_id not in called:
            standings.add(standing)
            called[role.person_id] = Assignee(view.staff[role.person_id], standing, _WHY[standing])
    for person in view.on_duty(now):
        if view.identity(person.id or 0, channels) is not None:
            called.setdefault(person.id or 0, Assignee(person, "duty", _WHY["duty"]))
    return list(called.values())


def freeze(view: View, grid_id: int | None, *, without: frozenset[int] = frozenset()) -> dict[str, int]:
    """Who stands above a case that begins here and now, by standing; ``without`` are people it must pass over."""
    found: dict[str, int] = {}
    for role, standing in _candidates(view, grid_id):
        if role.person_id not in without and standing != "dispatcher":
            found.setdefault(standing, role.person_id)
    for kind, standing in ((RoleKind.CHIEF, "chief"), (RoleKind.STREET, "street")):
        held = [role.person_id for role in view.roles if role.kind == kind and role.person_id not in without]
        if held:
            found[standing] = held[0]
    return found


def _candidates(view: View, grid_id: int | None) -> Iterable[tuple[Role, str]]:
    if grid_id is not None:
        parents = view.upwards(grid_id)
        yield from ((role, "worker") for role in view.roles if _is(role, RoleKind.WORKER, grid_id) and not role.standin)
        yield from ((role, "standin") for role in view.roles if _is(role, RoleKind.WORKER, grid_id) and role.standin)
        for grid in parents:
            yield from ((role, "leader") for role in view.roles if _is(role, RoleKind.LEADER, grid))
    yield from ((role, "dispatcher") for role in view.roles if role.dispatcher)
    yield from ((role, "dispatcher") for role in view.roles if role.kind == RoleKind.CHIEF and not role.dispatcher)


def _is(role: Role, kind: RoleKind, grid_id: int) -> bool:
    return role.kind == kind and role.grid_id == grid_id
