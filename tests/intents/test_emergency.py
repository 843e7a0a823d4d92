"""Emergencies are heard in any voice; jokes, stories and other places are not."""

import pytest

from bot.intents.catalog import Catalog
from bot.intents.engine import Engine

REAL = [
    ("着火了着火了6号楼!!!", "fire"),
    ("三楼窗口往外冒浓烟", "fire"),
    ("一进门就闻见煤气味", "gas_leak"),
    ("电梯困人，十号楼二单元", "safety_hazard"),
    ("我媳妇叫不醒了，怀着孕呢", "medical_emergency"),
    ("俺老汉喘不上气", "medical_emergency"),
    ("楼上独居的张奶奶两天没见下来遛弯了，敲门也不应", "elder_care_visit"),
    ("活着真没意思，不想拖累娃们了", "medical_emergency"),
    ("我不想活了", "medical_emergency"),
    ("娃放学没回来，电话关机，7岁红校服", "missing_person"),
    ("公安局的让我转安全账户，已经转了三万", "fraud_report"),
    ("4号楼两口子打起来了，女的喊救命", "public_security"),
    ("有人持刀闹事", "public_security"),
    ("电动车在楼道充电，快管管", "safety_hazard"),
]
FALSE = [
    "吵死了",
    "笑死我了",
    "我着急上火，嘴上起泡",
    "生意火爆",
    "听说万柏林那边着火了真的假的",
    "电影里的火灾场面很震撼",
    "加班加得想死😂",
    "笑晕过去了",
    "救命，太好笑了",
    "新闻报道某小区燃气爆炸",
    "小时候我走丢过一次",
    "我朋友被诈骗过，报案了",
    "如果着火了怎么办",
    "温馨提示：请勿在楼道给电动车充电",
    "我家猫丢了",
    "饿得快晕倒了",
    "股票跌得想跳楼😂",
    "我要报警了，太可爱",
    "【消防演练】明天上午有浓烟，请勿惊慌",
    "楼上天天半夜剁馅儿，还让不让人活了",
    "昨天看电视剧里男主晕倒了",
    "同事家里进贼了",
]


@pytest.mark.parametrize(("text", "slug"), REAL)
def test_a_real_one_is_urgent_without_any_address(engine: Engine, text: str, slug: str) -> None:
    seen = engine.understand(text)
    assert (seen.intent, seen.decision, seen.urgent) == (slug, "act", True), seen.why()
    assert engine.keeps(text)


@pytest.mark.parametrize("text", FALSE)
def test_a_false_one_alarms_nobody(engine: Engine, text: str) -> None:
    seen = engine.understand(text)
    assert not seen.urgent, seen.why()


def test_the_words_of_staff_open_nothing(engine: Engine) -> None:
    assert engine.understand("3号楼着火了", from_staff=True).decision == "silent"


def test_alarms_say_whom_to_call(catalog: Catalog) -> None:
    assert "119" in catalog.items["safety.fire"].alarm
    assert "120" in catalog.items["emergency.medical"].alarm
    assert "110" in catalog.items["fraud.in_progress"].alarm
