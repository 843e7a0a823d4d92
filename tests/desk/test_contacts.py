"""The contact card: who is on it, which one answers, and how it is said in a group and to one person."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from bot.desk.assignment import Said
from bot.desk.contacts import Card, Contact, all_cards, card_of, cards_for
from bot.desk.directory import GroupView, View, read_view
from bot.texts import contacts as say
from storage.db import writing
from storage.grid import Grid
from storage.person import Person, Role, RoleKind
from tests.town import CODE, NOON, Town

DAY = timedelta(days=1)
PHONES = {"phone": "0351-0000001", "duty_phone": "0351-0000000"}
HOURS = ((510, 720), (870, 1_080))


class Map:
    """The town as the desk sees it now."""

    def __init__(self, session: Session) -> None:
        self.town, self.session = Town(session), session

    @property
    def view(self) -> View:
        self.session.flush()
        return read_view(self.session, self.town.community.id or 0)

    def card(self, grid: Grid) -> Card:
        card = card_of(self.view, grid.id or 0, now=NOON)
        assert card is not None
        return card

    def told(self, grid: Grid) -> str:
        """The first line in the group; whether its spaces had to go is not the question here."""
        return say.in_group(nick="秀英", cards=[self.card(grid)], **PHONES).splitlines()[0].replace(" ", "")

    def meant(self, words: str = "", *, grids: list[Grid] | None = None, said: Said | None = None) -> list[str]:
        """The names of the grids whose cards are shown where the place is not known."""
        group = GroupView(self.town.haitang_group, frozenset(grid.id or 0 for grid in grids)) if grids else None
        cards = cards_for(
            self.view, place=None, said=said or Said(), words=words, group=group, roles=(), now=NOON
        )  # fmt: skip
        return [card.grid for card in cards]

    def away(self, *people: Person) -> None:
        for person in people:
            self.town.away(person, NOON - DAY, NOON + DAY)


@pytest.fixture
def town(sqlite: Engine) -> Iterator[Map]:
    with writing(sqlite) as session:
        yield Map(session)


def _contact(name: str, standing: str = "worker", *, phone: str = "13800000001", away: bool = False) -> Contact:
    return Contact(name=name, standing=standing, phone=phone, away=away)


def test_a_card_names_worker_stand_in_and_leader_and_no_resident(town: Map) -> None:
    card = town.card(town.town.east1)
    assert (card.code, card.grid) == (CODE + "0001", "东一网格")
    assert [(each.name, each.standing, each.phone) for each in card.people] == [
        ("宋佳明", "worker", "13800000001"),
        ("郭文媛", "standin", "13800000002"),
        ("李慧", "leader", "13800000003"),
    ]


def test_a_phone_that_is_not_public_is_not_on_it(town: Map) -> None:
    town.town.song.phone_public = False
    town.session.add(town.town.song)
    assert town.card(town.town.east1).people[0].phone == ""
    assert town.told(town.town.east1) == "@秀英网格员宋佳明（请打社区电话找）"


def test_a_micro_grid_shows_the_card_of_the_grid_above(town: Map) -> None:
    assert town.card(town.town.micro) == town.card(town.town.east1)
    assert [card.grid for card in all_cards(town.view, now=NOON)] == ["东一网格", "东二网格"]


def test_whoever_leads_the_grid_above_leads_this_one_too(town: Map) -> None:
    inner = Grid(code=CODE + "0003", name="东三网格", parent_id=town.town.east1.id, valid_from=date(2024, 1, 1),
                 community_id=town.town.community.id or 0)  # fmt: skip
    town.session.add(inner)
    town.session.flush()
    assert [each.name for each in town.card(inner).people] == ["李慧"]
    assert town.told(inner) == "@秀英网格长李慧13800000003"


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "shown"),
    [
        (date(2024, 1, 1), None, True),
        (date(2026, 11, 23), None, True),
        (date(2026, 11, 24), None, False),
        (date(2024, 1, 1), date(2026, 11, 24), True),
        (date(2024, 1, 1), date(2026, 11, 23), False),
    ],
)
def test_only_grids_that_exist_today_have_a_card(
    town: Map, valid_from: date, valid_to: date | None, shown: bool
) -> None:
    town.town.east2.valid_from, town.town.east2.valid_to = valid_from, valid_to
    town.session.add(town.town.east2)
    town.session.flush()
    assert (card_of(town.view, town.town.east2.id or 0, now=NOON) is not None) == shown
    assert ("东二网格" in [card.grid for card in all_cards(town.view, now=NOON)]) == shown


def test_leave_is_said_and_the_next_one_is_named(town: Map) -> None:
    for gone, line in (
        (town.town.song, "@秀英网格员宋佳明请假，找候补郭文媛13800000002"),
        (town.town.guo, "@秀英网格员宋佳明、候补郭文媛请假，找网格长李慧13800000003"),
        (town.town.li, "@秀英网格员宋佳明、候补郭文媛、网格长李慧请假，请打社区电话"),
    ):
        town.away(gone)
        assert town.told(town.town.east1) == line


def test_a_stand_in_on_leave_is_marked_behind_the_worker(town: Map) -> None:
    town.away(town.town.guo)
    lines = say.in_group(nick="秀英", cards=[town.card(town.town.east1)], **PHONES).splitlines()
    assert lines[:2] == ["@秀英 网格员宋佳明 13800000001", "候补郭文媛请假"]


def test_in_private_leave_stands_behind_the_name(town: Map) -> None:
    town.away(town.town.song)
    words = say.in_private(community="小镇社区", cards=[town.card(town.town.east1)], hours=HOURS, **PHONES)
    assert words.splitlines()[:3] == [
        "东一网格连心卡",
        "网格员 宋佳明（请假，找候补郭文媛）",
        "候补 郭文媛 13800000002",
    ]


def test_an_unknown_place_shows_every_grid_that_can_be_meant(town: Map) -> None:
    east1, east2 = town.town.east1, town.town.east2
    assert town.meant() == ["东一网格", "东二网格"]
    assert town.meant(grids=[east2]) == ["东二网格"]
    assert town.meant("滨河苑归谁管") == ["东二网格"]
    assert town.meant(said=Said(building="3")) == ["东一网格", "东二网格"]
    assert town.meant("滨河苑3号楼", said=Said(building="3")) == ["东二网格"]
    assert town.meant(said=Said(building="3"), grids=[east2]) == ["东二网格"]
    assert town.meant(said=Said(building="1"), grids=[east2]) == ["东一网格"]
    assert town.meant(said=Said(building="99"), grids=[east1]) == ["东一网格"]


def test_staff_who_ask_alone_mean_the_grids_they_work_in(town: Map) -> None:
    roles = tuple(town.session.exec(select(Role).where(col(Role.kind) == RoleKind.WORKER, col(Role.grid_id) == 2)))
    assert roles
    cards = cards_for(town.view, place=None, said=Said(), words="", group=None, roles=roles, now=NOON)
    assert [card.grid for card in cards] == ["东二网格"]


def test_the_group_reads_at_most_four_lines_and_ninety_characters(town: Map) -> None:
    for nick in ("秀英", "申大娘", "3号楼李阿姨"):
        words = say.in_group(nick=nick, cards=[town.card(town.town.east1)], **PHONES)
        assert len(words.splitlines()) == 4
        assert len(words) <= say.LONGEST
        assert "急事110/119/120" in words


def test_at_most_six_grids_are_listed_and_the_rest_is_counted() -> None:
    cards = [
        Card(grid_id=n, code=str(n), grid=f"第{n}网格", people=(_contact(f"员{n}", phone=""),)) for n in range(1, 9)
    ]
    lines = say.in_group(nick="安安", cards=cards, **PHONES).splitlines()
    assert len(lines) == 8
    assert lines[0] == "@安安 第1网格：员1（请打社区电话找）"
    assert lines[5].startswith("第6网格")
    assert lines[6] == "还有2个网格，请打社区电话问"
    assert lines[7] == "社区 0351-0000001，值班 0351-0000000，急事110/119/120，热线12345"
    three = say.in_group(nick="安安", cards=cards[:3], **PHONES).splitlines()
    assert len(three) == 4


def test_without_people_or_grids_the_phones_remain() -> None:
    empty = Card(grid_id=1, code="1", grid="东一网格", people=())
    assert "暂时没有网格员，请打社区电话\n社区 0351-0000001" in say.in_group(nick="", cards=[empty], **PHONES)
    assert say.in_group(nick="", cards=[], **PHONES).startswith("社区 0351-0000001，值班 0351-0000000\n急事110")
    assert say.in_group(nick="", cards=[], phone="", duty_phone="") == "急事110/119/120，热线12345"


def test_paper_outlives_leave() -> None:
    away = _contact("宋佳明", away=True)
    leader = _contact("李慧", "leader")
    assert say.printed([away, leader]) == [away]
    assert say.printed([leader]) == [leader]
    assert say.printed([]) == []


@pytest.mark.parametrize(
    ("spans", "said"),
    [
        (HOURS, "上午8点半到12点、下午2点半到6点"),
        (((510, 1_050),), "上午8点半到下午5点半"),
        (((540, 765),), "上午9点到中午12点45分"),
        (((840, 1_200),), "下午2点到晚上8点"),
        (((0, 1_440),), "全天"),
        (((0, 480), (1_320, 1_440)), "凌晨0点到上午8点、晚上10点到夜里12点"),
    ],
)
def test_hours_are_said_as_people_say_them(spans: tuple[tuple[int, int], ...], said: str) -> None:
    assert say.week(spans) == f"周一到周五，{said}，节假日休息"
    assert say.season((5, 1), (9, 30), spans) == f"5月1日到9月30日，{said}"


def test_a_mobile_is_grouped_to_be_read_and_a_landline_is_left_alone() -> None:
    assert say.spaced("13800000001") == "138 0000 0001"
    assert say.spaced("0351-0000001") == "0351-0000001"
