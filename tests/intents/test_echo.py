"""「我家也没水」 is an echo, 「我也想问快递」 is none: lines as neighbours write them, and how long they may take."""

import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.intents import echo
from bot.intents.catalog import Catalog
from bot.intents.engine import Engine
from bot.intents.gate import tidy

LINES = yaml.safe_load((Path(__file__).parent / "data" / "echo.yaml").read_text(encoding="utf-8"))
SAME = [(code, line) for code, lines in LINES["same"].items() for line in lines]
PLAIN = [(code, line) for code, lines in LINES["plain"].items() for line in lines]


@pytest.mark.parametrize(("code", "line"), SAME)
def test_an_echo_and_what_it_may_mean(code: str, line: str) -> None:
    heard = echo.hear(tidy(line))
    assert heard is not None
    assert code in heard.about if code else not heard.about


@pytest.mark.parametrize("line", LINES["open"])
def test_what_is_gone_may_be_any_of_several_things(line: str) -> None:
    heard = echo.hear(tidy(line))
    assert heard is not None
    assert {"utility.water", "utility.power"} <= heard.about
    assert "city.garbage" not in heard.about


@pytest.mark.parametrize("line", LINES["none"])
def test_no_echo(line: str) -> None:
    assert echo.hear(tidy(line)) is None


def test_the_building_one_compares_with_is_not_ones_own() -> None:
    for line in ("我家跟1号楼一样", "和3号楼一样的问题"):
        heard = echo.hear(line)
        assert heard is not None, line
        assert heard.compared, line
    for line in ("5号楼跟楼上一样", "5号楼也是", "同上，5号楼"):
        heard = echo.hear(line)
        assert heard is not None, line
        assert not heard.compared, line


@pytest.mark.parametrize(("code", "line"), PLAIN)
def test_a_plain_line_may_join_but_is_no_echo(code: str, line: str) -> None:
    assert echo.hear(line) is None
    heard = echo.repeats(line)
    assert heard is not None
    assert code in heard.about


@pytest.mark.parametrize(
    "line",
    [
        "我家没停水",
        "没有停水啊",
        "没水喝",
        "手机没电了",
        "没电了，充电呢",
        "明天停水",
        "停水通知",
        "刚停电了，现在来电了",
    ],
)
def test_what_only_sounds_plain_joins_nothing(line: str) -> None:
    assert echo.repeats(line) is None


@pytest.mark.parametrize("line", [*(line for _, line in SAME), *LINES["open"]])
def test_the_gate_keeps_every_echo(engine: Engine, line: str) -> None:
    assert engine.keeps(line)


def test_every_matter_an_echo_names_is_one_that_neighbours_share(catalog: Catalog) -> None:
    named = {code for _, codes in echo.ABOUT for code in codes}
    assert {code for code, item in catalog.items.items() if item.shared} >= named


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="我家们这栋楼也都没水电停了一样同上跟和+13号单元，。？的是有来", max_size=80))
def test_no_line_takes_long(line: str) -> None:
    began = time.process_time()
    echo.hear(line)
    echo.repeats(line)
    assert time.process_time() - began < 0.05
