"""How a time is said in Chinese: moments, deadlines, spans. Never asks what time it is and never stores anything.

All times come in aware and are said in Asia/Shanghai on a 24-hour clock (「今天 14:30」「还剩2小时15分」).
"""

from datetime import UTC, date, datetime, timedelta, timezone

# China keeps one offset all year (no summer time since 1991), so no time zone database is needed.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
WEEKDAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
_MINUTE = timedelta(minutes=1)


def utc(at: datetime) -> datetime:
    """``at`` in UTC. A naive time is a bug and raises ``ValueError``."""
    if at.utcoffset() is None:
        raise ValueError(f"时间 {at.isoformat()} 没有时区，请传入带时区的时间")
    return at.astimezone(UTC)


def local(at: datetime) -> datetime:
    """``at`` on the wall clock of Asia/Shanghai. A naive time raises ``ValueError``."""
    return utc(at).astimezone(SHANGHAI)


def day(at: date, *, year: int | None = None, weekday: bool = False) -> str:
    """「11月20日」「11月20日（周五）」; the year is said when it differs from ``year`` (``None``: always)."""
    said = f"{at.month}月{at.day}日"
    if at.year != year:
        said = f"{at.year}年{said}"
    return f"{said}（{WEEKDAYS[at.weekday()]}）" if weekday else said


def moment(at: datetime, now: datetime) -> str:
    """When something happened: 刚刚 / 5分钟前 / 今天 14:30 / 昨天 18:40 / 11月20日 08:15 / 2027年1月4日 09:00.

    A time ahead of ``now`` is said by its day (今天, 明天, 11月28日); up to a minute ahead still counts as 刚刚,
    because two machines never agree on the second.
    """
    when, today = local(at), local(now)
    ago = today - when
    if -_MINUTE < ago < _MINUTE:
        return "刚刚"
    if _MINUTE <= ago < 60 * _MINUTE:
        return f"{ago // _MINUTE}分钟前"
    near = _near_day(when.date(), today.date())
    return f"{near or day(when, year=today.year)} {when:%H:%M}"


def by(due: datetime, now: datetime) -> str:
    """By when: 今天 14:30前 / 明天 10:00前 / 周四（11月26日）18:00前 / 12月10日（周四）18:00前 / 2027年1月4日 09:00前.

    The weekday leads for the coming six days; another year is always named. Midnight is said as 24:00 of the day
    it ends, as people do (「今天 24:00前」, not 「明天 00:00前」). Seconds are dropped, so a promise is never later
    than the deadline.
    """
    on, clock = end_of(due)
    today = local(now).date()
    ahead = (on - today).days
    if near := _near_day(on, today):
        return f"{near} {clock}前"
    if on.year != today.year:
        return f"{day(on)} {clock}前"
    if 0 < ahead < 7:
        return f"{WEEKDAYS[on.weekday()]}（{day(on, year=on.year)}）{clock}前"
    return f"{day(on, year=on.year, weekday=True)}{clock}前"


def end_of(at: datetime) -> tuple[date, str]:
    """Day and clock of an end: midnight belongs to the day before and is written 24:00."""
    when = local(at)
    if when.hour == when.minute == 0:
        return when.date() - timedelta(days=1), "24:00"
    return when.date(), f"{when:%H:%M}"


def span(minutes: int) -> str:
    """A duration: 40分钟 / 2小时 / 2小时15分 / 1天3小时 (from a day on, minutes are dropped). Not negative."""
    if minutes < 0:
        raise ValueError("时长不能是负数")
    if minutes < 60:
        return f"{minutes}分钟"
    hours, rest = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}小时{rest}分" if rest else f"{hours}小时"
    days, hours = divmod(hours, 24)
    return f"{days}天{hours}小时" if hours else f"{days}天"


def left(due: datetime, now: datetime) -> str:
    """What remains until ``due`` around the clock: 还剩2小时15分 / 还剩不到1分钟 / 刚到时限 / 已超时40分钟."""
    rest = utc(due) - utc(now)
    if rest >= _MINUTE:
        return f"还剩{span(rest // _MINUTE)}"
    if rest > timedelta(0):
        return "还剩不到1分钟"
    over = -rest // _MINUTE
    return f"已超时{span(over)}" if over else "刚到时限"


def _near_day(on: date, today: date) -> str:
    return {-1: "昨天", 0: "今天", 1: "明天"}.get((on - today).days, "")
