"""A synthetic city for the benchmarks: communities, grids with a worker, a group and a robot each, and residents.

Everybody is on the ``wecom`` channel, residents joined to their address. Invented throughout; no verb of the product
is measured here, so the rows are laid down directly.
"""

from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from sqlalchemy import Engine
from sqlmodel import Session, SQLModel

from storage import revision
from storage.db import writing
from storage.grid import Community, Grid
from storage.group import ChatGroup, GroupGrid
from storage.person import Identity, Person, Role, RoleKind
from storage.place import Building, Estate, Unit

CHANNEL = "wecom"
_FIRST, _SECOND = "春夏秋冬东西南北金银", "桂槐柳松兰荷梅竹枫桐"
_UNITS = 4
Row = TypeVar("Row", bound=SQLModel)


@dataclass(frozen=True, slots=True)
class City:
    """``residents`` are (member id, address), one after the other from different grids."""

    grids: int
    residents: list[tuple[str, str]]


def build(engine: Engine, *, communities: int, grids_each: int, residents: int) -> City:
    """Fill an empty database: each grid is one building with four units, a worker, a robot's group, and residents."""
    total = communities * grids_each
    found: list[tuple[str, str]] = []
    with writing(engine) as session:
        grids = [
            _grid(session, community, number)
            for community in (_community(session, index) for index in range(communities))
            for number in range(1, grids_each + 1)
        ]
        for index in range(residents):
            place = grids[index % total]
            unit = place.units[index // total % _UNITS]
            person = Person(
                community_id=place.community_id, code=f"R{index:05d}", name="居民", phone=f"139{index:08d}",
                building_id=unit.building_id, unit_id=unit.id, room=f"{index % 18 + 1}01",
            )  # fmt: skip
            _join(session, person, f"resident{index:05d}", RoleKind.RESIDENT, None)
            found.append((f"resident{index:05d}", f"{place.address}{unit.number}单元"))
        revision.bump(session)
    return City(total, found)


@dataclass(frozen=True, slots=True)
class _Place:
    community_id: int
    address: str
    units: list[Unit]


def _community(session: Session, index: int) -> tuple[Community, Estate]:
    community = _kept(session, Community(
        code=f"{140100000000 + index}", name=f"第{index + 1}社区", tag=f"B{index:03d}", phone="0351-0000000",
        duty_phone="0351-0000001", hours="08:30-12:00,14:30-18:00",
    ))  # fmt: skip
    assert community.id is not None
    for member, kind in (("leader", RoleKind.LEADER), ("chief", RoleKind.CHIEF)):
        person = Person(community_id=community.id, code=f"{member}{index:03d}", name="负责人", phone="13700000000",
                        phone_public=True)  # fmt: skip
        _join(session, person, f"{member}{index:03d}", kind, None)
    name = f"{_FIRST[index // 10 % 10]}{_SECOND[index % 10]}苑"
    estate = _kept(session, Estate(community_id=community.id, name=name))
    return community, estate


def _grid(session: Session, of: tuple[Community, Estate], number: int) -> _Place:
    community, estate = of
    assert community.id is not None
    assert estate.id is not None
    code = f"{community.code}{number:04d}"
    grid = _kept(
        session, Grid(community_id=community.id, code=code, name=f"第{number}网格", valid_from=date(2026, 1, 1))
    )
    assert grid.id is not None
    building = _kept(session, Building(estate_id=estate.id, number=str(number), grid_id=grid.id))
    assert building.id is not None
    units = [
        _kept(session, Unit(building_id=building.id, number=str(each), grid_id=grid.id, floors=18, doors=2))
        for each in range(1, _UNITS + 1)
    ]
    worker = Person(
        community_id=community.id, code=f"W{code}", name="工作者", phone=f"138{grid.id:08d}", phone_public=True
    )
    _join(session, worker, f"worker{grid.id:05d}", RoleKind.WORKER, grid.id)
    group = _kept(session, ChatGroup(
        community_id=community.id, channel=CHANNEL, external_id=f"group{grid.id:05d}",
        name=f"{estate.name}{number}号楼群", post_channel="robot", post_address=f"key{grid.id:05d}",
    ))  # fmt: skip
    assert group.id is not None
    session.add(GroupGrid(group_id=group.id, grid_id=grid.id))
    return _Place(community.id, f"{estate.name}{number}号楼", units)


def _join(session: Session, person: Person, member: str, kind: RoleKind, grid_id: int | None) -> None:
    person = _kept(session, person)
    assert person.id is not None
    session.add(Role(person_id=person.id, kind=kind, community_id=person.community_id, grid_id=grid_id))
    session.add(Identity(channel=CHANNEL, external_id=member, person_id=person.id, display_name=person.name))


def _kept(session: Session, row: Row) -> Row:
    session.add(row)
    session.flush()
    return row
