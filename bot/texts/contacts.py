"""The contact card (连心卡) in words: in a group, to one person, on paper. Never decides who is on it.

Only names and phones that are public anyway, so the same words may stand in a group. Phones stay in one piece
in a chat, because a phone makes them a link only so; on paper they are grouped to be read.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Protocol

MOST_LISTED = 6
LONGEST = 90  # characters of a group's message, where it can be
LABELS = {"worker": "网格员", "standin": "候补", "leader": "网格长"}
ON_PAPER = {**LABELS, "standin": "候补网格员"}
HOTLINE = "12345"
URGENT = (("报警", "110"), ("火警", "119"), ("急救", "120"))
ASK_COMMUNITY = "请打社区电话"
COMMUNITY, AFTER_HOURS = "社区电话", "下班以后"
SCAN_CARD, SCAN_CALL = "扫码看连心卡", "扫码打社区电话"
NO_CARD = "没有找到这个网格的连心卡，请核对网址，或者打社区电话问一问。"
NO_COMMUNITY = "没有找到这个社区的连心卡，请核对网址里的社区代码。"
NO_FONT = "这台服务器没有中文字体，画不出图片，请管理员安装 fonts-wqy-microhei 后刷新，网页版连心卡不受影响。"
Span = tuple[int, int]


class Contact(Protocol):
    """One of a grid's people, as the desk hands it over."""

    @property
    def name(self) -> str: ...
    @property
    def standing(self) -> str: ...
    @property
    def phone(self) -> str: ...
    @property
    def away(self) -> bool: ...


class Card(Protocol):
    @property
    def grid(self) -> str: ...
    @property
    def people(self) -> Sequence[Contact]: ...


def in_group(*, nick: str, cards: Sequence[Card], phone: str, duty_phone: str) -> str:
    """One grid in at most four lines; several in a line each, and all phones in the last.

    What is too long loses first its spaces, then 12345; where that does not help either, nothing.
    """
    shapes = []
    for hotline, gap in ((True, " "), (True, ""), (False, " "), (False, "")):
        phones = [*_phones(phone, duty_phone, gap), _urgent(hotline)]
        lines = [*_grids(cards, gap), *(["，".join(phones)] if len(cards) > 1 else phones)]
        shapes.append((f"@{nick} " if nick else "") + "\n".join(lines))
    return next((words for words in shapes if len(words) <= LONGEST), shapes[0])


def in_private(*, community: str, cards: Sequence[Card], phone: str, duty_phone: str, hours: Sequence[Span]) -> str:
    """The whole card; of several grids the people only."""
    lines = [f"{cards[0].grid}连心卡", *_in_full(cards[0].people)] if len(cards) == 1 else []
    if len(cards) > 1:
        lines = [f"{community}的网格员：", *_listed(cards, " ")]
    lines += [f"社区电话 {phone}"] if phone else []
    lines += [f"值班电话 {duty_phone}（下班以后打）"] if duty_phone and duty_phone != phone else []
    lines += [f"上班时间 {week(hours)}", f"急事 {'，'.join(what + number for what, number in URGENT)}"]
    return "\n".join([*lines, f"政务热线 {HOTLINE}", "有事也可以直接在这里说，我来转给网格员。"])


def hand(people: Sequence[Contact]) -> Sequence[Contact]:
    """Whose names are told: workers and stand-ins; who leads only where none of them is there."""
    near = [each for each in people if each.standing != "leader"]
    return near if any(not each.away for each in near) else people


def printed(people: Sequence[Contact]) -> Sequence[Contact]:
    """Who stands on paper, which outlives every leave."""
    return [each for each in people if each.standing != "leader"] or people[:1]


def absent(people: Sequence[Contact]) -> str:
    """「请假，找候补郭文媛」, behind the name of somebody on leave."""
    there = next((each for each in people if not each.away), None)
    return f"请假，找{LABELS[there.standing]}{there.name}" if there else f"请假，{ASK_COMMUNITY}"


def spaced(phone: str) -> str:
    """A mobile in three groups, as it is read aloud: 138 0000 0001. Others as they are."""
    return f"{phone[:3]} {phone[3:7]} {phone[7:]}" if re.fullmatch(r"1\d{10}", phone) else phone


