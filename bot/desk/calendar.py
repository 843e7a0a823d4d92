"""Which days and hours work in China: table, official calendar, estimate. Never counts and never asks the time.

The first that knows the day decides: the override table (``config/calendar/overrides.csv`` or the console), then
``chinese_calendar`` for the years it covers, then the statutory days of ``holidays`` plus weekends. The last is
an estimate, because 调休 is published only weeks before the year begins; ``warning`` says so.
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple, Self

import chinese_calendar
import holidays

Source = Literal["override", "official", "estimate"]
Span = tuple[int, int]  # minutes since midnight, first included, last not

COLUMNS = ("date", "working", "name")
WEEKEND, WORKDAY, MAKE_UP, DAY_OFF = "周末", "工作日", "调休上班", "调休休息"
_COVERED = frozenset(day.year for day in chinese_calendar.constants.holidays)
_CHINESE = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "Mid-autumn Festival": "中秋节",
    "National Day": "国庆节",
    "Anti-Fascist 70th Day": "抗战胜利纪念日",
}
_PUNCTUATION = str.maketrans("，、；：－–—～~至", ",,;:------")
_YES = frozenset({"1", "true", "yes", "是", "上班"})
_NO = frozenset({"0", "false", "no", "否", "休息", "放假"})


class WrongCalendar(ValueError):
    """The override table cannot be used; ``problems`` says why, one Chinese line each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Override:
    """One day as the table has it: does it work, and what is it called (「春节」, 「调休上班」)."""

    working: bool
    name: str


@dataclass(frozen=True, slots=True)
class Day:
    """One day: ``name`` is 工作日, 周末, a holiday (国庆节) or 调休上班; ``source`` says who knew."""

    working: bool
    name: str
    source: Source


class Calendar:
    """The days of one installation. Never changes: after an import a new one is built.

    Build it once and share it, because the clock caches its days per calendar object.
    """

    __slots__ = ("_imported", "_overrides")

    def __init__(self, overrides: Mapping[date, Override]) -> None:
        self._overrides = dict(overrides)
        self._imported = _years_with_arrangement(self._overrides)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a table ``date,working,name`` (UTF-8). Raises ``WrongCalendar`` naming every wrong row."""
        return cls(_read(path))

    def day(self, on: date) -> Day:
        """Does this day work, what is it called, and how do we know. Never raises for 1990–2100."""
        if told := self._overrides.get(on):
            return Day(told.working, told.name, "override")
        if on.year in _COVERED:
            return _official(on)
        if on.year in self._imported:
            guess = _estimate(on)
            return Day(guess.working, guess.name, "official")
        return _estimate(on)

    def warning(self, year: int) -> str | None:
        """What staff must know about this year, or None when its 调休 is known."""
        if year in _COVERED or year in self._imported:
            return None
        return f"{year}年调休安排尚未导入，按法定假日推算"


class Season(NamedTuple):
    """Other hours from ``first`` to ``last`` of every year (month, day), both included; may run over New Year."""

    first: tuple[int, int]
    last: tuple[int, int]
    spans: tuple[Span, ...]

    def holds(self, on: date) -> bool:
        day = (on.month, on.day)
        if self.first <= self.last:
            return self.first <= day <= self.last
        return day >= self.first or day <= self.last


@dataclass(frozen=True, slots=True)
class Hours:
    """The working hours of a community on every working day, with other hours in some seasons.

    Written ``08:30-12:00,14:00-18:00`` and then, each after a semicolon, seasons:
    ``08:30-12:00,14:00-18:00; 05-01..09-30 08:00-12:00,15:00-18:00``. A span may end at 24:00.
    """

    spans: tuple[Span, ...]
    seasons: tuple[Season, ...] = ()

    @classmethod
    def standard(cls) -> Self:
        return cls.parse("08:30-12:00,14:00-18:00")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the written form; Chinese punctuation is fine. Raises ``ValueError`` with a Chinese sentence."""
        return cls(*_hours(text))

    def on(self, day: date) -> tuple[Span, ...]:
        return next((season.spans for season in self.seasons if season.holds(day)), self.spans)

    def __str__(self) -> str:
        parts = [_say_spans(self.spans)]
        for (m1, d1), (m2, d2), spans in self.seasons:
            parts.append(f"{m1:02}-{d1:02}..{m2:02}-{d2:02} {_say_spans(spans)}")
        return "; ".join(parts)


@lru_cache(maxsize=256)
def _hours(text: str) -> tuple[tuple[Span, ...], tuple[Season, ...]]:
    parts = [part.strip() for part in text.translate(_PUNCTUATION).rstrip("; ").split(";")]
    base, *rest = parts
    if re.match(r"[0-9]+-[0-9]+ *\.\.", base):
        raise ValueError("工作时间要先写全年通用的时段，再用分号隔开写季节时段")
    seasons: list[Season] = []
    for part in rest:
        match = re.fullmatch(r"([0-9]{1,2})-([0-9]{1,2}) *\.\. *([0-9]{1,2})-([0-9]{1,2}) +(.+)", part)
        if not match:
            raise ValueError(f"季节时段“{part}”看不懂，请写成 05-01..09-30 08:00-12:00,15:00-18:00")
        season = Season(_month_day(match[1], match[2]), _month_day(match[3], match[4]), _spans(match[5]))
        for other in seasons:
            if other.holds(_leap(season.first)) or season.holds(_leap(other.first)):
                raise ValueError(f"季节时段“{part}”和前面的季节日期重叠")
        seasons.append(season)
    return _spans(base), tuple(seasons)


