"""Schemes are settings: right ones are read exactly, wrong ones are refused with one Chinese line per problem."""

from fractions import Fraction
from pathlib import Path

import pytest

from config import scheme as schemes
from config.scheme import WrongScheme, read_scheme
from config.settings import WrongSettings, read_settings

GOOD = (schemes.FOLDER / "taiyuan_2022.toml").read_text(encoding="utf-8")


def _problems(folder: Path, text: str) -> list[str]:
    (folder / "ours.toml").write_text(text, encoding="utf-8")
    with pytest.raises(WrongScheme) as wrong:
        read_scheme("ours", folder)
    return wrong.value.problems


def test_the_taiyuan_scheme_is_what_the_table_forces() -> None:
    scheme = read_scheme("taiyuan_2022")
    weights = [scheme.term(rate).weight for rate in schemes.RATES]
    assert [scheme.base_points, *weights] == [Fraction(points) for points in (20, 32, 24, 8, 16)]
    assert scheme.zero_due == "no_score"
    assert (scheme.most_deducted, scheme.lowest_score) == (None, None), "neither is known"


def test_points_are_read_exactly(tmp_path: Path) -> None:
    text = GOOD.replace("base_points = 20", "base_points = 19.9").replace("weight = 32", "weight = 32.1")
    (tmp_path / "ours.toml").write_text(text, encoding="utf-8")
    scheme = read_scheme("ours", tmp_path)
    assert (scheme.base_points, scheme.closure.weight) == (Fraction("19.9"), Fraction("32.1"))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("weight = 32", "weight = 3.2", "ours.toml 的 full_marks：基础分加四项分值是 71.2，与满分 100 不符"),
        ("weight = 32", 'weight = "32"', "ours.toml 的 closure.weight：要填 0 到 1000 之间的数"),
        ("weight = 32", "weight = -32", "ours.toml 的 closure.weight：要填 0 到 1000 之间的数"),
        ("weight = 32", "weight = nan", "ours.toml 的 closure.weight：要填 0 到 1000 之间的数"),
        ("weight = 32", "weight = true", "ours.toml 的 closure.weight：要填 0 到 1000 之间的数"),
        ("weight = 32", "", "ours.toml 的 closure.weight：没有填写"),
        ("weight = 32", "weight = 32\ncolour = 1", "ours.toml 的 closure.colour：没有这一项"),
        ('base = ["extension_base", "due"]', 'base = "due"', "ours.toml 的 extension.base：要写成一列列名"),
        ('base = ["extension_base", "due"]', 'base = ["dew"]', "ours.toml 的 extension.base：要写成一列列名"),
        ("empty = 0", "", "ours.toml 的 extension.empty：这一项的分母可能为 0"),
        ("empty = 0", "empty = 101", "ours.toml 的 extension.empty：要填 0 到 100 之间的数"),
        ('zero_due = "no_score"', 'zero_due = "maybe"', "ours.toml 的 zero_due：只能填 no_score、full_score"),
        ('closed_when = "closed"', 'closed_when = "x"', "ours.toml 的 cases.closed_when：只能填 handled、closed"),
        ("# most = 20", "most = []", "ours.toml 的 media.most：要填 0 到 1000 之间的数"),
        ('title = "太原', "title = 3 # ", "ours.toml 的 title：要写方案的名称"),
        ('title = "太原', 'colour = 1\ntitle = "太原', "ours.toml 的 colour：没有这一项"),
        ('title = "太原', 'title = "太原" "', "ours.toml：写法有误"),
        ("[media]", "[medium]", "ours.toml 的 medium：没有这一项"),
    ],
)
def test_a_wrong_file_says_where_and_how(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in GOOD
    problems = _problems(tmp_path, GOOD.replace(old, new, 1))
    assert problems[0].startswith(says), problems


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("weight = 32", "weight = -1").replace("weight = 24", "weight = 'x'").replace('no_score"', 'x"')
    assert len(_problems(tmp_path, text)) == 3


def test_a_table_may_not_be_a_number(tmp_path: Path) -> None:
    text = "media = 3\n" + GOOD.replace("[media]", "")
    assert "ours.toml 的 media：要写成一节，以 [media] 开头" in _problems(tmp_path, text)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_bytes(GOOD.encode("gbk"))
    with pytest.raises(WrongScheme, match="存成 UTF-8"):
        read_scheme("ours", tmp_path)


def test_the_cap_and_the_floor_are_read(tmp_path: Path) -> None:
    text = GOOD.replace("# most = 20", "most = 20").replace("# lowest_score = 0", "lowest_score = 0")
    (tmp_path / "ours.toml").write_text(text, encoding="utf-8")
    scheme = read_scheme("ours", tmp_path)
    assert scheme.most_deducted == 20
    assert scheme.lowest_score == 0


@pytest.mark.parametrize("name", ["nowhere", "../settings", "", "TAIYUAN_2022.TOML"])
def test_a_setting_that_names_no_scheme_stops_the_start(name: str) -> None:
    with pytest.raises(WrongSettings) as wrong:
        read_settings({"GRIDBOT_ASSESSMENT": name})
    (line,) = wrong.value.problems
    assert line == f"GRIDBOT_ASSESSMENT：没有“{name}”这个考评方案，可用的有：taiyuan_2022"


def test_the_city_is_the_default() -> None:
    assert read_settings({}).assessment == "taiyuan_2022"
