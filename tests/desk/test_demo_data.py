"""The demo community: as large, as tangled and as invented as it promises to be, in CSV and as a workbook."""

import re
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook  # type: ignore[import-untyped]
from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from bot.desk.roster import Summary, import_tables
from bot.desk.roster_known import NOUNS
from bot.desk.roster_layout import SHEETS
from bot.desk.roster_template import template
from bot.desk.sheets import Tables, read
from storage.db import metadata, open_engine, reading, writing
from storage.grid import Community, Grid, GridLevel
from storage.group import LISTENING_KINDS, ChatGroup, GroupGrid, GroupKind
from storage.migrations.run import upgrade
from storage.person import Identity, Person, Role, RoleKind
from storage.place import Building, Estate, Unit

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
DEMO = Path(__file__).parents[2] / "config" / "demo"


def load(engine: Engine, tables: Tables) -> Summary:
    with writing(engine) as session:
        return import_tables(session, tables, now=NOW, actor="system", door="clock")


def new_engine(path: Path) -> Engine:
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    return engine


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = new_engine(tmp_path_factory.mktemp("demo") / "x.db")
    assert load(engine, read(DEMO)).warnings == []
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with reading(engine) as session:
        yield session


def contents(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the reference data, ids included: the same files give the same ids."""
    tables = [noun.table for noun in NOUNS.values()] + [metadata.tables["group_grid"], metadata.tables["grid_code"]]
    with reading(engine) as session:
        return {
            table.name: sorted((tuple(row) for row in session.execute(table.select())), key=repr) for table in tables
        }


def test_it_has_what_it_promises(session: Session) -> None:
    def number(model: type[Any], *where: Any) -> int:
        return session.exec(select(func.count()).select_from(model).where(*where)).one()

    assert (number(Community), number(Estate), number(Person), number(ChatGroup)) == (1, 3, 40, 8)
    assert number(Grid, col(Grid.level) == GridLevel.GRID) == 6
    assert 880 <= session.exec(select(func.sum(Unit.floors * Unit.doors))).one() <= 920
    kinds = Counter(kind for kind, _ in set(session.exec(select(Role.kind, Role.person_id)).all()))
    assert kinds == {
        RoleKind.WORKER: 6, RoleKind.LEADER: 3, RoleKind.CHIEF: 1, RoleKind.STREET: 1, RoleKind.ADMIN: 1,
        RoleKind.AUDITOR: 1, RoleKind.ASSISTANT: 6, RoleKind.RESIDENT: 27,
    }  # fmt: skip


def test_each_grid_has_two_or_three_micro_grids_and_about_150_households(session: Session) -> None:
    grids = {grid.id: grid for grid in session.exec(select(Grid)).all()}
    micro = Counter(grid.parent_id for grid in grids.values() if grid.level == GridLevel.MICRO)
    assert set(micro.values()) <= {2, 3}
    assert len(micro) == 6
    homes: Counter[int | None] = Counter()
    for unit in session.exec(select(Unit)).all():
        assert grids[unit.grid_id].level == GridLevel.MICRO
        homes[grids[unit.grid_id].parent_id] += unit.floors * unit.doors
    assert len(homes) == 6
    assert all(140 <= count <= 160 for count in homes.values())


def test_every_building_has_units_and_every_unit_a_grid_of_its_community(session: Session) -> None:
    units = session.exec(
        select(Unit, Grid, Estate).where(
            Unit.grid_id == Grid.id, Unit.building_id == Building.id, Building.estate_id == Estate.id
        )
    ).all()
    assert len(units) == session.exec(select(func.count()).select_from(Unit)).one()
    assert all(grid.community_id == estate.community_id for _, grid, estate in units)
    assert {unit.building_id for unit, *_ in units} == set(session.exec(select(Building.id)).all())


def test_one_estate_has_several_grids_and_one_building_is_split(session: Session) -> None:
    parents = {grid.id: grid.parent_id or grid.id for grid in session.exec(select(Grid)).all()}
    split: dict[int, set[int | None]] = {}
    for unit in session.exec(select(Unit)).all():
        split.setdefault(unit.building_id, set()).add(parents[unit.grid_id])
    (building,) = [building for building, grids in split.items() if len(grids) > 1]
    assert session.get_one(Building, building).number == "6"
    estates = session.exec(select(Estate.name, func.count(func.distinct(Building.grid_id))).join(Building).group_by(
        Estate.name)).all()  # fmt: skip
    assert dict(estates) == {"海棠苑": 3, "滨河苑": 2, "槐荫里": 1}


def test_every_grid_has_a_worker_a_standin_and_a_leader_who_can_be_reached(session: Session) -> None:
    reachable = set(session.exec(select(Identity.person_id)).all())
    roles = [role for role in session.exec(select(Role)).all() if role.person_id in reachable]
    for grid in session.exec(select(Grid).where(Grid.level == GridLevel.GRID)).all():
        here = [role for role in roles if role.grid_id == grid.id]
        workers = [role.person_id for role in here if role.kind == RoleKind.WORKER and not role.standin]
        standins = [role.person_id for role in here if role.kind == RoleKind.WORKER and role.standin]
        assert len(workers) == len(standins) == 1
        assert workers != standins
        assert [role for role in here if role.kind == RoleKind.LEADER]
    standins_all = {role.person_id for role in roles if role.standin}
    assert standins_all == {role.person_id for role in roles if role.kind == RoleKind.WORKER}
    (dispatcher,) = [role for role in roles if role.dispatcher]
    assert dispatcher.kind == RoleKind.CHIEF


def test_building_3_is_ambiguous_in_the_community_but_clear_in_each_estates_group(session: Session) -> None:
    buildings = session.exec(select(Building).where(Building.number == "3")).all()
    assert len(buildings) == 3
    groups = session.exec(select(ChatGroup).where(ChatGroup.kind == GroupKind.SERVICE)).all()
    assert len(groups) == 3
    for group in groups:
        grids = set(session.exec(select(GroupGrid.grid_id).where(GroupGrid.group_id == group.id)).all())
        assert len([building for building in buildings if building.grid_id in grids]) == 1


def test_the_groups_are_of_every_kind_and_the_bot_can_speak_there(session: Session) -> None:
    groups = session.exec(select(ChatGroup)).all()
    assert Counter(group.kind for group in groups) == Counter(dict.fromkeys(GroupKind, 1) | {GroupKind.SERVICE: 3})
    assert all((g.channel, g.post_channel, g.post_address) == ("simulator", "simulator", g.external_id) for g in groups)
    served = Counter(session.exec(select(GroupGrid.group_id)).all())
    assert all(served[group.id or 0] for group in groups if group.kind in LISTENING_KINDS)


def test_nobody_is_real(session: Session) -> None:
    phones = [phone for phone in session.exec(select(Person.phone)).all() if phone]
    assert all(re.fullmatch(r"138000000\d\d", phone) for phone in phones)
    assert len(set(phones)) == len(phones)
    community = session.exec(select(Community)).one()
    assert (community.code, community.tag, community.hours) == ("140109001901", "HTW", "08:30-12:00,14:30-18:00")
    assert community.phone.startswith("0351-000000")
    assert community.duty_phone.startswith("0351-000000")


def test_nicknames_never_give_the_full_name_away(session: Session) -> None:
    names = list(session.exec(select(Person.name)).all())
    assert len(set(names)) == 40
    shown = session.exec(select(Identity.display_name)).all()
    assert all(shown)
    assert not [nick for nick in shown if any(name in nick for name in names)]


def test_staff_can_publish_their_phone_and_residents_never_do(session: Session) -> None:
    public = set(session.exec(select(Person.id).where(col(Person.phone_public))).all())
    resident = set(session.exec(select(Role.person_id).where(Role.kind == RoleKind.RESIDENT)).all())
    worker = set(session.exec(select(Role.person_id).where(Role.kind == RoleKind.WORKER)).all())
    assert not public & resident
    assert worker <= public


def test_importing_it_twice_changes_nothing(tmp_path: Path) -> None:
    engine = new_engine(tmp_path / "x.db")
    load(engine, read(DEMO))
    before = contents(engine)
    second = load(engine, read(DEMO))
    assert not second.changed
    assert sum(count.same for count in second.counts.values()) == 291
    assert contents(engine) == before


def test_the_template_filled_with_it_imports_the_same(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "名册.xlsx"
    template(path)
    book = load_workbook(path)
    tables = read(DEMO)
    for sheet in SHEETS:
        page = book[sheet.name]
        for number, row in enumerate(tables[sheet.name].rows, start=3):
            for index, title in enumerate(sheet.titles, start=1):
                page.cell(number, index).value = row.cells.get(title) or None
    book.save(path)
    other = new_engine(tmp_path / "x.db")
    load(other, read(path))
    assert contents(other) == contents(engine)


def test_saved_by_a_chinese_excel_it_imports_the_same(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "gbk"
    shutil.copytree(DEMO, folder, ignore=lambda _, names: [name for name in names if not name.endswith(".csv")])
    for file in folder.glob("*.csv"):
        file.write_bytes(file.read_text("utf-8-sig").replace("\n", "\r\n").encode("gb18030"))
    other = new_engine(tmp_path / "x.db")
    load(other, read(folder))
    assert contents(other) == contents(engine)
