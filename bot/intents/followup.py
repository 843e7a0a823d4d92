"""What a line says about a case that is there already: how it goes, more of it, taken back, rated. Pure; knows no case.

The words alone rarely tell 「快点吧」 to the bot from 「快点吧」 to a child: whoever reads the result asks first if the
speaker has a case. ``sure`` marks what is plain without that. All patterns are bounded.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from bot.intents import proxy
from bot.intents.base import FollowUp, Slots, Understanding
from bot.intents.followup_words import is_all, matters, says
from bot.intents.gate import core, tidy
from bot.intents.later import later
from bot.intents.slots import extract

SPEAKS_OF_A_CASE = frozenset({"progress_query", "cancel_request", "satisfaction"})
LONGEST, LONGEST_PROXY = 60, 150
_NUMBER = later(r"(?<![\d-])(?:[A-Za-z]{1,8}-)?(?:20\d{6}-\d{3,5}|[01]\d[0-3]\d-\d{2,5})(?![\d-])")
_AROUND_NUMBER = later(r"^(?:编号|号码|单号|那个|我的|这个|[，：:的号件 ])+|[，：:的号件 ]+$")
_DIGIT = later(r"(?:我)?(?:回复?|评)?[“\"]?([123①②③])[”\"]?(?:分|[.．。、，： ]*(?:满意|一般|没解决))?[。！]*")
_RATINGS = {"1": 1, "2": 2, "3": 3, "①": 1, "②": 2, "③": 3}
_NOT_BUT = later(
    r"不(?:是|在)(?P<old>[^，。！？；、]{1,14}?)[，。 ]{0,2}(?:而是|应该是|是|在)(?P<new>[^。！？；]{1,20})$"
)
_BUT_NOT = later(
    r"^(?:应该)?(?:是|在)?(?P<new>[^，。！？；不]{1,16})[，。 ]{0,2}不(?:是|在)(?P<old>[^，。！？；]{1,14})$"
)
_SHOULD = later(r"^(?:应该|其实|正确的)(?:是|在)(?P<new>[^。！？；]{1,16})$")
_WRONG = later(
    r"(?:(?:说|打|写|发|报|填|弄|讲|搞|记|输)(?:错|岔|差)了?(?:楼号|地址|号|字)?|口误|笔误|手误|手滑|更正(?:一下)?"
    r"|改(?:一下|成)|(?:楼号|地址|单元|门牌号?|地方)(?:不对|有误|(?:写|报|说)?错了?))(?:不好意思|啦|哈|啊|[，。！： ])*"
    r"(?:应该|其实|正确的?)?(?:是|在|成|为|叫)?(?P<new>[^。！？；]{1,20})$"
)
_PLACE_TAIL = later(r"(?:那[里边儿]?|才对|哈|啊|呀|的|啦|了|不好意思|抱歉|对不起|[，。！ ])+$")
_BARE_NUMBER = later(r"^(\d{1,3})号?$")
_ASKS = later(r"[吗么？]|谁|怎么|咋(?!回)")
_CLAUSES = later(r"[，。；！]")
_MORE = later(r"帮|能不能|给我|换成|还有|另外|再(?:来|给|派|取|买|捎)|麻烦(?!您|了|你们?了)")
_PLACE_PARTS = later(
    r"(?:第?[零一二三四五六七八九十百两\d]{1,4}|[东西南北中A-Za-z])(?:号楼|栋|幢|单元|层|楼|室|户|门|座|号|#)"
    r"|\d+(?:[-#]\d+)*|[我俺]们?家?|[就是在的那这个住苑呢啊哦， ]|门口|小区"
)


def read(text: str) -> FollowUp | None:
    """What these words would be about a case that is there, and for whom they speak; None: nothing of that."""
    line = core(tidy(text))
    if not line or len(line) > LONGEST_PROXY:
        return None
    found = _kind(line) if len(line) <= LONGEST else None
    whom = proxy.beneficiary(line)
    if whom is None:
        return found
    if found is None or found.kind == "small":
        return FollowUp(kind="proxy", beneficiary=whom.who, neighbour=whom.elsewhere)
    return replace(found, beneficiary=whom.who, neighbour=whom.elsewhere)


def attach(
    meaning: Understanding, text: str, *, near: bool, understand: Callable[[str], Understanding]
) -> Understanding:
    """The meaning with what the words say of a case that is there. ``near``: the speaker has one.

    For everybody else a plain request is only looked through for whom it is. What is said beside a withdrawal is
    understood by itself: 「快递不用取了，帮我妈买点药」.
    """
    if not near and meaning.decision == "act" and meaning.intent not in SPEAKS_OF_A_CASE:
        whom = proxy.beneficiary(core(tidy(text)))
        follow = FollowUp(kind="proxy", beneficiary=whom.who, neighbour=whom.elsewhere) if whom else None
    else:
        follow = read(text)
    if follow is None:
        return meaning
    if follow.then:
        beside = understand(follow.then)
        if beside.decision == "act" and beside.intent not in SPEAKS_OF_A_CASE:
            meaning = beside
    if follow.kind == "place" and follow.place is not None:
        meaning = replace(meaning, slots=follow.place)
    return replace(meaning, follow=follow)


def sounds_like_one(text: str) -> bool:
    """Whether somebody with a case may mean it by this line, so that it must not be dropped as chatter."""
    found = read(text)
    return found is not None and found.kind not in ("small", "proxy")


def _kind(line: str) -> FollowUp | None:
    if says("echo", line):
        return None
    number, bare = _numbered(line)
    for one in (_rating, _place, _later, _asks, _again, _withdrawal, _urges, _more):
        if found := one(bare):
            return replace(found, number=number, sure=found.sure or bool(number))
    if number and len(bare) <= 4:
        return FollowUp(kind="progress", sure=True, number=number)
    return FollowUp(kind="small") if is_all("small", line) else None


def _numbered(line: str) -> tuple[str, str]:
    """The case number in the line, and the line without it."""
    for found in _NUMBER.finditer(line):
        day = found.group().rsplit("-", 2)[-2][-4:]
        try:
            date(2024, int(day[:2]), int(day[2:]))  # a leap year: every day that there is
        except ValueError:
            continue
        head, tail = line[: found.start()], line[found.end() :]
        return found.group(), _AROUND_NUMBER.sub("", f"{head.strip()}{tail.strip()}").strip(" ，")
    return "", line


def _rating(line: str) -> FollowUp | None:
    if said := _DIGIT.fullmatch(line):
        return FollowUp(kind="rate", rating=_RATINGS[said[1]])
    for name, rating in (("bad", 3), ("good", 1), ("so_so", 2)):
        if is_all(name, line):
            return FollowUp(kind="rate", rating=rating)
    if len(line) <= 24 and is_all("solved", line):
        return FollowUp(kind="solved", like=matters(line))
    return None


def _place(line: str) -> FollowUp | None:
    """The right place, where a wrong one is taken back: 「不是3号楼是5号楼」「说错了，2单元」."""
    if line.endswith(("吗", "？")):
        return None
    for pattern in (_NOT_BUT, _BUT_NOT, _WRONG, _SHOULD):
        said = pattern.search(line)
        if said is None:
            continue
        rest = _PLACE_TAIL.sub("", said["new"]).strip(" ，")
        old = said.groupdict().get("old") or ""
        place = _read_place(rest, old)
        # a name that only the community knows counts too: 「不是3号楼，是老锅炉房那栋」
        named = says("place_word", rest if pattern is _WRONG else old) if pattern is not _SHOULD else None
        if place.building or place.unit or place.room or named:
            return FollowUp(kind="place", sure=True, place=place, rest=rest)
    return None


def _read_place(rest: str, old: str) -> Slots:
    """「不是3号是5号」 means buildings here, where nothing else is said."""
    new = _BARE_NUMBER.fullmatch(rest)
    if new and (not old or _BARE_NUMBER.fullmatch(old) or says("place_word", old)):
        return Slots(building=str(int(new[1])))
    return extract(rest)


def _later(line: str) -> FollowUp | None:
    """「先别派人，下午我才在家」 takes nothing back."""
    return FollowUp(kind="add", sure=True, like=matters(line)) if says("later", line) else None


def _asks(line: str) -> FollowUp | None:
    if says("others", line):
        return None
    if says("asks_own", line) or (says("own", line) and ("那个" in line or "事" in line or matters(line))):
        return FollowUp(kind="progress", sure=True, like=matters(line))
    return FollowUp(kind="progress", like=matters(line)) if says("asks", line) else None


def _again(line: str) -> FollowUp | None:
    if len(line) > 40 or says("not_again", line) or says("others", line):
        return None
    found = says("again", line)
    return None if found is None or _ASKS.search(line, found.end()) else FollowUp(kind="again", like=matters(line))


def _withdrawal(line: str) -> FollowUp | None:
    if says("not_taken_back", line):
        return None
    found = says("takes_back", line)
    if found is None:
        return FollowUp(kind="withdraw", like=matters(line)) if is_all("unsure_back", line) else None
    if _ASKS.search(line[: found.end()]):
        return None
    start = max((each.end() for each in _CLAUSES.finditer(line, 0, found.start())), default=0)
    stop = next((each.start() for each in _CLAUSES.finditer(line, found.end())), len(line))
    then = line[stop:].strip("，。；！ ")
    if len(then) < 4 or not _MORE.search(then) or says("takes_back", then):
        then = ""
    return FollowUp(kind="withdraw", sure=True, like=matters(line[start:stop] if then else line), then=then)


def _urges(line: str) -> FollowUp | None:
    if says("others", line) or not says("urges", line):
        return None
    return FollowUp(kind="urge", like=matters(line))


def _more(line: str) -> FollowUp | None:
    if says("jokes", line) or says("to_neighbours", line) or is_all("small", line):
        return None
    if says("adds", line):
        return FollowUp(kind="add", sure=True, like=matters(line))
    if says("others", line) or says("fine", line):
        return None
    if says("describes", line) or _is_a_place(line):
        return FollowUp(kind="add", like=matters(line))
    return None


def _is_a_place(line: str) -> bool:
    """「2号楼」「3单元」「就大门口那个」: nearly nothing else is said."""
    if len(line) > 16:
        return False
    said = extract(line)
    if said.building or said.unit or said.room:
        return len(_PLACE_PARTS.sub("", line)) <= 2
    return bool(said.place) and len(line) <= 8
