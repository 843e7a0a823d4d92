"""Which days and hours work: official make-up days, the estimate beyond them, the override table and its errors."""

from datetime import date, timedelta
from pathlib import Path

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.desk.calendar import Calendar, Day, Hours, Override, WrongCalendar

PLAIN = Calendar({})
SHIPPED = Path(__file__).parents[2] / "config" / "calendar" / "overrides.csv"

WEEKENDS_THAT_WORK = [
    "2024-02-04", "2024-02-18", "2024-04-07", "2024-04-28", "2024-05-11", "2024-09-14", "2024-09-29", "2024-10-12",
    "2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11",
    "2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10",
]  # fmt: skip

WEEKDAYS_THAT_REST = [
    ("2024-01-01", "元旦"), ("2024-02-12", "春节"), ("2024-02-16", "春节"), ("2024-04-04", "清明节"),
    ("2024-05-03", "劳动节"), ("2024-06-10", "端午节"), ("2024-09-17", "中秋节"), ("2024-10-07", "国庆节"),
    ("2025-01-01", "元旦"), ("2025-01-28", "春节"), ("2025-02-04", "春节"), ("2025-05-05", "劳动节"),
    ("2025-10-08", "国庆节"), ("2026-01-02", "元旦"), ("2026-02-16", "春节"), ("2026-02-23", "春节"),
    ("2026-04-06", "清明节"), ("2026-06-19", "端午节"), ("2026-09-25", "中秋节"), ("2026-10-07", "国庆节"),
]  # fmt: skip


@pytest.mark.parametrize("on", WEEKENDS_THAT_WORK)
def test_a_make_up_weekend_works(on: str) -> None:
    assert date.fromisoformat(on).weekday() > 4
    assert PLAIN.day(date.fromisoformat(on)) == Day(True, "调休上班", "official")


def test_the_table_above_holds_every_make_up_weekend_of_three_years() -> None:
    known = {on for on in chinese_calendar.constants.workdays if 2024 <= on.year <= 2026}
    assert known == {date.fromisoformat(on) for on in WEEKENDS_THAT_WORK}


@pytest.mark.parametrize(("on", "name"), WEEKDAYS_THAT_REST)
def test_a_holiday_on_a_weekday_rests(on: str, name: str) -> None:
    assert date.fromisoformat(on).weekday() < 5
    assert PLAIN.day(date.fromisoformat(on)) == Day(False, name, "official")


@pytest.mark.parametrize(
    ("on", "day"),
    [
        ("2026-11-20", Day(True, "工作日", "official")),
        ("2026-11-21", Day(False, "周末", "official")),
        ("2024-02-11", Day(False, "春节", "official")),
        ("2027-01-01", Day(False, "元旦", "estimate")),
        ("2027-01-02", Day(False, "周末", "estimate")),
        ("2027-01-04", Day(True, "工作日", "estimate")),
        ("2027-02-05", Day(False, "春节", "estimate")),
        ("2027-02-10", Day(False, "春节", "estimate")),
        ("2027-10-05", Day(False, "国庆节", "estimate")),
        ("2003-02-08", Day(True, "调休上班", "estimate")),
        ("2003-02-06", Day(False, "调休休息", "estimate")),
        ("1990-05-01", Day(False, "劳动节", "estimate")),
    ],
)
def test_ordinary_and_estimated_days(on: str, day: Day) -> None:
    assert PLAIN.day(date.fromisoformat(on)) == day


def test_every_official_day_agrees_with_the_library() -> None:
    on = date(2024, 1, 1)
    while on.year < 2027:
        assert PLAIN.day(on).working is chinese_calendar.is_workday(on), on
        on += timedelta(days=1)


def test_no_year_from_1990_to_2100_raises_and_every_week_has_work() -> None:
    for year in range(1990, 2101):
        on = date(year, 3, 1)
        assert any(PLAIN.day(on + timedelta(days=ahead)).working for ahead in range(7))
        assert not PLAIN.day(date(year, 1, 1)).working
        assert (PLAIN.warning(year) is None) is (2004 <= year <= 2026)


def test_an_estimated_year_warns() -> None:
    assert PLAIN.warning(2026) is None
    assert PLAIN.warning(2027) == "2027年调休安排尚未导入，按法定假日推算"


def test_the_override_table_goes_first() -> None:
    calendar = Calendar({date(2026, 11, 20): Override(False, "停电"), date(2026, 10, 1): Override(True, "值守")})
    assert calendar.day(date(2026, 11, 20)) == Day(False, "停电", "override")
    assert calendar.day(date(2026, 10, 1)) == Day(True, "值守", "override")
    assert calendar.day(date(2026, 11, 23)).source == "official"


def test_one_local_day_off_does_not_silence_the_warning() -> None:
    assert Calendar({date(2027, 3, 3): Override(False, "停电")}).warning(2027)


def test_an_imported_arrangement_silences_the_warning_and_makes_the_year_official() -> None:
    moved = {date(2027, 2, 11): Override(False, "春节"), date(2027, 2, 20): Override(True, "调休上班")}
    calendar = Calendar(moved)
    assert calendar.warning(2027) is None
    assert calendar.warning(2028)
    assert calendar.day(date(2027, 2, 11)) == Day(False, "春节", "override")
    assert calendar.day(date(2027, 3, 3)) == Day(True, "工作日", "official")


