"""Cries for help without the classifier: each is a matter of the catalogue, and drills stay quiet."""

import pytest

from bot.intents import plain_alarm
from bot.intents.catalog import load_catalog

CRIES = [
    ("救命啊，我妈晕倒了", "emergency.medical"),
    ("3号楼2单元着火了！！", "safety.fire"),
    ("楼道里好大的煤气味", "utility.gas_leak"),
    ("有人困在电梯里了", "property.elevator_trapped"),
    ("电梯里关着个老人", "property.elevator_trapped"),
    ("我不想活了", "emergency.self_harm"),
    ("楼下有人拿刀", "emergency.violence"),
    ("老伴叫不醒，快打120", "emergency.medical"),
]


@pytest.mark.parametrize(("text", "code"), CRIES)
def test_a_cry_is_heard_and_belongs_to_the_catalogue(text: str, code: str) -> None:
    meaning = plain_alarm.understand(text)
    assert meaning is not None
    assert (meaning.item, meaning.urgent, meaning.decision) == (code, True, "act")
    item = load_catalog().items[code]
    assert item.slug == meaning.intent
    assert item.alarm


@pytest.mark.parametrize("text", ["明天上午消防演习，模拟着火疏散", "快递到了", "谁家的猫", ""])
def test_the_rest_is_left_alone(text: str) -> None:
    assert plain_alarm.understand(text) is None
