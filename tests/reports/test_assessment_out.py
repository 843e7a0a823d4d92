"""The assessment on paper: nothing rounded twice, nothing that Excel or a terminal would take for a command."""

import csv
import io
import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.reports.assessment import Counts, Printed, assess
from bot.reports.assessment_out import Format, write
from bot.reports.rows import read_table
from bot.texts import assessment as words
from config.scheme import BASES, RATES
from tests.reports import golden
from tests.reports.golden import TAIYUAN

CITY = [assess(golden.counts(row), TAIYUAN) for row in golden.rows()]


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_citys_scores_stand_in_the_column_that_says_so() -> None:
    rows = _rows(write(CITY, TAIYUAN, form="csv"))
    assert [row["考评得分_score"] for row in rows] == [golden.score(row) or "—" for row in golden.rows()]
    assert [row["部门单位_unit"] for row in rows] == [golden.unit(row) for row in golden.rows()]
    assert rows[-1]["备注_note"] == "缺延期率、一次完成率，不评分；补齐后得分在64.86～88.86之间"


def test_plain_names_for_programs() -> None:
    rows = _rows(write(CITY, TAIYUAN, form="csv", chinese=False))
    assert rows[4]["score"] == "99.99"
    assert (rows[4]["on_time_pct"], rows[4]["first_pass_pct"]) == ("100.00", "99.92")


def test_json_has_numbers_and_nulls() -> None:
    rows = json.loads(write(CITY, TAIYUAN, form="json"))
    assert (rows[4]["unit"], rows[4]["score"], rows[4]["due"]) == ("迎泽区", 99.99, 2550)
    assert (rows[-1]["score"], rows[-1]["extension_pct"]) == (None, None)


@pytest.mark.parametrize("form", ["csv", "json", "table"])
def test_a_unit_with_nothing_due_shows_a_dash_and_no_score(form: Format) -> None:
    nothing = assess(Counts(unit="甲", due=0, closed=0, on_time=0), TAIYUAN)
    text = write([nothing], TAIYUAN, form=form)
    if form == "json":
        assert json.loads(text)[0]["score"] is None
    else:
        assert text.count("—") == 5
    assert "应结案数为0，不评分" in text


def test_the_table_for_the_eye_has_sums_formula_and_straight_columns() -> None:
    text = write(CITY, TAIYUAN, form="table", heading="统计时间：…", remarks=["一句话"])
    lines = text.splitlines()
    assert lines[0] == "统计时间：…"
    assert "得分 = 20 + 结案率×32 + 按期结案率×24 + (1－延期率)×8 + 一次完成率×16 － 媒体督办扣分" in lines
    assert "合计：应结案31135件，结案30399件，总体结案率97.64%" in lines
    assert lines[-1] == "注：一句话"
    assert "注：太原市公安局交通警察支队，缺延期率" in text


@pytest.mark.parametrize("name", ["=1+1", "+86", "-2", "@SUM(A1)", "＝1", "＋1", "－1", "＠A1"])
def test_a_name_never_becomes_a_formula(name: str) -> None:
    """Where the file is read as text, in any of its columns; in JSON there are no formulas."""
    found = assess(Counts(unit=name, group=name, due=1, closed=1), TAIYUAN)
    (row,) = _rows(write([found], TAIYUAN, form="csv", chinese=False))
    assert (row["unit"], row["group"]) == (f"'{name}", f"'{name}")
    assert json.loads(write([found], TAIYUAN, form="json"))[0]["unit"] == name


def test_what_was_put_in_for_nothing_is_said() -> None:
    counts = Counts(
        unit="甲", due=3, closed=0, on_time=0, extended=0, extension_base=0, first_pass=0, first_pass_base=0
    )
    (row,) = _rows(write([assess(counts, TAIYUAN)], TAIYUAN, form="csv", chinese=False))
    assert row["note"] == "没有派单，延期率按0%计分；没有办理完的，一次完成率按0%计分"
    assert (row["extension_pct"], row["first_pass_pct"], row["score"]) == ("—", "—", "28.00")


def test_a_rate_that_fits_no_count_is_said() -> None:
    counts = Counts(unit="甲", due=3, closed=3, printed={"on_time": Printed(Fraction(50))})
    (row,) = _rows(write([assess(counts, TAIYUAN)], TAIYUAN, form="csv", chinese=False))
    assert "按期结案率对不上整数件数，按百分数计算" in row["note"]


def test_deductions_are_shown_as_they_were_written() -> None:
    found = [assess(Counts(unit="甲", due=1, media_deduction=points), TAIYUAN) for points in (
        Fraction("0.2"), Fraction(3), Fraction(0), Fraction("0.125"), None)]  # fmt: skip
    shown = [row["media_deduction"] for row in _rows(write(found, TAIYUAN, form="csv", chinese=False))]
    assert shown == ["0.2", "3", "0", "0.125", ""]


_name = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cf", "Zs", "Zl", "Zp"]), min_size=1)


@st.composite
def _counts(draw: st.DrawFn) -> Counts:
    due, base, handled = (draw(st.none() | st.integers(0, 999)) for _ in range(3))
    part = {
        "closed": due,
        "on_time": due,
        "extended": base,
        "first_pass": handled,
    }
    known: dict[str, Any] = {
        name: draw(st.none() | st.integers(0, size)) for name, size in part.items() if size is not None
    }
    points = draw(st.none() | st.integers(0, 200))
    return Counts(unit=draw(_name), group=draw(st.just("") | _name), due=due if due is not None else 7,
                  extension_base=base, first_pass_base=handled,
                  media_deduction=None if points is None else Fraction(points, 10), **known)  # fmt: skip


@given(st.lists(_counts(), min_size=1, max_size=5), st.booleans())
def test_what_was_written_can_be_read_again_and_scores_the_same(rows: list[Counts], chinese: bool) -> None:
    first = [assess(row, TAIYUAN) for row in rows]
    text = write(first, TAIYUAN, form="csv", chinese=chinese)
    again = [assess(row, TAIYUAN) for row in read_table(text.encode(), TAIYUAN).rows]
    assert [each.score for each in again] == [each.score for each in first]


def test_every_column_and_rate_has_its_chinese_name() -> None:
    assert set(words.RATES) == set(RATES)
    assert set(BASES) <= set(words.TITLES)
