"""The reference data as the desk looks things up: one immutable view per community. Never changes anything.

A view is read once and kept until the revision number of the reference data moves, so a message costs no query
for estates, buildings, grids or staff.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TypeVar

from sqlmodel import Session, col, select

from bot.desk.clock import Hours
from storage.grid import Community, Grid, GridLevel
from storage.group import LISTENING_KINDS, ChatGroup, GroupGrid
from storage.person import STAFF, Absence, Duty, Identity, Person, Role
from storage.place import Building, Estate, PlaceAlias, Unit
from storage.revision import current

Owned = TypeVar("Owned", Absence, Identity)


@dataclass(frozen=True)
class View:
    """Everything about one community that a message may need. Keys are row ids; ``groups`` are by grid."""

    community: Community
    hours: Hours
    grids: Mapping[int, Grid]
    estates: Mapping[int, Estate]
    buildings: Mapping[int, Building]
    units: Mapping[int, Unit]
    aliases: Mapping[str, PlaceAlias]
    staff: Mapping[int, Person]
    roles: tuple[Role, ...]
    absences: Mapping[int, tuple[Absence, ...]]
    identities: Mapping[int, tuple[Identity, ...]]
    groups: Mapping[int, tuple[ChatGroup, ...]]
    duties: tuple[Duty, ...] = ()

    @cached_property
    def estate_words(self) -> list[tuple[str, int]]:
        """What an estate may be called, longest first, so that 海棠苑北区 is not heard as 海棠苑."""
        words = [(estate.name, key) for key, estate in self.estates.items()]
        words += [(word, alias.estate_id) for word, alias in self.aliases.items() if alias.building_id is None]
        return sorted(words, key=lambda pair: -len(pair[0]))

    @cached_property
    def buildings_by_number(self) -> Mapping[str, tuple[Building, ...]]:
        found: dict[str, list[Building]] = defaultdict(list)
        for building in self.buildings.values():
            found[building.number.upper()].append(building)
        return {number: tuple(rows) for number, rows in found.items()}

    @cached_property
    def units_of(self) -> Mapping[int, Mapping[str, Unit]]:
        found: dict[int, dict[str, Unit]] = defaultdict(dict)
        for unit in self.units.values():
            found[unit.building_id][unit.number] = unit
        return found

    @cached_property
    def grids_of_estate(self) -> Mapping[int, frozenset[int]]:
        found: dict[int, set[int]] = defaultdict(set)
        for building in self.buildings.values():
            found[building.estate_id] |= self.grids_of_building(building)
        return {estate: frozenset(grids) for estate, grids in found.items()}

    def grids_of_building(self, building: Building) -> set[int]:
        """The working grids a building lies in: one, unless its units were split."""
        units = self.units_of.get(building.id or 0, {}).values()
        return {self.working_grid(unit.grid_id) for unit in units} or {self.working_grid(building.grid_id)}

    def working_grid(self, grid_id: int) -> int:
        """The grid that has a worker of its own: a micro-grid answers with its parent."""
        grid = self.grids[grid_id]
        while grid.level == GridLevel.MICRO and (parent := self.grids.get(grid.parent_id or 0)):
            grid = parent
        return grid.id or grid_id

    def upwards(self, grid_id: int) -> list[int]:
        """The grid and those above it, nearest first."""
        path = [grid_id]
        while (parent := self.grids[path[-1]].parent_id) is not None and parent in self.grids and parent not in path:
            path.append(parent)
        return path

    def away(self, person_id: int, now: datetime) -> bool:
        return any(absence.starts <= now < absence.ends for absence in self.absences.get(person_id, ()))

    def on_duty(self, now: datetime) -> list[Person]:
        """Who answers outside the hours now, as the rota has it."""
        held = [duty.person_id for duty in self.duties if duty.starts <= now < duty.ends]
        return [self.staff[person] for person in dict.fromkeys(held) if person in self.staff]

    def identity(self, person_id: int, channels: tuple[str, ...]) -> Identity | None:
        """How to reach a member of staff: on the first of ``channels`` that knows him."""
        known = {identity.channel: identity for identity in self.identities.get(person_id, ())}
        return next((known[channel] for channel in channels if channel in known), None)

    def roles_of(self, person_id: int) -> list[Role]:
        return [role for role in self.roles if role.person_id == person_id]


@dataclass(frozen=True)
class GroupView:
    """A chat group and the working grids it serves."""

    group: ChatGroup
    grids: frozenset[int]


class Directory:
    """Views and groups, kept while the revision holds. One per process; safe to share between threads.

    ``refresh`` is called once at the start of a transaction; the look-ups after it cost nothing.
    """

    def __init__(self) -> None:
        self._revision = -1
        self._views: dict[int, View] = {}
        self._groups: dict[tuple[str, str], GroupView | None] = {}

    def refresh(self, session: Session) -> None:
        """See whether the reference data moved, and forget what is no longer true."""
        number = current(session)
        if number != self._revision:
            # new dictionaries, so that a thread that still reads the old ones is not disturbed
            self._views, self._groups, self._revision = {}, {}, number

    def view(self, session: Session, community_id: int) -> View:
        views = self._views
        if community_id not in views:
            # a session of its own on the same transaction: a rollback of the caller's must not empty what is kept
            with Session(session.connection(), expire_on_commit=False) as own:
                views[community_id] = read_view(own, community_id)
        return views[community_id]

    def group(self, session: Session, channel: str, external_id: str) -> GroupView | None:
        """The group, or None when nobody has claimed it."""
        groups, key = self._groups, (channel, external_id)
        if key not in groups:
            with Session(session.connection(), expire_on_commit=False) as own:
                groups[key] = _read_group(own, channel, external_id, self)
        return groups[key]


def read_view(session: Session, community_id: int) -> View:
    """Read one community whole."""
    community = session.get_one(Community, community_id)
    estates = session.exec(select(Estate).where(Estate.community_id == community_id)).all()
    buildings = session.exec(select(Building).join(Estate).where(Estate.community_id == community_id)).all()
    units = session.exec(select(Unit).join(Building).join(Estate).where(Estate.community_id == community_id)).all()
    roles = session.exec(
        select(Role).where(Role.community_id == community_id, col(Role.kind).in_(STAFF)).order_by(col(Role.id))
    ).all()
    held_by = select(Role.person_id).where(Role.community_id == community_id, col(Role.kind).in_(STAFF))
    staff = session.exec(select(Person).where(col(Person.id).in_(held_by))).all()
    return View(
        community=community,
        hours=Hours.parse(community.hours) if community.hours else Hours.standard(),
        grids={_id(row): row for row in session.exec(select(Grid).where(Grid.community_id == community_id))},
        estates={_id(row): row for row in estates},
        buildings={_id(row): row for row in buildings},
        units={_id(row): row for row in units},
        aliases={
            row.word: row for row in session.exec(select(PlaceAlias).where(PlaceAlias.community_id == community_id))
        },
        staff={_id(row): row for row in staff},
        roles=tuple(roles),
        absences=_by_person(session.exec(select(Absence).where(col(Absence.person_id).in_(held_by))).all()),
        identities=_by_person(session.exec(select(Identity).where(col(Identity.person_id).in_(held_by))).all()),
        groups=_residents_groups(session, community_id),
        duties=tuple(
            session.exec(select(Duty).where(Duty.community_id == community_id).order_by(col(Duty.starts))).all()
        ),
    )


def _residents_groups(session: Session, community_id: int) -> Mapping[int, tuple[ChatGroup, ...]]:
    """The groups that residents of each grid talk in, oldest first."""
    found: dict[int, list[ChatGroup]] = defaultdict(list)
    rows = session.exec(
        select(GroupGrid.grid_id, ChatGroup)
        .join(ChatGroup)
        .where(ChatGroup.community_id == community_id, col(ChatGroup.kind).in_(LISTENING_KINDS))
        .order_by(col(ChatGroup.id))
    )
    for grid, group in rows:
        found[grid].append(group)
    return {grid: tuple(groups) for grid, groups in found.items()}


def _read_group(session: Session, channel: str, external_id: str, directory: Directory) -> GroupView | None:
    group = session.exec(
        select(ChatGroup).where(ChatGroup.channel == channel, ChatGroup.external_id == external_id)
    ).first()
    if group is None:
        return None
    view = directory.view(session, group.community_id)
    grids = session.exec(select(GroupGrid.grid_id).where(GroupGrid.group_id == group.id)).all()
    return GroupView(group, frozenset(view.working_grid(grid) for grid in grids if grid in view.grids))


def _by_person(rows: Iterable[Owned]) -> Mapping[int, tuple[Owned, ...]]:
    found: dict[int, list[Owned]] = defaultdict(list)
    for row in rows:
        if row.person_id is not None:
            found[row.person_id].append(row)
    return {person: tuple(each) for person, each in found.items()}


def _id(row: object) -> int:
    key: int | None = getattr(row, "id", None)
    assert key is not None, "a row that was read has an id"
    return key
