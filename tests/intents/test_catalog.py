"""Every matter of the catalogue understands its own examples and lets its counter-examples pass."""

from pathlib import Path

import pytest

from bot.intents.catalog import FOLDER, WrongCatalog, load_catalog
from bot.intents.engine import Engine

CATALOG = load_catalog()
EXAMPLES = [(code, text) for code, rules in CATALOG.rules.items() for text in rules.examples]
COUNTER = [(code, text) for code, rules in CATALOG.rules.items() for text in rules.counter_examples]


@pytest.mark.parametrize(("code", "text"), EXAMPLES)
def test_an_example_is_understood(engine: Engine, code: str, text: str) -> None:
    seen = engine.understand(text)
    item = CATALOG.items[code]
    expected = "silent" if CATALOG.rules[code].kind == "talk" else "act"
    assert (seen.intent, seen.decision) == (item.slug, expected), seen.why()
    assert seen.sub == item.sub


@pytest.mark.parametrize(("code", "text"), COUNTER)
def test_a_counter_example_opens_no_such_case(engine: Engine, code: str, text: str) -> None:
    seen = engine.understand(text)
    if CATALOG.rules[code].kind == "talk":
        assert seen.item != code, seen.why()
    else:
        assert not (seen.decision == "act" and seen.item == code), seen.why()


def test_what_is_acted_on_is_always_kept(engine: Engine) -> None:
    for _, text in EXAMPLES:
        if engine.understand(text).decision != "silent":
            assert engine.keeps(text), text


def test_every_emergency_has_a_short_alarm_with_a_number_and_no_blank() -> None:
    alarms = {code: item.alarm for code, item in CATALOG.items.items() if CATALOG.rules[code].kind == "emergency"}
    for code, alarm in alarms.items():
        assert any(number in alarm for number in ("110", "119", "120")), code
        assert len(alarm.splitlines()) <= 4, code
        assert len(alarm) <= 100, code
        assert "{" not in alarm, code


def test_the_version_changes_with_the_content(tmp_path: Path) -> None:
    for path in FOLDER.glob("*.toml"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert load_catalog(tmp_path).version == CATALOG.version
    with (tmp_path / "talk.toml").open("a") as file:
        file.write("\n# 一行说明\n")
    assert load_catalog(tmp_path).version != CATALOG.version


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('urgency = "emergency"', 'urgency = "huge"', "urgency"),
        ('first_reply = "3min"', 'first_reply = "soon"', "first_reply"),
        ('kind = "emergency"', 'kind = "drama"', "kind"),
        ('lead = "派出所"', "", "lead"),
        ("privacy = 2", "privacy = 9", "privacy"),
        ("examples = [", "exampels = [", "exampels"),
        ("frames = [", 'frames = ["{没有这个词表}", ', "没有这个词表"),
        ('short = "急病求助"', "short = ", "读不懂"),
    ],
)
def test_a_wrong_table_is_refused_by_name(tmp_path: Path, before: str, after: str, said: str) -> None:
    for path in FOLDER.glob("*.toml"):
        text = path.read_text()
        (tmp_path / path.name).write_text(text.replace(before, after, 1) if path.name == "emergency.toml" else text)
    with pytest.raises(WrongCatalog) as wrong:
        load_catalog(tmp_path)
    assert said in str(wrong.value)
    assert "emergency.toml" in str(wrong.value)
