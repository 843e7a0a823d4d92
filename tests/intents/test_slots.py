"""Where, who and when, out of how residents write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.intents.base import PlaceWord
from bot.intents.slots import extract, number

CASES: list[tuple[str, dict[str, str]]] = [
    ("3号楼2单元楼道灯坏了", {"building": "3", "unit": "2"}),
    ("三号楼二单元601停水", {"building": "3", "unit": "2", "room": "601"}),
    ("十二号楼一单元", {"building": "12", "unit": "1"}),
    ("二十三号楼", {"building": "23"}),
    ("海棠苑5栋", {"building": "5", "place": "海棠苑"}),
    ("5幢东单元", {"building": "5", "unit": "东"}),
    ("我家6-2-1101不热", {"building": "6", "unit": "2", "room": "1101"}),
    ("3#2单元", {"building": "3", "unit": "2"}),
    ("3#2-601漏水", {"building": "3", "unit": "2", "room": "601"}),
    ("9栋1单元502，电话13812345678", {"building": "9", "unit": "1", "room": "502", "phone": "13812345678"}),
    ("电话 138-1234-5678", {"phone": "13812345678"}),
    ("取件码5-2-3316，谁帮捎一下", {}),
    ("快递号8-1-2207，7号楼2单元", {"building": "7", "unit": "2"}),
    ("身份证140105194901011234", {}),
    ("502的，你家孩子别蹦了", {"room": "502"}),
    ("文昌路3号院1单元502的住户", {"unit": "1", "room": "502"}),
    ("A座1203", {"building": "A", "room": "1203"}),
    ("六楼放不出水", {}),
    ("2024年10月15日办的", {}),
    ("交了300元", {}),
    ("7号楼停了3小时", {"building": "7"}),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_addresses(text: str, expected: dict[str, str]) -> None:
    got = extract(text, [PlaceWord("海棠苑", "estate")]).as_dict()
    hard = ("building", "unit", "room", "phone")
    assert {key: got[key] for key in hard if key in got} == {key: expected[key] for key in hard if key in expected}
    if "place" in expected:
        assert got["place"] == expected["place"]


@pytest.mark.parametrize(
    ("word", "digits"),
    [
        ("三", "3"),
        ("十", "10"),
        ("十二", "12"),
        ("二十", "20"),
        ("二十三", "23"),
        ("07", "7"),
        ("一百零二", "102"),
        ("东", "东"),
    ],
)
def test_numerals(word: str, digits: str) -> None:
    assert number(word) == digits


def test_people_and_times() -> None:
    slots = extract("报名交通引导志愿岗，孙丽，13600136000")
    assert (slots.name, slots.phone) == ("孙丽", "13600136000")
    assert extract("去年九月提交的").time == "去年九月"
    assert extract("我姥爷八十四了").target == "我姥爷"


@given(st.integers(1, 60), st.integers(1, 9), st.integers(101, 3299))
def test_every_way_of_writing_an_address_means_the_same(building: int, unit: int, room: int) -> None:
    want = (str(building), str(unit), str(room))
    for text in (f"{building}号楼{unit}单元{room}", f"{building}-{unit}-{room}漏水", f"{building}栋{unit}单元{room}室"):
        slots = extract(text)
        assert (slots.building, slots.unit, slots.room) == want, text


@given(st.text(max_size=300))
def test_nothing_breaks_it(text: str) -> None:
    extract(text)