def _month_day(month: str, day: str) -> tuple[int, int]:
    try:
        on = _leap((int(month), int(day)))
    except ValueError:
        raise ValueError(f"没有{int(month)}月{int(day)}日这一天，请检查季节日期") from None
    return on.month, on.day


def _leap(month_day: tuple[int, int]) -> date:
    return date(2024, *month_day)  # any leap year, so that 02-29 may be written


def _spans(text: str) -> tuple[Span, ...]:
    spans: list[Span] = []
    for part in text.split(","):
        match = re.fullmatch(r"([0-9]{1,2}):([0-9]{2}) *- *([0-9]{1,2}):([0-9]{2})", part.strip())
        if not match:
            raise ValueError(f"工作时间“{part.strip()}”看不懂，请写成 08:30-12:00,14:00-18:00")
        h1, m1, h2, m2 = (int(each) for each in match.groups())
        begin, end = h1 * 60 + m1, h2 * 60 + m2
        if m1 > 59 or m2 > 59 or end > 1_440:
            raise ValueError(f"工作时间“{part.strip()}”超出一天，最早00:00，最晚24:00")
        if begin >= end:
            raise ValueError(f"工作时间“{part.strip()}”的结束不晚于开始，过夜请分成两段，夜里到24:00为止")
        if spans and begin < spans[-1][1]:
            raise ValueError(f"工作时间“{part.strip()}”和前一段重叠或次序不对，请从早到晚写")
        if spans and begin == spans[-1][1]:
            begin = spans.pop()[0]
        spans.append((begin, end))
    return tuple(spans)


def _say_spans(spans: tuple[Span, ...]) -> str:
    return ",".join(f"{b // 60:02}:{b % 60:02}-{e // 60:02}:{e % 60:02}" for b, e in spans)


def _years_with_arrangement(overrides: Mapping[date, Override]) -> frozenset[int]:
    """Years whose State Council notice is in the table: it moves days both ways, one local day off does not."""
    make_up = {on.year for on, told in overrides.items() if told.working and on.weekday() > 4}
    day_off = {on.year for on, told in overrides.items() if not told.working and on.weekday() < 5}
    return frozenset(make_up & day_off)


@lru_cache(maxsize=4096)
def _official(on: date) -> Day:
    resting, english = chinese_calendar.get_holiday_detail(on)
    if not resting:
        return Day(True, MAKE_UP if english else WORKDAY, "official")
    return Day(False, _CHINESE.get(english, english) if english else WEEKEND, "official")


@lru_cache(maxsize=4096)
def _estimate(on: date) -> Day:
    names, make_up = _statutory(on.year)
    if on in names:
        return Day(False, names[on], "estimate")
    if on in make_up:
        return Day(True, MAKE_UP, "estimate")
    return Day(False, WEEKEND, "estimate") if on.weekday() > 4 else Day(True, WORKDAY, "estimate")


@lru_cache(maxsize=128)
def _statutory(year: int) -> tuple[Mapping[date, str], frozenset[date]]:
    known = holidays.country_holidays("CN", years=year, language="zh_CN")
    return {on: _plain(name) for on, name in known.items()}, frozenset(known.weekend_workdays)


def _plain(name: str) -> str:
    """「春节（补假）」 → 春节, 「休息日（由 2003-02-08 调休）」 → 调休休息, 「中秋节; 国庆节」 → 中秋节、国庆节."""
    if name.startswith("休息日"):
        return DAY_OFF
    return re.sub(r"（.*?）", "", name).replace("农历除夕", "春节").replace("; ", "、")


def _read(path: Path) -> dict[date, Override]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError:
        raise WrongCalendar([f"读不到调休表 {path}，请检查路径和读取权限"]) from None
    except UnicodeDecodeError:
        raise WrongCalendar([f"调休表 {path} 不是 UTF-8 编码，请用“CSV UTF-8”格式另存"]) from None
    rows = csv.reader(lines)
    if tuple(cell.strip() for cell in next(rows, [])) != COLUMNS:
        raise WrongCalendar([f"第1行：表头要写成 {','.join(COLUMNS)}"])
    found: dict[date, Override] = {}
    problems: list[str] = []
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        try:
            on, told = _row([cell.strip() for cell in row])
            if on in found:
                raise ValueError(f"日期 {on} 重复，请只留一行")
            found[on] = told
        except ValueError as error:
            problems.append(f"第{rows.line_num}行：{error}")
    if problems:
        raise WrongCalendar(problems)
    return found


def _row(cells: list[str]) -> tuple[date, Override]:
    if len(cells) != len(COLUMNS):
        raise ValueError(f"要有{len(COLUMNS)}列（日期,是否上班,名称），这里有{len(cells)}列")
    on, working, name = cells[0], cells[1].lower(), cells[2]
    if working not in _YES | _NO:
        raise ValueError(f"是否上班“{cells[1]}”看不懂，上班填1，休息填0")
    if not name:
        raise ValueError("没有名称，请写节日名或“调休上班”")
    return _date(on), Override(working in _YES, name)


def _date(text: str) -> date:
    # spreadsheets rewrite 2027-01-04 as 2027/1/4 on saving
    match = re.fullmatch(r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})", text)
    try:
        on = date(*(int(part) for part in match.groups())) if match else None
    except ValueError:
        on = None
    if on is None or not 1990 <= on.year <= 2100:
        raise ValueError(f"日期“{text}”不对，请写成 2027-01-04 这样，年份在1990到2100之间")
    return on
