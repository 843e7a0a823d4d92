"""The working clock: what a limit means in hours and days. Pure; never asks what time it is, never changes a case.

Working time is half-open: a span counts from its first minute up to its end, so a start at 12:00 sharp counts from
14:00. Limits:

* ``30min 2h 1d`` run around the clock; ``1d`` is 24 hours.
* ``4wh`` is 240 working minutes. It is due at the earliest moment at which they have passed: at 12:00 or 18:00,
  not at the next opening.
* ``5wd`` moves the start to the next working moment and is due at the same clock time on the 5th working day after
  that day: Friday 10:00 + ``1wd`` is Monday 10:00, Saturday + ``1wd`` is Tuesday 08:30. Where other hours apply on
  the last day (a season began), a clock time outside them moves to that day's next working moment, or to its end.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import chain, groupby, islice, pairwise
from typing import Final, Literal, NamedTuple, Self

from bot.desk.calendar import MAKE_UP, Calendar, Day, Hours
from bot.texts import times

__all__ = [
    "Deadline", "Entry", "Hours", "Limit", "Unit",
    "advance", "at_share", "deadline", "halfway", "next_working", "working_minutes",
]  # fmt: skip

Unit = Literal["min", "h", "d", "wh", "wd"]

MINUTE: Final = timedelta(minutes=1)
_OFFSET: Final = times.SHANGHAI.utcoffset(None)
_DAY: Final = timedelta(days=1)
_SAY: Final[dict[Unit, str]] = {"min": "分钟", "h": "小时", "d": "天", "wh": "个工作小时", "wd": "个工作日"}
_MOST: Final[dict[Unit, int]] = {"min": 525_600, "h": 8_760, "d": 366, "wh": 3_000, "wd": 366}
_NATURAL: Final[dict[Unit, timedelta]] = {"min": MINUTE, "h": 60 * MINUTE, "d": _DAY}
_FESTIVE: Final = ("节", "元旦", "纪念日")
WORK, LUNCH, BREAK, CLOSED, NATURAL = "工作时间", "午休", "休息", "下班", "连续计时"
_COUNTED: Final = (WORK, MAKE_UP)


@dataclass(frozen=True, slots=True)
class Limit:
    """How long something may take, as the catalogue writes it (``4wh``). At least 1, at most about a year."""

    value: int
    unit: Unit

    def __post_init__(self) -> None:
        if self.unit not in _SAY or not 1 <= self.value <= _MOST[self.unit]:
            raise ValueError(f"时限“{self}”超出范围，数值从1起，最长约一年")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``30min 2h 1d 4wh 5wd``. Raises ``ValueError`` with a Chinese sentence."""
        match = re.fullmatch(r"([0-9]{1,6})(min|h|d|wh|wd)", text.strip().lower())
        if not match:
            raise ValueError(f"时限“{text}”看不懂，请写成 30min、2h、1d、4wh（工作小时）或 5wd（工作日）")
        unit = next(unit for unit in _SAY if unit == match[2])
        return cls(int(match[1]), unit)

    @property
    def natural(self) -> bool:
        """Runs around the clock, holidays included."""
        return self.unit in _NATURAL

    def say(self) -> str:
        return f"{self.value}{_SAY[self.unit]}"

    def __str__(self) -> str:
        return f"{self.value}{self.unit}"