def test_the_shipped_table_is_empty() -> None:
    assert SHIPPED.read_text(encoding="utf-8") == "date,working,name\n"
    assert Calendar.load(SHIPPED).warning(2027)


def test_a_table_from_a_spreadsheet_is_read(tmp_path: Path) -> None:
    path = tmp_path / "days.csv"
    path.write_text(
        "\ufeffdate,working,name\r\n2030/2/7,休息,春节\r\n,,\r\n2030-02-16,1,调休上班\r\n", encoding="utf-8"
    )
    calendar = Calendar.load(path)
    assert calendar.day(date(2030, 2, 7)) == Day(False, "春节", "override")
    assert calendar.day(date(2030, 2, 16)) == Day(True, "调休上班", "override")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "第1行：表头要写成 date,working,name"),
        ("日期,上班,名称\n", "第1行：表头要写成 date,working,name"),
        ("date,working,name\n2030-02-30,1,春节\n", "第2行：日期“2030-02-30”不对"),
        ("date,working,name\n20300207,1,春节\n", "第2行：日期“20300207”不对"),
        ("date,working,name\n2207-02-07,1,春节\n", "第2行：日期“2207-02-07”不对"),
        ("date,working,name\n2030-02-07,也许,春节\n", "第2行：是否上班“也许”看不懂"),
        ("date,working,name\n2030-02-07,0,\n", "第2行：没有名称"),
        ("date,working,name\n2030-02-07,0\n", "第2行：要有3列"),
        ("date,working,name\n\n2030-02-07,0,春节\n2030-02-07,1,春节\n", "第4行：日期 2030-02-07 重复"),
    ],
)
def test_a_wrong_table_is_refused_with_its_row(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "days.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(WrongCalendar) as refused:
        Calendar.load(path)
    assert refused.value.problems[0].startswith(problem)


def test_every_wrong_row_is_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "days.csv"
    path.write_text("date,working,name\nx,1,春节\n2030-02-07,1,春节\ny,1,春节\n", encoding="utf-8")
    with pytest.raises(WrongCalendar) as refused:
        Calendar.load(path)
    assert [problem[:3] for problem in refused.value.problems] == ["第2行", "第4行"]


def test_a_missing_or_foreign_file_is_refused_in_chinese(tmp_path: Path) -> None:
    with pytest.raises(WrongCalendar, match="读不到调休表"):
        Calendar.load(tmp_path / "none.csv")
    (tmp_path / "gbk.csv").write_bytes("date,working,name\n2030-02-07,0,春节\n".encode("gbk"))
    with pytest.raises(WrongCalendar, match="不是 UTF-8"):
        Calendar.load(tmp_path / "gbk.csv")


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("08:30-12:00,14:00-18:00", "08:30-12:00,14:00-18:00"),
        ("8:30–12:00，14:00至24:00；", "08:30-12:00,14:00-24:00"),
        ("08:00-12:00,12:00-18:00", "08:00-18:00"),
        ("0:00-24:00", "00:00-24:00"),
        ("09:00-17:00; 05-01..09-30 08:00-12:00,15:00-18:00", "09:00-17:00; 05-01..09-30 08:00-12:00,15:00-18:00"),
        ("09:00-17:00;11-15..2-29 10:00-16:00", "09:00-17:00; 11-15..02-29 10:00-16:00"),
    ],
)
def test_hours_are_read_and_written_back(written: str, canonical: str) -> None:
    assert str(Hours.parse(written)) == canonical
    assert Hours.parse(canonical) == Hours.parse(written)


def test_standard_hours() -> None:
    assert str(Hours.standard()) == "08:30-12:00,14:00-18:00"


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("", "看不懂"),
        ("上班", "工作时间“上班”看不懂"),
        ("08:30-12:00,", "工作时间“”看不懂"),
        ("08:30-12:60", "超出一天"),
        ("08:30-24:01", "超出一天"),
        ("12:00-12:00", "结束不晚于开始"),
        ("22:00-06:00", "过夜请分成两段"),
        ("08:30-12:00,11:00-18:00", "重叠或次序不对"),
        ("14:00-18:00,08:30-12:00", "重叠或次序不对"),
        ("05-01..09-30 08:00-12:00", "先写全年通用的时段"),
        ("08:30-12:00; 夏天 08:00-12:00", "季节时段“夏天 08:00-12:00”看不懂"),
        ("08:30-12:00; 05-01..06-31 08:00-12:00", "没有6月31日"),
        ("08:30-12:00; 05-01..09-30 08:00-12:00; 09-30..10-31 09:00-12:00", "日期重叠"),
        ("08:30-12:00; 11-01..02-28 09:00-12:00; 01-01..01-31 08:00-12:00", "日期重叠"),
        ("08:30-12:00; 05-01..09-30 8点到12点", "工作时间“8点到12点”看不懂"),
    ],
)
def test_wrong_hours_are_refused_in_chinese(written: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem.replace("+", r"\+")):
        Hours.parse(written)


@given(st.dates(date(2024, 1, 1), date(2028, 12, 31)))
def test_a_season_over_new_year_holds_on_both_sides(on: date) -> None:
    hours = Hours.parse("08:00-18:00; 11-15..03-15 09:00-17:00")
    winter = (on.month, on.day) >= (11, 15) or (on.month, on.day) <= (3, 15)
    assert hours.on(on) == (((540, 1020),) if winter else ((480, 1080),))