def dialled(phone: str) -> str:
    """The digits for a ``tel:`` link, without an extension: nobody can dial that before he is through."""
    return "".join(phone.split("-")[:2])


def clauses(text: str) -> list[str]:
    """Where a line may be broken: behind a comma, never inside 下午2点半."""
    return re.findall(r"[^，、]+[，、]?", text)


def week(spans: Sequence[Span]) -> str:
    """「周一到周五，上午8点半到12点、下午2点半到6点，节假日休息」; minutes since midnight come in."""
    return f"周一到周五，{'、'.join(_span(*span) for span in spans)}，节假日休息"


def season(first: tuple[int, int], last: tuple[int, int], spans: Sequence[Span]) -> str:
    """「5月1日到9月30日，上午8点到12点、下午3点到6点」, for a card that hangs all year."""
    return f"{first[0]}月{first[1]}日到{last[0]}月{last[1]}日，{'、'.join(_span(*span) for span in spans)}"


def _grids(cards: Sequence[Card], gap: str) -> Iterator[str]:
    if len(cards) > 1:
        yield from _listed(cards, gap)
    elif cards:
        people = hand(cards[0].people)
        yield _first(people, gap, worker=LABELS["worker"])
        there = next((each for each in people if not each.away), None)
        for each in people[people.index(there) + 1 :][:1] if there else ():
            yield _label(each) + ("请假" if each.away else _number(each, gap))


def _listed(cards: Sequence[Card], gap: str) -> Iterator[str]:
    for card in cards[:MOST_LISTED]:
        yield f"{card.grid}：{_first(hand(card.people), gap, worker='')}"
    if len(cards) > MOST_LISTED:
        yield f"还有{len(cards) - MOST_LISTED}个网格，{ASK_COMMUNITY}问"


def _in_full(people: Sequence[Contact]) -> Iterator[str]:
    for each in hand(people):
        reach = f"（{absent(people)}）" if each.away else _number(each, " ")
        yield f"{LABELS[each.standing]} {each.name}{reach}"
    if not people:
        yield f"暂时没有网格员，{ASK_COMMUNITY}"


def _first(people: Sequence[Contact], gap: str, *, worker: str) -> str:
    """Whoever answers now, and who does not: 「网格员宋佳明请假，找候补郭文媛 138…」."""
    labels = {**LABELS, "worker": worker}
    if not people:
        return f"暂时没有网格员，{ASK_COMMUNITY}"
    passed: list[str] = []
    for each in people:
        name = labels[each.standing] + each.name
        if not each.away:
            found = name + _number(each, gap)
            return f"{'、'.join(passed)}请假，找{found}" if passed else found
        passed.append(name)
    return f"{'、'.join(passed)}请假，{ASK_COMMUNITY}"


def _label(each: Contact) -> str:
    return LABELS[each.standing] + each.name


def _number(each: Contact, gap: str) -> str:
    return gap + each.phone if each.phone else f"（{ASK_COMMUNITY}找）"


def _phones(phone: str, duty_phone: str, gap: str) -> Iterator[str]:
    other = duty_phone if duty_phone != phone else ""
    parts = [f"社区{gap}{phone}" if phone else "", f"值班{gap}{other}" if other else ""]
    if any(parts):
        yield "，".join(part for part in parts if part)


def _urgent(hotline: bool) -> str:
    return f"急事{'/'.join(number for _, number in URGENT)}" + (f"，热线{HOTLINE}" if hotline else "")


def _span(begin: int, end: int) -> str:
    if (begin, end) == (0, 1_440):
        return "全天"
    # an end belongs to the part of the day that it closes: 上午…到12点, 下午…到6点
    first, last = _part(begin), _part(end - 1)
    return f"{first}{_clock(begin)}到{last if last != first else ''}{_clock(end)}"


def _part(minute: int) -> str:
    parts = ((300, "凌晨"), (720, "上午"), (780, "中午"), (1_081, "下午"), (1_321, "晚上"))
    return next((name for until, name in parts if minute < until), "夜里")


def _clock(minute: int) -> str:
    hour, rest = divmod(minute, 60)
    return f"{hour - 12 if hour > 12 else hour}点" + ("半" if rest == 30 else f"{rest}分" if rest else "")