class Entry(NamedTuple):
    """One stretch of a ledger, ``begin`` to ``end`` in UTC: ``minutes`` counted in it, and why (or why not)."""

    begin: datetime
    end: datetime
    minutes: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A deadline that can explain itself. ``warnings`` is not empty while a year in it is only estimated."""

    start: datetime
    limit: Limit
    due: datetime
    ledger: tuple[Entry, ...]
    warnings: tuple[str, ...] = ()

    def explain(self) -> str:
        """Lines of Chinese for staff: one per working day, one per stretch of days that do not count."""
        if self.limit.natural:
            body = [f"不分昼夜和节假日，{NATURAL}{self.limit.say()}"]
        else:
            body = [_line(list(run), times.local(self.start).year) for _, run in groupby(self.ledger, _line_of)]
        first = f"{_point(self.start)}起，时限{self.limit.say()}"
        last = f"{_point(self.due, ends=True)}到期"
        return "\n".join([first, *filter(None, body), last, *self.warnings])


def deadline(start: datetime, limit: Limit, *, hours: Hours, calendar: Calendar) -> Deadline:
    """When ``limit`` from ``start`` (aware) has passed, and the ledger that proves it. ``due`` is aware UTC."""
    start = times.utc(start)
    due = _due(start, limit, hours, calendar)
    if limit.natural:
        whole = Entry(start, due, (due - start) // MINUTE, NATURAL)
        return Deadline(start=start, limit=limit, due=due, ledger=(whole,))
    years = range((start + _OFFSET).year, (due + _OFFSET).year + 1)
    warnings = tuple(said for year in years if (said := calendar.warning(year)))
    return Deadline(start=start, limit=limit, due=due, ledger=_ledger(start, due, hours, calendar), warnings=warnings)


def at_share(start: datetime, limit: Limit, share: float, *, hours: Hours, calendar: Calendar) -> datetime:
    """The moment (UTC) at which ``share`` (0 to 1) of the limit has passed, in working time for working limits."""
    if not 0 <= share <= 1:
        raise ValueError("时限的比例要在0到1之间")
    start = times.utc(start)
    due = _due(start, limit, hours, calendar)
    if share == 1:
        return due
    if limit.natural:
        return start + (due - start) * share
    return _advance(start, _worked(start, due, hours, calendar) * share, hours, calendar)


def halfway(start: datetime, limit: Limit, *, hours: Hours, calendar: Calendar) -> datetime:
    return at_share(start, limit, 0.5, hours=hours, calendar=calendar)


def working_minutes(start: datetime, end: datetime, *, hours: Hours, calendar: Calendar) -> int:
    """Whole working minutes from ``start`` to ``end``; negative when ``end`` comes first."""
    start, end = times.utc(start), times.utc(end)
    if end < start:
        return -(_worked(end, start, hours, calendar) // MINUTE)
    return _worked(start, end, hours, calendar) // MINUTE


def advance(start: datetime, minutes: int, *, hours: Hours, calendar: Calendar) -> datetime:
    """The earliest moment (UTC) at which ``minutes`` of working time have passed; 0 leaves ``start`` as it is."""
    if minutes < 0:
        raise ValueError("工作分钟数不能是负数")
    return _advance(times.utc(start), minutes * MINUTE, hours, calendar)


def next_working(at: datetime, *, hours: Hours, calendar: Calendar) -> datetime:
    """``at`` itself when it is working time, else the next opening (UTC)."""
    at = times.utc(at)
    spans = chain.from_iterable(day.spans for day in _days(at, hours, calendar))
    return next(max(at, begin) for begin, end in spans if at < end)


class _Schedule(NamedTuple):
    """One day worked out: its working spans in UTC, their sum, and its ledger from midnight to midnight."""

    spans: tuple[tuple[datetime, datetime], ...]
    worth: timedelta
    entries: tuple[Entry, ...]


@lru_cache(maxsize=64)
def _book(hours: Hours, calendar: Calendar) -> Callable[[date], _Schedule]:
    """The days of one pair, worked out once each: hashing a bare date is cheaper than hashing all three."""
    return lru_cache(maxsize=512)(lambda on: _schedule(on, hours, calendar))


def _schedule(on: date, hours: Hours, calendar: Calendar) -> _Schedule:
    midnight = datetime(on.year, on.month, on.day, tzinfo=UTC) - _OFFSET
    day = calendar.day(on)
    if not day.working:
        return _Schedule((), timedelta(0), (Entry(midnight, midnight + _DAY, 0, _why_off(day)),))
    work = MAKE_UP if on.weekday() > 4 or day.name == MAKE_UP else WORK
    spans = hours.on(on)
    entries: list[Entry] = []
    for begin, end in pairwise((0, *(edge for span in spans for edge in span), 1_440)):
        if begin == end:
            continue
        if (begin, end) in spans:
            minutes, reason = end - begin, work
        elif begin == 0 or end == 1_440:
            minutes, reason = 0, CLOSED
        else:
            minutes, reason = 0, LUNCH if 660 <= begin < 840 else BREAK
        entries.append(Entry(midnight + begin * MINUTE, midnight + end * MINUTE, minutes, reason))
    return _Schedule(
        tuple((entry.begin, entry.end) for entry in entries if entry.minutes),
        sum(entry.minutes for entry in entries) * MINUTE,
        tuple(entries),
    )


def _why_off(day: Day) -> str:
    if day.name.endswith(_FESTIVE):
        return f"{day.name}假期"
    return BREAK if day.name in _COUNTED else day.name


def _days(start: datetime, hours: Hours, calendar: Calendar) -> Iterator[_Schedule]:
    """The days from that of ``start`` on. Raises when a wrong override table leaves no working day for a year."""
    on = (start + _OFFSET).date()
    schedule = _book(hours, calendar)
    resting = 0
    while resting < 366:
        day = schedule(on)
        resting = 0 if day.spans else resting + 1
        yield day
        on += _DAY
    raise ValueError(f"{on}之前一整年没有上班的日子，请检查调休表")


def _due(start: datetime, limit: Limit, hours: Hours, calendar: Calendar) -> datetime:
    if limit.unit == "wd":
        return _days_later(next_working(start, hours=hours, calendar=calendar), limit.value, hours, calendar)
    if limit.unit == "wh":
        return _advance(start, limit.value * 60 * MINUTE, hours, calendar)
    return start + limit.value * _NATURAL[limit.unit]


def _days_later(start: datetime, count: int, hours: Hours, calendar: Calendar) -> datetime:
    working = (day for day in _days(start, hours, calendar) if day.spans)
    first, last = next(working), next(islice(working, count - 1, None))
    due = last.entries[0].begin + (start - first.entries[0].begin)
    return next((max(due, begin) for begin, end in last.spans if due < end), last.spans[-1][1])


def _advance(start: datetime, worth: timedelta, hours: Hours, calendar: Calendar) -> datetime:
    if not worth:
        return start
    for day in _days(start, hours, calendar):
        if start <= day.entries[0].begin and day.worth < worth:
            worth -= day.worth
            continue
        for begin, end in day.spans:
            opening = max(begin, start)
            if opening + worth <= end:
                return opening + worth
            worth -= max(end - opening, timedelta(0))
    raise AssertionError("days never end")


def _worked(start: datetime, end: datetime, hours: Hours, calendar: Calendar) -> timedelta:
    worked = timedelta(0)
    for day in _days(start, hours, calendar):
        if end <= day.entries[0].begin:
            break
        if start <= day.entries[0].begin and day.entries[-1].end <= end:
            worked += day.worth
            continue
        for span in day.spans:
            worked += max(min(span[1], end) - max(span[0], start), timedelta(0))
    return worked


def _ledger(start: datetime, due: datetime, hours: Hours, calendar: Calendar) -> tuple[Entry, ...]:
    ledger: list[Entry] = []
    for day in _days(start, hours, calendar):
        if due <= day.entries[0].begin:
            break
        if start <= day.entries[0].begin and day.entries[-1].end <= due:
            ledger.extend(day.entries)
        else:
            ledger.extend(_cut(entry, start, due) for entry in day.entries if start < entry.end and entry.begin < due)
    # a start inside a minute leaves a part of one at both ends; the first entry takes it, so that the sum is whole
    first = next(index for index, entry in enumerate(ledger) if entry.reason in _COUNTED)
    last = next(entry for entry in reversed(ledger) if entry.reason in _COUNTED)
    parts = (ledger[first].end - ledger[first].begin) % MINUTE + (last.end - last.begin) % MINUTE
    ledger[first] = ledger[first]._replace(minutes=ledger[first].minutes + parts // MINUTE)
    return tuple(ledger)


def _cut(entry: Entry, start: datetime, due: datetime) -> Entry:
    begin, end = max(entry.begin, start), min(entry.end, due)
    return Entry(begin, end, (end - begin) // MINUTE if entry.reason in _COUNTED else 0, entry.reason)


def _line_of(entry: Entry) -> date | None:
    """What one line of an explanation holds: a working day with its lunch, or all that lies between two of them."""
    return times.local(entry.begin).date() if entry.reason in (*_COUNTED, LUNCH, BREAK) else None


def _line(run: list[Entry], year: int) -> str:
    reasons = list(dict.fromkeys(entry.reason for entry in run))
    counted = [entry for entry in run if entry.reason in _COUNTED]
    if counted:
        spans = "、".join(f"{times.local(each.begin):%H:%M}–{times.end_of(each.end)[1]}" for each in counted)
        day = times.day(times.local(run[0].begin), year=year, weekday=True)
        notes = "，".join(MAKE_UP if each == MAKE_UP else f"{each}不计" for each in reasons if each != WORK)
        counts = times.span(sum(each.minutes for each in counted))
        return f"{day}{spans} 计{counts}（{notes}）" if notes else f"{day}{spans} 计{counts}"
    if reasons == [CLOSED]:  # a plain night is seen from the lines around it
        return ""
    return f"{_point(run[0].begin, year)}至{_point(run[-1].end, year)}不计（{'、'.join(reasons)}）"


def _point(at: datetime, year: int | None = None, *, ends: bool = False) -> str:
    day, clock = times.end_of(at) if ends else (times.local(at), f"{times.local(at):%H:%M}")
    return f"{times.day(day, year=year, weekday=True)}{clock}"
