"""Two sides of a dispute tell the bot everything about themselves, in any order: neither ever reads it of the other.

What is looked at is every line that reached a group and every letter that reached a side.
"""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from storage import revision
from storage.db import reading, writing
from storage.person import Identity, Person
from storage.stage import StageLine
from tests.play import PEOPLE, Play

LONGEST_SHARED = 5  # characters in a row of what one side said that may stand in a letter to the other by chance
GROUP = "柳园居民群"
ILLNESSES = ("心脏病", "抑郁症", "尿毒症", "癫痫", "乳腺癌")


@dataclass(frozen=True)
class Side:
    """Who somebody is, and what he would not want his neighbour to read."""

    who: str
    code: str
    nick: str
    name: str
    phone: str
    room: str
    illness: str

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.nick, self.name, self.phone, self.room, self.illness)


def _side(who: str, code: str, surnames: str, room: str) -> st.SearchStrategy[Side]:
    return st.builds(
        Side,
        who=st.just(who),
        code=st.just(code),
        nick=st.sampled_from(["爱晒太阳的鱼", "静静", "风雨兼程", "小确幸"]).map(lambda nick: nick + surnames[0]),
        name=st.builds(lambda first, last: first + last, st.sampled_from(surnames), st.sampled_from(("秋玲", "建军"))),
        phone=st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True),
        room=st.just(room),
        illness=st.sampled_from(ILLNESSES),
    )


REPORTS = (
    "我是{name}，22号楼1单元{room}的，楼上天天半夜蹦，我有{illness}受不了，电话{phone}",
    "22号楼1单元楼上漏水漏到我家厨房了，我{name}电话{phone}，{illness}刚出院",
    "有辆车天天堵22号楼1单元门口，说了不听，我住{room}，{phone}，家里有{illness}病人等着出门",
    "隔壁装修午休时间也施工，22号楼1单元{room}老人{illness}，联系{name}{phone}",
    "邻里矛盾想请社区调解一下，22号楼1单元{room}{name}，我有{illness}",
)
# what the two say in private beside yes and no
SAYS = (
    "他每天半夜都拿锤子往地板上砸，我{illness}都被他吓出来了",
    "我叫{name}，电话{phone}，住{room}，有空来家里看看就知道了",
    "愿意",
    "不愿意",
    "同意",
    "不同意，我{illness}需要静养，时间定得太晚了",
    "1",
    "3",
    "不愿意调解了",
    "愿意调解",
)
MEDIATOR = (
    "对方 1 22号楼2单元{other_room}",
    "对方 1 {other_name}",
    "对方同意 1",
    "对方不同意 1",
    "达成 1 双方互相体谅，作息时间不打扰",
    "达成 1 {name}家十点后不打扰{other_name}家",
    "冷静 1 2天",
    "恢复 1",
    "备注 1 去{room}看过，{name}情绪激动，{phone}",
    "延期 1 1天 {name}住院",
    "挂账 1 到12月10日 {name}回老家",
    "等居民 1 补房本",
    "详情 1",
    "转派 1 孟洁",
    "移交 1",
    "办结 1 双方已和好",
    "不受理 1 {name}不配合 找12348",
)
ACTORS = st.one_of(
    st.tuples(st.just("first"), st.sampled_from(SAYS)),
    st.tuples(st.just("other"), st.sampled_from(SAYS)),
    st.tuples(st.sampled_from(("韩冰", "韩冰", "孟洁", "葛强", "赵敏")), st.sampled_from(MEDIATOR)),
    st.tuples(st.just("time"), st.sampled_from(("3", "300", "4000"))),
)
# how far it has come before anything may happen
SO_FAR = st.sampled_from(
    (
        (),
        (("other", "愿意"),),
        (("other", "愿意"), ("韩冰", "达成 1 双方互相体谅，作息时间不打扰")),
        (("other", "愿意"), ("韩冰", "达成 1 双方互相体谅，作息时间不打扰"), ("first", "同意")),
        (("韩冰", "冷静 1 2天"), ("other", "愿意")),
        (("other", "愿意"), ("韩冰", "达成 1 {name}家十点后不打扰{other_name}家")),
        (
            ("other", "愿意"),
            ("韩冰", "达成 1 双方互相体谅，作息时间不打扰"),
            ("first", "不同意，我{illness}需要静养，时间定得太晚了"),
        ),
    )
)
TALKS = st.tuples(SO_FAR, st.lists(ACTORS, min_size=2, max_size=8)).map(lambda both: [*both[0], *both[1]])
ROOMS = {f"person:{handle}": name for name, handle in PEOPLE.items()}


