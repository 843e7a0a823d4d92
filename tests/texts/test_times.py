"""How a time is said: golden sentences at a Sunday noon, at midnight and over New Year."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.texts import times
from bot.texts.times import SHANGHAI, by, left, moment, span

SUNDAY = "2026-11-22 14:00"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


@pytest.mark.parametrize(
    ("when", "now", "said"),
    [
        ("2026-11-22 14:00", SUNDAY, "刚刚"),
        ("2026-11-22 13:59:01", SUNDAY, "刚刚"),
        ("2026-11-22 14:00:59", SUNDAY, "刚刚"),
        ("2026-11-22 13:59", SUNDAY, "1分钟前"),
        ("2026-11-22 13:55", SUNDAY, "5分钟前"),
        ("2026-11-22 13:00:01", SUNDAY, "59分钟前"),
        ("2026-11-22 13:00", SUNDAY, "今天 13:00"),
        ("2026-11-22 14:30", SUNDAY, "今天 14:30"),
        ("2026-11-21 23:58", "2026-11-22 00:03", "5分钟前"),
        ("2026-11-21 18:40", SUNDAY, "昨天 18:40"),
        ("2026-11-23 10:00", SUNDAY, "明天 10:00"),
        ("2026-11-20 08:15", SUNDAY, "11月20日 08:15"),
        ("2026-12-31 23:00", "2027-01-01 09:00", "昨天 23:00"),
        ("2027-01-04 09:00", SUNDAY, "2027年1月4日 09:00"),
        ("2025-12-31 09:00", SUNDAY, "2025年12月31日 09:00"),
        ("2026-11-22 00:00", SUNDAY, "今天 00:00"),
    ],
)
def test_a_moment(when: str, now: str, said: str) -> None:
    assert moment(at(when), at(now)) == said


@pytest.mark.parametrize(
    ("due", "now", "said"),
    [
        ("2026-11-22 14:30", SUNDAY, "今天 14:30前"),
        ("2026-11-22 14:30:59", SUNDAY, "今天 14:30前"),
        ("2026-11-22 09:00", SUNDAY, "今天 09:00前"),
        ("2026-11-23 10:00", SUNDAY, "明天 10:00前"),
        ("2026-11-26 18:00", SUNDAY, "周四（11月26日）18:00前"),
        ("2026-11-28 18:00", SUNDAY, "周六（11月28日）18:00前"),
        ("2026-11-29 18:00", SUNDAY, "11月29日（周日）18:00前"),
        ("2026-12-10 18:00", SUNDAY, "12月10日（周四）18:00前"),
        ("2026-11-21 18:00", SUNDAY, "昨天 18:00前"),
        ("2026-11-20 18:00", SUNDAY, "11月20日（周五）18:00前"),
        ("2027-01-04 09:00", SUNDAY, "2027年1月4日 09:00前"),
        ("2027-01-04 09:00", "2026-12-31 17:30", "2027年1月4日 09:00前"),
        ("2027-01-01 09:00", "2026-12-31 17:30", "明天 09:00前"),
        ("2026-11-23 00:00", SUNDAY, "今天 24:00前"),
        ("2026-11-24 00:00", SUNDAY, "明天 24:00前"),
        ("2027-01-01 00:00", "2026-12-31 17:30", "今天 24:00前"),
        ("2026-11-23 00:01", SUNDAY, "明天 00:01前"),
    ],
)
def test_by_when(due: str, now: str, said: str) -> None:
    assert by(at(due), at(now)) == said


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (0, "0分钟"), (1, "1分钟"), (40, "40分钟"), (59, "59分钟"), (60, "1小时"), (135, "2小时15分"),
        (1439, "23小时59分"), (1440, "1天"), (1499, "1天"), (1620, "1天3小时"), (1665, "1天3小时"), (14400, "10天"),
    ],
)  # fmt: skip
def test_a_span(minutes: int, said: str) -> None:
    assert span(minutes) == said


@pytest.mark.parametrize(
    ("due", "said"),
    [
        ("2026-11-22 16:15", "还剩2小时15分"),
        ("2026-11-22 14:30", "还剩30分钟"),
        ("2026-11-23 17:59:59", "还剩1天3小时"),
        ("2026-11-22 14:01", "还剩1分钟"),
        ("2026-11-22 14:00:59", "还剩不到1分钟"),
        ("2026-11-22 14:00", "刚到时限"),
        ("2026-11-22 13:59:01", "刚到时限"),
        ("2026-11-22 13:59", "已超时1分钟"),
        ("2026-11-22 13:20", "已超时40分钟"),
        ("2026-11-20 13:00", "已超时2天1小时"),
    ],
)
def test_what_is_left(due: str, said: str) -> None:
    assert left(at(due), at(SUNDAY)) == said


def test_a_day_with_and_without_year_and_weekday() -> None:
    on = at("2026-11-20 08:15").astimezone(SHANGHAI).date()
    assert times.day(on) == "2026年11月20日"
    assert times.day(on, year=2026) == "11月20日"
    assert times.day(on, year=2026, weekday=True) == "11月20日（周五）"


def test_the_zone_of_the_caller_does_not_matter() -> None:
    utc = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)  # already Monday 01:00 in Shanghai
    assert moment(utc, at("2026-11-23 09:00")) == "今天 01:00"
    assert by(utc, at(SUNDAY)) == "明天 01:00前"


def test_a_naive_time_and_a_negative_span_are_bugs() -> None:
    naive = datetime(2026, 11, 22, 17, 0)
    for say in (moment, by, left):
        with pytest.raises(ValueError, match="没有时区"):
            say(naive, at(SUNDAY))
        with pytest.raises(ValueError, match="没有时区"):
            say(at(SUNDAY), naive)
    with pytest.raises(ValueError, match="负数"):
        span(-1)


INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))


@given(INSTANTS, st.timedeltas(timedelta(days=-800), timedelta(days=800)))
def test_every_time_is_said_on_one_line_without_latin_letters(now: datetime, ahead: timedelta) -> None:
    for said in (moment(now + ahead, now), by(now + ahead, now), left(now + ahead, now)):
        assert said == said.strip()
        assert not any("a" <= letter.lower() <= "z" or letter in "\n-" for letter in said), said
