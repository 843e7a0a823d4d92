"""A WeCom stand-in on real sockets, and channels that talk to it. No test here meets the real platform."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from config.settings import WecomSettings
from tests.standins.wecom import CORP, ROBOT, SECRET, WecomStandIn
from tests.standins.wecom_caller import AES_KEY, TOKEN, WecomCaller
from tests.standins.wecom_rules import AGENT

MEMBERS = ("grid007", "LiHuihui")


def wecom_settings(api_base: str = "http://127.0.0.1:9/cgi-bin/", **changes: Any) -> WecomSettings:
    given: dict[str, Any] = {
        "corp_id": CORP,
        "agent_id": AGENT,
        "secret": SecretStr(SECRET),
        "token": SecretStr(TOKEN),
        "aes_key": SecretStr(AES_KEY),
        "api_base": api_base,
        "timeout_seconds": 2.0,
    }
    return WecomSettings(**{**given, **changes})


@pytest.fixture
def standin() -> Iterator[WecomStandIn]:
    with WecomStandIn(members=MEMBERS, robots=(ROBOT,)) as running:
        yield running


@pytest.fixture
def settings(standin: WecomStandIn) -> Callable[..., WecomSettings]:
    return lambda **changes: wecom_settings(standin.url, **changes)


@pytest.fixture
def caller() -> WecomCaller:
    return WecomCaller()