def _move_in(play: Play, *sides: Side) -> None:
    """Let the town's residents be these people."""
    with writing(play.database) as session:
        for side in sides:
            person = session.exec(select(Person).where(Person.code == side.code)).one()
            person.name, person.phone, person.room = side.name, side.phone, side.room
            for identity in session.exec(select(Identity).where(Identity.person_id == person.id)):
                identity.display_name = side.nick
                session.add(identity)
            session.add(person)
        revision.bump(session)


def _told(play: Play) -> Iterator[tuple[str, str]]:
    """Everything that was shown: (「group」 or whoever read it, the words)."""
    with reading(play.database) as session:
        for line in session.exec(select(StageLine).where(col(StageLine.text) != "")):
            if line.room.startswith("group:"):
                yield "group", line.text
            elif line.room in ROOMS:
                yield ROOMS[line.room], line.text


def _repeats(words: str, text: str) -> str:
    """A piece of what somebody said that stands in a text, if it is too long for chance."""
    pieces = (words[start : start + LONGEST_SHARED + 1] for start in range(len(words) - LONGEST_SHARED))
    return next((piece for piece in pieces if piece in text), "")


_HE = Side(who="小满", code="he", nick="静静慕", name="慕秋玲", phone="13711112222", room="3017", illness="心脏病")
_CAO = Side(who="老曹", code="cao", nick="小确幸端", name="端建军", phone="13733334444", room="4028", illness="癫痫")
_TALKED = (
    ("other", "愿意"),
    ("韩冰", "达成 1 {name}家十点后不打扰{other_name}家"),
    ("韩冰", "达成 1 双方互相体谅，作息时间不打扰"),
    ("first", "不同意，我{illness}需要静养，时间定得太晚了"),
    ("other", "我叫{name}，电话{phone}，住{room}，有空来家里看看就知道了"),
    ("韩冰", "办结 1 双方已和好"),
    ("time", "3"),
)


@example(first=_HE, other=_CAO, report=REPORTS[0], in_group=True, talk=list(_TALKED))
@example(first=_HE, other=_CAO, report=REPORTS[1], in_group=False, talk=[("other", "不愿意"), ("孟洁", "移交 1")])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=_side("小满", "he", "慕容", "3017"),
    other=_side("老曹", "cao", "端木", "4028"),
    report=st.sampled_from(REPORTS),
    in_group=st.booleans(),
    talk=TALKS,
)
def test_neither_the_group_nor_the_other_side_reads_what_one_side_is_or_says(
    sqlite_template: Path, first: Side, other: Side, report: str, in_group: bool, talk: list[tuple[str, str]]
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="gb-dispute-"))
    shutil.copy(sqlite_template, folder / "town.db")
    play = Play(f"sqlite:///{folder / 'town.db'}")
    sides = {"first": first, "other": other}
    try:
        _move_in(play, first, other)
        said = {"first": [report.format(**vars(first))], "other": [""]}
        play.says(first.who, said["first"][0], group=GROUP if in_group else "")
        number = play.cases()[0].number
        play.says("韩冰", "接单 1")
        for who, words in [("韩冰", MEDIATOR[0]), *talk]:
            if who == "time":
                play.passes(minutes=int(words))
            elif who in sides:
                spoken = words.format(**vars(sides[who]))
                said[who].append(spoken)
                play.says(sides[who].who, spoken)
            else:
                others = {"other_name": other.name, "other_room": other.room}
                play.says(who, words.format(**vars(first), **others))
        for reader, text in _told(play):
            if reader == "group":
                hidden = (*first.secrets[1:], *other.secrets, "噪音", "漏水", "停车", "纠纷")
                spoken_by_others = [*said["first"], *said["other"]]
            elif reader == other.who:
                hidden, spoken_by_others = (*first.secrets, number), said["first"]
            elif reader == first.who:
                hidden, spoken_by_others = other.secrets[:3], said["other"]
            else:
                continue
            for secret in hidden:
                assert secret not in text, f"{reader} reads {secret!r} in {text!r}"
            for line in spoken_by_others:
                assert not (piece := _repeats(line, text)), f"{reader} reads {piece!r} in {text!r}"
    finally:
        play.close()
        shutil.rmtree(folder, ignore_errors=True)
