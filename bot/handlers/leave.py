"""Commands about being there: 请假 销假 值班. One verb each."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bot.desk import leave
from bot.desk.errors import Unknown
from bot.desk.letters import Letter, post, to_identity
from bot.handlers.base import Turn
from bot.handlers.base_command import plain_command
from bot.texts import leave as words
from bot.texts import times
from storage.person import Person

_DAY = (
    r"(?:(?:(?P<{0}y>20\d\d)年)?(?P<{0}m>\d{{1,2}})[月./-](?P<{0}d>\d{{1,2}})[日号]?"
    r"|(?P<{0}w>今天|明天|后天|大后天|下?周[一二三四五六日天]))"
)
_HALF = r"(?P<{0}h>上午|下午)?"
_LEAVE = re.compile(
    r"^\s*" + (_DAY + _HALF).format("a") + r"(?:\s*(?:到|至|-|—|~)\s*" + (_DAY + _HALF).format("b") + r")?"
    r"(?:\s*共?(?P<many>\d{1,2}|[一二两三四五])天)?\s*[，,、]?\s*(?P<why>.*)$",
    re.DOTALL,
)
_AHEAD = {"今天": 0, "明天": 1, "后天": 2, "大后天": 3}
_WEEK = "一二三四五六日"
_DIGITS = str.maketrans("一二两三四五", "122345")
_NOON = time(12, 0)
EXAMPLE = "请假 11月25日到11月27日 年假"


@dataclass(frozen=True, slots=True)
class _Span:
    starts: datetime
    ends: datetime
    why: str


@plain_command("请假", help="请假 11月25日到11月27日 年假：没办完的到时转给候补")
def take(turn: Turn, rest: str) -> list[Letter]:
    person, rest = _whose(turn, rest)
    span = _read(turn, rest)
    leave.take_leave(
        turn.session, acting=turn.acting, person=person, starts=span.starts, ends=span.ends, reason=turn.mask(span.why)
    )
    since, until = times.by(span.starts, turn.now).removesuffix("前"), times.by(span.ends, turn.now).removesuffix("前")
    return _say(turn, words.taken(who=person.name, since=since, until=until))


@plain_command("销假", whole=True, help="销假：提前回来了")
def back(turn: Turn, _rest: str) -> list[Letter]:
    assert turn.person is not None, "a command comes from a member of staff"
    leave.come_back(turn.session, acting=turn.acting, person=turn.person)
    return _say(turn, words.back(who=turn.person.name))


@plain_command("值班", "谁值班", "今天谁值班", whole=True, help="值班：现在谁值班")
def duty(turn: Turn, _rest: str) -> list[Letter]:
    people = [(person.name, person.phone) for person in turn.view.on_duty(turn.now)]
    return _say(turn, words.on_duty(people=people, phone=turn.view.community.duty_phone))


def _whose(turn: Turn, rest: str) -> tuple[Person, str]:
    """His own leave, or that of somebody he names first."""
    assert turn.person is not None, "a command comes from a member of staff"
    for person in turn.view.staff.values():
        if rest.startswith(person.name):
            return person, rest[len(person.name) :].strip(" ，,")
    return turn.person, rest


def _read(turn: Turn, rest: str) -> _Span:
    said = _LEAVE.match(rest)
    if said is None:
        raise Unknown(f"请假要写哪天到哪天，比如“{EXAMPLE}”，只请一天写“请假 明天 看病”。")
    today = turn.today
    first = _day(said, "a", today)
    last = _day(said, "b", first) if said["bm"] or said["bw"] else first
    if said["many"]:
        last = first + timedelta(days=int(said["many"].translate(_DIGITS)) - 1)
    start_at = _NOON if said["ah"] == "下午" else time(0, 0)
    half = said["bh"] or (said["ah"] if last == first else None)
    ends = datetime.combine(last, _NOON) if half == "上午" else datetime.combine(last + timedelta(days=1), time(0, 0))
    here = times.SHANGHAI
    starts = datetime.combine(first, start_at, tzinfo=here)
    return _Span(times.utc(starts), times.utc(ends.replace(tzinfo=here)), said["why"].strip())


def _day(said: re.Match[str], which: str, today: date) -> date:
    word = said[f"{which}w"]
    if word in _AHEAD:
        return today + timedelta(days=_AHEAD[word])
    if word:
        wanted = _WEEK.index(word[-1].replace("天", "日"))
        if word.startswith("下"):  # the week that begins next Monday
            return today + timedelta(days=7 - today.weekday() + wanted)
        return today + timedelta(days=(wanted - today.weekday()) % 7)
    try:
        on = date(int(said[f"{which}y"] or today.year), int(said[f"{which}m"]), int(said[f"{which}d"]))
    except ValueError as wrong:
        raise Unknown(f"没有{said[f'{which}m']}月{said[f'{which}d']}日这一天，请核对日期。") from wrong
    if not said[f"{which}y"] and on < today - timedelta(days=180):
        on = on.replace(year=on.year + 1)
    return on


def _say(turn: Turn, said: str) -> list[Letter]:
    letters = [to_identity(turn.identity, said)]
    post(turn.session, letters, about=f"inbox-{turn.inbox_id}", case_id=None, now=turn.now)
    return letters
