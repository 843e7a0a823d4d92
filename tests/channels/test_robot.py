"""The webhook of an internal group: what it posts, whom it calls, and what its refusals mean."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.channels.base import CallbackRefused, Outgoing, Receipt, SendFailed
from bot.channels.robot import Robot
from config.settings import WecomSettings
from tests.standins.wecom import ROBOT, WecomStandIn

Settings = Callable[..., WecomSettings]
OUT = Outgoing(key="outbox-1", to="group", address=ROBOT, text="明天 9:00 停水", label="网格员工作群")


def post(settings: WecomSettings, *messages: Outgoing) -> list[Receipt]:
    async def scene() -> list[Receipt]:
        robot = Robot(settings)
        try:
            return [await robot.send(message) for message in messages]
        finally:
            await robot.close()

    return asyncio.run(scene())


def refused(settings: WecomSettings, *messages: Outgoing) -> SendFailed:
    with pytest.raises(SendFailed) as failed:
        post(settings, *messages)
    return failed.value


def test_a_text_is_posted(standin: WecomStandIn, settings: Settings) -> None:
    post(settings(), OUT)
    assert [(row["key"], row["text"]) for row in standin.delivered()] == [(ROBOT, "明天 9:00 停水")]


@pytest.mark.parametrize(
    ("mention", "text", "called"),
    [
        ("grid007", "明天 9:00 停水", ["grid007"]),
        ("@all", "明天 9:00 停水", ["@all"]),
        ("王秀英", "@王秀英 明天 9:00 停水", None),
    ],
)
def test_a_member_is_called_and_a_name_is_written(
    standin: WecomStandIn, settings: Settings, mention: str, text: str, called: list[str] | None
) -> None:
    post(settings(), replace(OUT, mention=mention))
    sent = standin.bodies[-1][1]["text"]
    assert (sent["content"], sent.get("mentioned_list")) == (text, called)


def test_a_long_text_is_cut_at_a_character(standin: WecomStandIn, settings: Settings) -> None:
    post(settings(), replace(OUT, text="水" * 700, mention="王秀英"))
    content = standin.bodies[-1][1]["text"]["content"]
    assert len(content.encode()) <= 2048
    assert content.endswith("水…")


def test_the_twenty_first_in_a_minute_waits_a_minute(standin: WecomStandIn, settings: Settings) -> None:
    error = refused(settings(), *([OUT] * 21))
    assert (error.verdict, error.code, error.wait_seconds) == ("retry", 45009, 60)
    assert len(standin.delivered()) == 20 == Robot.can.per_minute


@pytest.mark.parametrize("key", ["robot-that-was-removed", "", "不是钥匙", "a&b=c"])
def test_a_removed_robot_is_dead(settings: Settings, key: str) -> None:
    error = refused(settings(), replace(OUT, address=key))
    assert (error.verdict, error.code) == ("dead", 93000)


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [("93004", "config"), ("-1", "retry"), ("html", "retry"), ("cut", "retry"), ("http502", "retry")],
)
def test_each_fault_calls_for_its_own_treatment(
    standin: WecomStandIn, settings: Settings, fault: str, verdict: str
) -> None:
    standin.faults.next("webhook/send", fault)
    assert refused(settings(), OUT).verdict == verdict


def test_it_speaks_to_no_single_person(standin: WecomStandIn, settings: Settings) -> None:
    assert refused(settings(), replace(OUT, to="person", address="grid007")).verdict == "dead"
    assert standin.calls == {}


def test_it_hears_nothing(settings: Settings) -> None:
    robot, now = Robot(settings()), datetime.now(UTC)
    assert robot.peek(b"<xml/>") is None
    for hear in (lambda: robot.verify({}), lambda: robot.decode({}, b"", now), lambda: robot.parse(b"", now)):
        with pytest.raises(CallbackRefused):
            hear()
