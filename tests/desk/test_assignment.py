"""Place → grid → person, as tables of what people say and who then comes."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from bot.desk.assignment import Located, Said, Unclear, assign, chain, locate
from bot.desk.directory import Directory, GroupView, View
from storage.db import writing
from storage.person import Person
from tests.town import CHANNELS, NOON, Town


class Map:
    """The town as the desk sees it."""

    def __init__(self, session: Session) -> None:
        self.town = Town(session)
        self.session = session
        self.directory = Directory()

    @property
    def view(self) -> View:
        self.directory.refresh(self.session)
        return self.directory.view(self.session, self.town.community.id or 0)

    def group(self, handle: str) -> GroupView:
        self.directory.refresh(self.session)
        group = self.directory.group(self.session, "simulator", handle)
        assert group is not None
        return group

    def where(self, said: Said, *, group: str = "", home: Person | None = None, text: str = "") -> str:
        place = locate(self.view, said, group=self.group(group) if group else None, home=home, whole_text=text)
        return place.text if isinstance(place, Located) else f"?{place.asks}"

    def who(self, grid_id: int | None) -> str:
        found = assign(self.view, grid_id, channels=CHANNELS, now=NOON)
        return f"{found.person.name} {found.standing}" if found else "nobody"


@pytest.fixture
def town(sqlite: Engine) -> Iterator[Map]:
    with writing(sqlite) as session:
        yield Map(session)


@pytest.mark.parametrize(
    ("said", "group", "text", "found"),
    [
        (Said(building="1", unit="3"), "g-haitang", "", "海棠苑1号楼3单元"),
        (Said(building="1"), "", "", "海棠苑1号楼"),
        (Said(building="3", unit="1"), "g-haitang", "", "海棠苑3号楼1单元"),
        (Said(building="3", unit="1"), "g-binhe", "", "滨河苑3号楼1单元"),
        (Said(building="3", unit="1"), "", "", "?estate"),
        (Said(building="3", unit="1", place="滨河苑"), "g-haitang", "", "滨河苑3号楼1单元"),
        (Said(building="3", unit="1"), "", "海棠那边3号楼1单元", "海棠苑3号楼1单元"),
        (Said(building="3"), "g-haitang", "", "?unit"),
        (Said(building="3"), "g-binhe", "", "滨河苑3号楼"),
        (Said(building="99"), "g-haitang", "", "?building"),
        (Said(building="9", place="海棠苑"), "", "", "?building"),
        (Said(), "g-haitang", "老锅炉房那栋漏水", "滨河苑5号楼"),
        (Said(), "g-haitang", "灯坏了", "?building"),
        (Said(place="海棠苑"), "", "", "?building"),
        (Said(place="滨河苑东门"), "", "", "滨河苑东门"),
        (Said(place="东门"), "g-binhe", "", "东门"),
        (Said(place="楼道"), "g-binhe", "", "?building"),
        (Said(place="三层"), "g-binhe", "", "?building"),
        (Said(place="东门"), "g-haitang", "", "?building"),
    ],
)
def test_what_is_said_is_found(town: Map, said: Said, group: str, text: str, found: str) -> None:
    assert town.where(said, group=group, text=text) == found


def test_a_known_residents_own_address_stands_in_for_an_unsaid_one(town: Map) -> None:
    assert town.where(Said(), group="g-haitang", home=town.town.wang) == "海棠苑3号楼1单元"
    assert town.where(Said(unit="2"), group="g-haitang", home=town.town.wang) == "海棠苑3号楼2单元"
    assert town.where(Said(building="1"), group="g-haitang", home=town.town.wang) == "海棠苑1号楼"


def test_his_own_estate_decides_where_the_group_cannot(town: Map) -> None:
    assert town.where(Said(building="3", unit="1"), home=town.town.wang) == "海棠苑3号楼1单元"


def test_the_room_of_the_address_is_kept_for_staff_and_not_in_the_text(town: Map) -> None:
    place = locate(town.view, Said(), group=None, home=town.town.wang)
    assert isinstance(place, Located)
    assert place.room == "601"
    assert "601" not in place.text


def test_a_split_building_goes_by_its_unit(town: Map) -> None:
    places = [locate(town.view, Said(building="3", unit=unit, place="海棠苑"), group=None, home=None) for unit in "12"]
    assert [place.grid_id for place in places if isinstance(place, Located)] == [town.town.east1.id, town.town.east2.id]


def test_unclear_says_why(town: Map) -> None:
    place = locate(town.view, Said(building="3"), group=None, home=None)
    assert isinstance(place, Unclear)
    assert place.why in {"3号楼有好几栋：海棠苑、滨河苑", "3号楼有好几栋：滨河苑、海棠苑"}


def test_the_grids_own_worker_takes_it(town: Map) -> None:
    assert town.who(town.town.east1.id) == "宋佳明 worker"
    assert town.who(town.town.micro.id and town.view.working_grid(town.town.micro.id)) == "宋佳明 worker"


def test_leave_passes_it_to_the_stand_in_then_the_leader_then_the_dispatcher(town: Map) -> None:
    day = timedelta(days=1)
    for person, then in ((town.town.song, "郭文媛 standin"), (town.town.guo, "李慧 leader"),
                         (town.town.li, "赵敏 dispatcher"), (town.town.zhao, "nobody")):  # fmt: skip
        town.town.away(person, NOON - day, NOON + day)
        assert town.who(town.town.east1.id) == then


def test_leave_counts_from_its_first_to_before_its_last_moment(town: Map) -> None:
    town.town.away(town.town.song, NOON, NOON + timedelta(hours=1))
    assert town.who(town.town.east1.id) == "郭文媛 standin"
    later = assign(town.view, town.town.east1.id, channels=CHANNELS, now=NOON + timedelta(hours=1))
    assert later is not None
    assert later.person.name == "宋佳明"


def test_nobody_known_goes_to_the_dispatcher(town: Map) -> None:
    assert town.who(None) == "赵敏 dispatcher"


def test_whoever_no_channel_reaches_is_passed_over_and_it_is_said(town: Map) -> None:
    found = assign(town.view, town.town.east1.id, channels=("telegraph",), now=NOON)
    assert found is None
    town.town.away(town.town.song, NOON, NOON + timedelta(hours=1))
    found = assign(town.view, town.town.east1.id, channels=CHANNELS, now=NOON)
    assert found is not None
    assert found.why == "宋佳明请假，本网格的候补网格员"


def test_an_emergency_calls_worker_stand_in_and_leader_each_once(town: Map) -> None:
    called = chain(town.view, town.town.east1.id, channels=CHANNELS, now=NOON)
    assert [f"{each.person.name} {each.standing}" for each in called] == [
        "宋佳明 worker",
        "郭文媛 standin",
        "李慧 leader",
    ]


def test_an_emergency_without_a_grid_calls_the_dispatcher(town: Map) -> None:
    assert [each.person.name for each in chain(town.view, None, channels=CHANNELS, now=NOON)] == ["赵敏"]


def test_a_changed_roster_is_seen_by_the_next_look(town: Map) -> None:
    before = town.view
    assert town.view is before
    town.town.away(town.town.song, NOON, NOON + timedelta(hours=1))
    assert town.view is not before
