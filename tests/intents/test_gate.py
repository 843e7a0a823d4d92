"""The gate keeps what somebody may need and drops what nobody needs."""

import time

import pytest

from bot.intents.engine import Engine
from bot.intents.gate import is_relay, tidy

KEPT = [
    "3号楼",
    "2单元",
    "3-2-601",
    "海棠苑门口",
    "小白楼那边",
    "1",
    "2",
    " 3 ",
    "楼道灯坏了",
    "停水了？",
    "算了不用来了",
    "我那事咋样了",
    "敲门也不应",
    "叫不醒了",
    "不想活了",
    "喘不上气",
    "接单 1023",
    "办结 1023",
    "#接龙\n1. 李阿姨",
    "很满意",
    "高领补贴咋闹",
    "打错了，是8号楼",
    "我家也没",
]
DROPPED = [
    "今天天气真不错",
    "哈哈太逗了",
    "[动画表情]",
    "周末有人一起打篮球吗",
    "收到",
    "👌",
    "早上好",
    "孩子期末考完了，轻松",
    "",
]


@pytest.mark.parametrize("text", KEPT)
def test_kept(engine: Engine, text: str) -> None:
    assert engine.keeps(text)


@pytest.mark.parametrize("text", DROPPED)
def test_dropped(engine: Engine, text: str) -> None:
    assert not engine.keeps(text)


def test_a_relay_is_seen_by_its_shape() -> None:
    assert is_relay("#接龙\n重阳慰问\n1. 3号楼 李阿姨\n2. 5号楼 王叔")
    assert is_relay("5. 何先生 2人")
    assert not is_relay("3号楼2单元停水了")


def test_tidying_moves_no_character() -> None:
    text = "[图片]@小郭 ３号楼🙏灯坏了https://a.b/c"
    assert len(tidy(text)) == len(text)
    assert "3号楼" in tidy(text)


def test_a_very_long_message_costs_no_more_than_its_beginning(engine: Engine) -> None:
    text = "楼上漏水" * 5000
    began = time.perf_counter()
    engine.keeps(text)
    engine.understand(text)
    assert time.perf_counter() - began < 0.5
