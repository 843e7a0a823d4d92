"""What a line says about a case that is there: each kind told apart, from chatter and from a neighbour's matter too.

The lines stand in ``data/followup.yaml``.
"""

import re
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.intents import followup_words
from bot.intents.base import FollowUp, Slots, Understanding
from bot.intents.engine import Engine
from bot.intents.followup import attach, read, sounds_like_one

LINES: dict[str, list[str]] = yaml.safe_load((Path(__file__).parent / "data" / "followup.yaml").read_text("utf-8"))
KINDS = {kind: texts for kind, texts in LINES.items() if kind not in ("none", "echo")}


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in KINDS.items() for text in texts])
def test_each_kind_is_told_apart(kind: str, text: str) -> None:
    said = read(text)
    assert said is not None
    assert said.kind == kind
    assert sounds_like_one(text)


@pytest.mark.parametrize("text", [*LINES["none"], *LINES["echo"]])
def test_chatter_and_echoes_say_nothing_of_a_case(text: str) -> None:
    said = read(text)
    assert said is None or said.kind == "small"
    assert not sounds_like_one(text)


@pytest.mark.parametrize(
    ("text", "rating"), [("1", 1), ("2", 2), ("３", 3), ("满意", 1), ("一般般", 2), ("不满意", 3), ("回3", 3)]
)
def test_a_rating(text: str, rating: int) -> None:
    said = read(text)
    assert said is not None
    assert said.rating == rating


@pytest.mark.parametrize(
    ("text", "number"),
    [("1122-07到哪了", "1122-07"), ("撤回 1122-07", "1122-07"), ("1122-07", "1122-07"),
     ("编号20261122-007咋样了", "20261122-007"), ("XZ-20261122-007到哪了", "XZ-20261122-007")],
)  # fmt: skip
def test_a_number(text: str, number: str) -> None:
    said = read(text)
    assert said is not None
    assert (said.number, said.sure) == (number, True)


@pytest.mark.parametrize("text", ["0351-0000001", "1399-45", "2026-11-23", "13900000001", "取件码6-2-3041"])
def test_what_is_no_number_of_a_case(text: str) -> None:
    said = read(text)
    assert said is None or not said.number


@pytest.mark.parametrize(
    ("text", "place", "rest"),
    [
        ("不是3号楼是5号楼", Slots(building="5"), "5号楼"),
        ("说错了，2单元", Slots(unit="2"), "2单元"),
        ("不是3号是十二号楼2单元", Slots(building="12", unit="2"), "十二号楼2单元"),
        ("不是3号是5号", Slots(building="5"), "5号"),
        ("不是3号楼，是老锅炉房那栋", Slots(), "老锅炉房那栋"),
    ],
)
def test_the_right_place(text: str, place: Slots, rest: str) -> None:
    said = read(text)
    assert said is not None
    assert (said.place, said.rest) == (place, rest)


@pytest.mark.parametrize("text", ["不是停水是停电", "不是我不急,是你们不急", "这不是3号楼的狗吗", "说错了不好意思"])
def test_no_other_place_is_said(text: str) -> None:
    said = read(text)
    assert said is None or said.kind != "place"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("我的快递呢", "快递"),
        ("那个灯啥时候修", "灯"),
        ("又不亮了", "灯"),
        ("还在漏呢", "漏"),
        ("补贴批下来没", "补贴"),
    ],
)
def test_the_matter_it_refers_to(text: str, word: str) -> None:
    said = read(text)
    assert said is not None
    assert word in said.like


def test_what_is_said_beside_a_withdrawal() -> None:
    said = read("快递不用取了,帮我妈买点药哇")
    assert said is not None
    assert (said.kind, said.then) == ("withdraw", "帮我妈买点药哇")
    assert "药" not in said.like


@pytest.mark.parametrize(
    ("text", "who", "neighbour"),
    [
        ("隔壁李大爷也八十多了，他娃不在跟前，顺带给他也办上哇", "隔壁李大爷", True),
        ("对门王奶奶一个人住，降压药吃完了，谁能帮着买一下", "对门王奶奶", True),
        ("替申大娘取个快递", "申大娘", True),
        ("我妈腿不行，高龄补贴能不能上门办", "我妈", False),
        ("帮我姥姥办下认证", "我姥姥", False),
        ("我妈家停水了", "我妈", True),
        ("我媳妇叫不醒了，怀着孕呢，快来人", "我媳妇", False),
    ],
)
def test_whom_he_speaks_for(text: str, who: str, neighbour: bool) -> None:
    said = read(text)
    assert said is not None
    assert (said.beneficiary, said.neighbour) == (who, neighbour)


@pytest.mark.parametrize(
    "text",
    ["隔壁李大爷家半夜放音乐", "给李阿姨点赞", "我妈说灯坏了", "帮我取个快递", "对门养的狗乱叫", "谢谢王大爷帮忙"],
)
def test_he_speaks_for_himself(text: str) -> None:
    said = read(text)
    assert said is None or not said.beneficiary


def test_a_stranger_is_only_asked_for_whom_his_request_is(engine: Engine) -> None:
    text = "我妈高龄补贴能不能上门办，快点吧"
    meaning = attach(engine.understand(text), text, near=False, understand=engine.understand)
    assert meaning.follow == FollowUp(kind="proxy", beneficiary="我妈")


def test_the_rest_of_a_withdrawal_is_understood(engine: Engine) -> None:
    text = "快递不用取了，帮我看下楼道灯吧，不亮了"
    meaning = attach(engine.understand(text), text, near=True, understand=engine.understand)
    assert meaning.item == "property.common_area"
    assert meaning.follow is not None
    assert meaning.follow.kind == "withdraw"


def test_a_corrected_place_is_the_place_that_was_said() -> None:
    text = "不是3号楼是5号楼"
    meaning = attach(Understanding(slots=Slots(building="3")), text, near=True, understand=lambda _: Understanding())
    assert meaning.slots.building == "5"


def test_every_pattern_of_the_file_compiles() -> None:
    while followup_words.warm():
        pass
    assert followup_words.matters("楼道灯不亮") == ("灯", "照明")
    assert isinstance(followup_words.says("urges", "催一下"), re.Match)


_WORDS = [text for texts in KINDS.values() for text in texts] + LINES["none"] + ["了", "谢谢", "麻烦", "，", "的"]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(_WORDS), min_size=1, max_size=30).map("".join))
def test_no_line_takes_long(text: str) -> None:
    began = time.perf_counter()
    read(text)
    assert time.perf_counter() - began < 0.25


@given(st.text(max_size=80))
def test_any_text_is_read(text: str) -> None:
    said = read(text)
    assert said is None or said.kind
