"""A stretch of time that a report covers: whole days of Taiyuan, a month or from one day to another. Reads no clock."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from bot.texts import times

_DAY = timedelta(days=1)


class WrongPeriod(ValueError):
    """``str()`` says in Chinese what is wrong with it and how to write it."""


@dataclass(frozen=True, slots=True)
class Period:
    """``start`` is in it, ``end`` is not; both aware. ``seen`` is the moment from which it is looked at: its end, or
    now while it is still running."""

    start: datetime
    end: datetime
    seen: datetime

    def say(self) -> str:
        """统计时间：2026年11月1日0时0分0秒—2026年11月30日23时59分59秒"""
        first, last = times.local(self.start), times.local(self.end - timedelta(seconds=1))
        said = f"统计时间：{_point(first)}—{_point(last)}"
        running = self.seen < self.end
        return f"{said}（尚未结束，按{_point(times.local(self.seen))}的情况统计）" if running else said


def month(text: str, *, now: datetime) -> Period:
    """``2026-11``. Raises ``WrongPeriod``."""
    match = re.fullmatch(r"(20\d\d)[-.年/]?(0?[1-9]|1[0-2])月?", text.strip())
    if not match:
        raise WrongPeriod(f"“{text}”不是月份，请写成 2026-11")
    year, number = int(match[1]), int(match[2])
    after = date(year + number // 12, number % 12 + 1, 1)
    return between(date(year, number, 1), after - _DAY, now=now)


def days(first: str, last: str, *, now: datetime) -> Period:
    """From one day to another, both included, written ``2026-11-01``. Raises ``WrongPeriod``."""
    return between(_day(first), _day(last), now=now)


def between(first: date, last: date, *, now: datetime) -> Period:
    """The days from ``first`` to ``last``, both included."""
    if last < first:
        raise WrongPeriod(f"结束日期 {last} 早于开始日期 {first}，请对调")
    start, end = _midnight(first), _midnight(last + _DAY)
    return Period(start, end, min(end, max(start, times.utc(now))))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise WrongPeriod(f"“{text}”不是日期，请写成 2026-11-01") from None


def _midnight(on: date) -> datetime:
    return datetime(on.year, on.month, on.day, tzinfo=times.SHANGHAI).astimezone(UTC)


def _point(at: datetime) -> str:
    return f"{times.day(at)}{at.hour}时{at.minute}分{at.second}秒"
