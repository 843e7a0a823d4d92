"""A log line: one per fact, masked in both styles, with the traceback where it belongs."""

import json
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from config.logging import set_up_logging

LOG = logging.getLogger("gridbot.test")


@pytest.fixture(autouse=True)
def root() -> Iterator[None]:
    """The test runner's own logging, given back afterwards."""
    ours = logging.getLogger()
    handlers, level = ours.handlers, ours.level
    yield
    ours.handlers = handlers
    ours.setLevel(level)


def hide(text: str) -> str:
    return text.replace("13800138000", "138****8000")


def fail() -> None:
    try:
        raise ValueError("电话13800138000")
    except ValueError:
        LOG.exception("接不通 %s", "13800138000")


def test_json_is_one_line_with_all_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(style="json", level="info", mask=hide)
    before = datetime.now(UTC)
    fail()
    (line,) = capsys.readouterr().err.splitlines()
    entry = json.loads(line)
    assert (entry["event"], entry["level"], entry["logger"]) == ("接不通 138****8000", "error", "gridbot.test")
    assert entry["exception"].startswith("Traceback")
    assert entry["exception"].endswith("ValueError: 电话138****8000")
    assert before <= datetime.fromisoformat(entry["at"]) <= datetime.now(UTC)


def test_text_has_the_traceback_below(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(style="text", level="info", mask=hide)
    LOG.info("第%d号", 7)
    fail()
    first, second, *rest = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00 \[info    \] 第7号 \[gridbot.test\]", first)
    assert "[error   ] 接不通 138****8000 [gridbot.test]" in second
    assert rest[0].startswith("Traceback")
    assert rest[-1] == "ValueError: 电话138****8000"


def test_a_stack_is_shown_and_masked(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(style="text", level="info", mask=hide)
    LOG.warning("13800138000", stack_info=True)
    told = capsys.readouterr().err
    assert "test_a_stack_is_shown_and_masked" in told
    assert "13800138000" not in told


def test_less_than_the_level_and_noisy_libraries_are_not_heard(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(style="text", level="warning", mask=hide)
    LOG.info("没人要听")
    set_up_logging(style="text", level="debug", mask=hide)
    logging.getLogger("apscheduler.executors").info("Running job")
    assert capsys.readouterr().err == ""
