"""The chat platforms, each opened when its settings are there; the order is that of preference for reaching staff."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine

from bot.channels import robot, simulator, wecom
from bot.channels.base import Channel
from config.settings import Settings
from storage.cache import Cache


def open_channels(
    settings: Settings, *, cache: Cache, engine: Engine, clock: Callable[[], datetime]
) -> dict[str, Channel]:
    """The channels of this deployment, by name."""
    channels: list[Channel] = []
    if settings.wecom.hears or settings.wecom.sends:
        channels.append(wecom.Wecom(settings.wecom, cache))
        channels.append(robot.Robot(settings.wecom))
    if settings.shows_demo:
        channels.append(simulator.Simulator(engine, clock))
    return {channel.name: channel for channel in channels}
