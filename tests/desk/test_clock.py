"""The working clock: golden deadlines 2024-2027, the edges of spans and days, and what must hold for every start."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.desk.calendar import Calendar, Override
from bot.desk.clock import Hours, Limit, Unit, advance, at_share, deadline, halfway, next_working, working_minutes
from bot.texts.times import SHANGHAI

CALENDAR = Calendar({})
STANDARD = Hours.standard()
SUMMER = Hours.parse("08:30-12:00,14:00-18:00; 05-01..09-30 08:00-12:00,15:00-18:00")
LATE = Hours.parse("08:00-12:00,14:00-18:00,20:00-24:00")
ROUND = Hours.parse("00:00-24:00")
COUNTED = ("工作时间", "调休上班")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def due(start: str, limit: str, hours: Hours = STANDARD, calendar: Calendar = CALENDAR) -> str:
    found = deadline(at(start), Limit.parse(limit), hours=hours, calendar=calendar).due
    assert found.tzinfo is UTC
    return found.astimezone(SHANGHAI).replace(tzinfo=None).isoformat(" ").removesuffix(":00")


@pytest.mark.parametrize(
    ("start", "limit", "expected"),
    [
        # inside a day, over lunch, over night, over a weekend
        ("2026-11-19 09:00", "2wh", "2026-11-19 11:00"), ("2026-11-19 11:00", "2wh", "2026-11-19 15:00"),
        ("2026-11-19 17:00", "4wh", "2026-11-20 11:30"), ("2026-11-20 17:30", "4wh", "2026-11-23 12:00"),
        ("2026-11-21 10:00", "1wh", "2026-11-23 09:30"),
        # exactly at the edges of spans
        ("2026-11-19 08:30", "1wh", "2026-11-19 09:30"), ("2026-11-19 12:00", "1wh", "2026-11-19 15:00"),
        ("2026-11-19 14:00", "4wh", "2026-11-19 18:00"), ("2026-11-19 18:00", "1wh", "2026-11-20 09:30"),
        ("2026-11-19 10:00", "2wh", "2026-11-19 12:00"), ("2026-11-19 00:00", "1wh", "2026-11-19 09:30"),
        ("2026-11-19 10:00:30", "4wh", "2026-11-19 16:00:30"),
        # weekends that work: 2024-02-04, 2024-10-12, 2025-01-26, 2026-02-14, 2026-09-20
        ("2024-02-03 09:00", "4wh", "2024-02-04 14:30"), ("2024-02-09 17:00", "2wh", "2024-02-18 09:30"),
        ("2024-10-11 17:00", "2wh", "2024-10-12 09:30"), ("2024-10-12 17:00", "2wh", "2024-10-14 09:30"),
        ("2025-01-25 12:00", "1wh", "2025-01-26 09:30"), ("2025-01-27 17:00", "2wh", "2025-02-05 09:30"),
        ("2026-02-13 17:00", "2wh", "2026-02-14 09:30"), ("2026-02-14 17:00", "2wh", "2026-02-24 09:30"),
        ("2026-09-19 10:00", "1wh", "2026-09-20 09:30"),
        # weekdays that rest
        ("2024-04-03 17:00", "2wh", "2024-04-07 09:30"), ("2025-05-05 10:00", "1wh", "2025-05-06 09:30"),
        ("2026-06-18 17:00", "2wh", "2026-06-22 09:30"), ("2026-09-30 17:30", "4wh", "2026-10-08 12:00"),
        # New Year 2027, estimated
        ("2026-12-31 17:30", "4wh", "2027-01-04 12:00"), ("2026-12-31 17:30", "30min", "2026-12-31 18:00"),
        # working days
        ("2026-11-20 10:00", "1wd", "2026-11-23 10:00"), ("2026-11-20 10:00", "5wd", "2026-11-27 10:00"),
        ("2026-11-21 10:00", "1wd", "2026-11-24 08:30"), ("2026-11-20 18:00", "1wd", "2026-11-24 08:30"),
        ("2026-11-20 12:30", "1wd", "2026-11-23 14:00"), ("2026-11-20 05:00", "1wd", "2026-11-23 08:30"),
        ("2026-02-13 10:00", "2wd", "2026-02-24 10:00"), ("2024-10-11 16:00", "1wd", "2024-10-12 16:00"),
        ("2026-09-30 16:00", "3wd", "2026-10-10 16:00"), ("2026-12-31 17:30", "1wd", "2027-01-04 17:30"),
        ("2026-11-02 10:00", "15wd", "2026-11-23 10:00"),
        # around the clock
        ("2026-09-30 23:50", "30min", "2026-10-01 00:20"), ("2026-09-30 23:50", "2h", "2026-10-01 01:50"),
        ("2026-09-30 23:50", "1d", "2026-10-01 23:50"), ("2024-02-28 10:00", "2d", "2024-03-01 10:00"),
    ],
)  # fmt: skip
def test_golden_deadlines(start: str, limit: str, expected: str) -> None:
    assert due(start, limit) == expected


@pytest.mark.parametrize(
    ("start", "limit", "hours", "expected"),
    [
        ("2026-11-19 23:00", "1wh", LATE, "2026-11-20 00:00"),
        ("2026-11-20 23:30", "1wh", LATE, "2026-11-23 08:30"),
        ("2026-11-21 00:00", "1wh", LATE, "2026-11-23 09:00"),
        ("2026-11-19 23:00", "1wd", LATE, "2026-11-20 23:00"),
        ("2026-11-19 22:00", "4wh", ROUND, "2026-11-20 02:00"),
        ("2026-11-20 22:00", "4wh", ROUND, "2026-11-23 02:00"),
        # a season begins on 1 May 2026 (a holiday until the 5th) and ends on 30 September
        ("2026-04-30 17:00", "2wh", SUMMER, "2026-05-06 09:00"),
        ("2026-04-30 10:00", "1wd", SUMMER, "2026-05-06 10:00"),
        ("2026-04-30 14:30", "1wd", SUMMER, "2026-05-06 15:00"),
        ("2026-09-30 08:10", "1wd", SUMMER, "2026-10-08 08:30"),
        ("2026-08-03 14:00", "1wh", SUMMER, "2026-08-03 16:00"),
    ],
)
def test_other_hours(start: str, limit: str, hours: Hours, expected: str) -> None:
    assert due(start, limit, hours) == expected


def test_a_clock_time_after_the_shorter_day_moves_to_its_end() -> None:
    winter = Hours.parse("08:30-18:00; 11-21..03-15 09:00-17:00")
    assert due("2026-11-20 17:40", "1wd", winter) == "2026-11-23 17:00"


def test_the_override_table_moves_a_deadline() -> None:
    closed = Calendar({date(2026, 11, 20): Override(False, "停电"), date(2026, 11, 21): Override(True, "调休上班")})
    assert due("2026-11-19 17:00", "2wh", calendar=closed) == "2026-11-21 09:30"
    explained = deadline(at("2026-11-19 17:00"), Limit(2, "wh"), hours=STANDARD, calendar=closed).explain()
    assert "不计（下班、停电）" in explained
    assert "（调休上班）" in explained


def test_a_calendar_without_work_is_refused_instead_of_running_forever() -> None:
    start = date(2026, 1, 1)
    never = Calendar({start + timedelta(days=ahead): Override(False, "停业") for ahead in range(800)})
    with pytest.raises(ValueError, match="没有上班的日子"):
        due("2026-01-01 10:00", "1wh", calendar=never)


def test_shares_of_a_limit() -> None:
    def share(start: str, limit: str, part: float) -> str:
        found = at_share(at(start), Limit.parse(limit), part, hours=STANDARD, calendar=CALENDAR)
        return found.astimezone(SHANGHAI).strftime("%m-%d %H:%M")

    assert share("2026-11-19 09:00", "4wh", 0.5) == "11-19 11:00"
    assert share("2026-11-20 17:30", "4wh", 0.5) == "11-23 10:00"
    assert share("2026-11-20 10:00", "5wd", 0.8) == "11-26 10:00"
    assert share("2026-11-20 10:00", "5wd", 1) == "11-27 10:00"
    assert share("2026-11-20 23:00", "2h", 0.8) == "11-21 00:36"
    assert share("2026-11-21 23:00", "4wh", 0) == "11-21 23:00"
    half = halfway(at("2026-11-20 10:00"), Limit(2, "wd"), hours=STANDARD, calendar=CALENDAR)
    assert half == at("2026-11-23 10:00")
    with pytest.raises(ValueError, match="0到1"):
        share("2026-11-20 10:00", "1wd", 1.2)


def test_the_next_working_moment() -> None:
    for when, opens in [("11-20 10:00", "11-20 10:00"), ("11-20 12:00", "11-20 14:00"), ("11-20 18:00", "11-23 08:30")]:
        assert next_working(at(f"2026-{when}"), hours=STANDARD, calendar=CALENDAR) == at(f"2026-{opens}")


def test_the_new_year_deadline_explains_itself_and_warns() -> None:
    found = deadline(at("2026-12-31 17:30"), Limit.parse("4wh"), hours=STANDARD, calendar=CALENDAR)
    assert found.warnings == ("2027年调休安排尚未导入，按法定假日推算",)
    assert found.explain().splitlines() == [
        "2026年12月31日（周四）17:30起，时限4个工作小时",
        "12月31日（周四）17:30–18:00 计30分钟",
        "12月31日（周四）18:00至2027年1月4日（周一）08:30不计（下班、元旦假期、周末）",
        "2027年1月4日（周一）08:30–12:00 计3小时30分",
        "2027年1月4日（周一）12:00到期",
        "2027年调休安排尚未导入，按法定假日推算",
    ]


def test_a_ledger_names_lunch_night_make_up_days_and_holidays() -> None:
    found = deadline(at("2026-02-14 11:00"), Limit.parse("8wh"), hours=STANDARD, calendar=CALENDAR)
    reasons = [entry.reason for entry in found.ledger]
    assert reasons[:4] == ["调休上班", "午休", "调休上班", "下班"]
    assert set(reasons[4:-2]) == {"春节假期"}
    assert "计5小时（调休上班，午休不计）" in found.explain()
    assert found.warnings == ()


def test_a_long_explanation_stays_short_and_seconds_do_not_show() -> None:
    found = deadline(at("2026-11-20 10:00:30"), Limit.parse("5wd"), hours=STANDARD, calendar=CALENDAR)
    assert len(found.explain().splitlines()) == 9
    assert "计6小时（" in found.explain()
    assert found.explain().splitlines()[-2].endswith("计1小时30分")


def test_an_end_at_midnight_is_written_24() -> None:
    explained = deadline(at("2026-11-19 23:00"), Limit(1, "wh"), hours=LATE, calendar=CALENDAR).explain()
    assert "23:00–24:00 计1小时" in explained
    assert explained.endswith("11月19日（周四）24:00到期")


def test_a_natural_limit_says_so() -> None:
    found = deadline(at("2026-09-30 23:50"), Limit.parse("2h"), hours=STANDARD, calendar=CALENDAR)
    assert [(entry.minutes, entry.reason) for entry in found.ledger] == [(120, "连续计时")]
    assert "不分昼夜和节假日，连续计时2小时" in found.explain()


@pytest.mark.parametrize(
    ("text", "said", "natural"),
    [("30min", "30分钟", True), ("2h", "2小时", True), ("1d", "1天", True), (" 5WD ", "5个工作日", False)],
)  # fmt: skip
def test_limits_are_read_and_said(text: str, said: str, natural: bool) -> None:
    limit = Limit.parse(text)
    assert (limit.say(), limit.natural) == (said, natural)
    assert Limit.parse(str(limit)) == limit


UNREADABLE = ["", "5", "wd", "-1h", "1.5h", "5 wd", "5工作日", "５wd", "1w"]
SENSELESS = ["0wh", "999999min", "400d", "9000h", "5000wh", "999wd"]


@pytest.mark.parametrize("text", UNREADABLE + SENSELESS)
def test_unreadable_and_senseless_limits_are_refused_in_chinese(text: str) -> None:
    with pytest.raises(ValueError, match=r"看不懂，请写成|超出范围"):
        Limit.parse(text)


def test_naive_times_and_negative_minutes_are_bugs() -> None:
    naive = datetime(2026, 11, 20, 10)
    calls: list[Callable[[], object]] = [
        lambda: deadline(naive, Limit(1, "wh"), hours=STANDARD, calendar=CALENDAR),
        lambda: advance(naive, 5, hours=STANDARD, calendar=CALENDAR),
        lambda: working_minutes(naive, at("2026-11-20 11:00"), hours=STANDARD, calendar=CALENDAR),
        lambda: next_working(naive, hours=STANDARD, calendar=CALENDAR),
        lambda: advance(at("2026-11-20 11:00"), -1, hours=STANDARD, calendar=CALENDAR),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=r"没有时区|负数"):
            call()


# What must hold for every start, any hours, any limit.

STARTS = st.datetimes(datetime(2024, 1, 1), datetime(2028, 6, 1), timezones=st.just(UTC))
HOURS = st.sampled_from([STANDARD, SUMMER, LATE, ROUND, Hours.parse("09:00-17:00; 11-15..03-15 09:30-16:00")])
MINUTES = st.integers(0, 6_000)
MOST: dict[Unit, int] = {"min": 5_000, "h": 200, "d": 20, "wh": 60, "wd": 20}
LIMITS = st.sampled_from(list(MOST)).flatmap(lambda unit: st.builds(Limit, st.integers(1, MOST[unit]), st.just(unit)))
EDGE = at("2026-04-30 18:00").astimezone(UTC)


@given(STARTS, MINUTES, MINUTES, HOURS)
@example(EDGE, 0, 60, SUMMER)
def test_advancing_adds_up_and_is_the_inverse_of_counting(start: datetime, a: int, b: int, hours: Hours) -> None:
    then = advance(start, a, hours=hours, calendar=CALENDAR)
    both = advance(start, a + b, hours=hours, calendar=CALENDAR)
    assert advance(then, b, hours=hours, calendar=CALENDAR) == both
    assert start <= then <= both
    assert working_minutes(start, then, hours=hours, calendar=CALENDAR) == a
    assert working_minutes(then, start, hours=hours, calendar=CALENDAR) == -a
    if a:  # earliest: a moment before, the last minute was not whole
        before = then - timedelta(microseconds=1)
        assert working_minutes(start, before, hours=hours, calendar=CALENDAR) == a - 1


@given(STARTS, st.timedeltas(timedelta(0), timedelta(days=12)), LIMITS, HOURS)
@example(EDGE - timedelta(hours=1), timedelta(hours=1), Limit(1, "wd"), SUMMER)
def test_a_later_start_is_never_due_earlier(start: datetime, later: timedelta, limit: Limit, hours: Hours) -> None:
    first = deadline(start, limit, hours=hours, calendar=CALENDAR).due
    second = deadline(start + later, limit, hours=hours, calendar=CALENDAR).due
    assert start < first <= second


@given(STARTS, LIMITS, HOURS)
def test_a_longer_limit_is_due_later(start: datetime, limit: Limit, hours: Hours) -> None:
    longer = Limit(limit.value + 1, limit.unit)
    shorter = deadline(start, limit, hours=hours, calendar=CALENDAR).due
    assert shorter < deadline(start, longer, hours=hours, calendar=CALENDAR).due


@given(STARTS, LIMITS, HOURS)
def test_the_ledger_is_gapless_and_sums_to_the_limit(start: datetime, limit: Limit, hours: Hours) -> None:
    found = deadline(start, limit, hours=hours, calendar=CALENDAR)
    assert (found.ledger[0].begin, found.ledger[-1].end) == (start, found.due)
    assert all(one.end == two.begin for one, two in pairwise(found.ledger))
    assert all(entry.begin < entry.end and entry.minutes >= 0 for entry in found.ledger)
    minutes = sum(entry.minutes for entry in found.ledger)
    if limit.natural:
        assert found.due - start == timedelta(minutes=minutes)
    else:
        assert minutes == working_minutes(start, found.due, hours=hours, calendar=CALENDAR)
        assert all(entry.minutes == 0 for entry in found.ledger if entry.reason not in COUNTED)
    if limit.unit == "wh":
        assert minutes == limit.value * 60
    if limit.unit == "wd" and not hours.seasons:
        assert minutes == limit.value * sum(end - begin for begin, end in hours.spans)
    assert found.explain()


@given(STARTS, st.integers(1, 300), HOURS)
def test_natural_limits_are_exact(start: datetime, n: int, hours: Hours) -> None:
    for unit, length in (("min", timedelta(minutes=n)), ("h", timedelta(hours=n)), ("d", timedelta(days=n))):
        assert deadline(start, Limit.parse(f"{n}{unit}"), hours=hours, calendar=CALENDAR).due == start + length


@given(STARTS, LIMITS, HOURS, st.floats(0, 1), st.floats(0, 1))
def test_shares_grow_from_start_to_due(start: datetime, limit: Limit, hours: Hours, a: float, b: float) -> None:
    due_at = deadline(start, limit, hours=hours, calendar=CALENDAR).due
    early, late = (at_share(start, limit, part, hours=hours, calendar=CALENDAR) for part in sorted((a, b)))
    assert start <= early <= late <= due_at


@given(STARTS, st.integers(1, 10), st.integers(1, 10))
def test_working_days_add_up_and_land_in_working_time(start: datetime, a: int, b: int) -> None:
    def later(moment: datetime, days: int) -> datetime:
        return deadline(moment, Limit(days, "wd"), hours=STANDARD, calendar=CALENDAR).due

    assert later(later(start, a), b) == later(start, a + b)
    assert next_working(later(start, a), hours=STANDARD, calendar=CALENDAR) == later(start, a)


def test_a_deadline_costs_microseconds() -> None:
    start, limit = at("2026-09-18 10:07"), Limit.parse("5wd")

    def once() -> float:
        before = time.perf_counter()
        for _ in range(200):
            deadline(start, limit, hours=STANDARD, calendar=CALENDAR)
        return (time.perf_counter() - before) / 200

    assert min(once() for _ in range(6)) < 500e-6  # measured 40-80 µs; the rest is for a busy machine
