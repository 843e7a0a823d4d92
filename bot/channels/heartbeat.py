"""One GET to the operator's own watch: 「the clock was looked at, and it goes」. Sends nothing, reads nothing back.

Whoever watches from outside notices when this stops, even if the whole machine stands still.
"""

import asyncio
import logging
from urllib.parse import urlsplit

from config.settings import is_safe_beat_url

_log = logging.getLogger("gridbot.heartbeat")
_SECONDS = 5.0
_REDIRECTS = 300


def beat(url: str, *, seconds: float = _SECONDS) -> bool:
    """Whether the watch took it. Never raises, and never writes the address down: it is as good as a password."""
    if not is_safe_beat_url(url):
        return False
    try:
        return asyncio.run(_get(url, seconds))
    except (OSError, ValueError) as error:  # aiohttp's errors are of these kinds too, where the network is at fault
        _log.warning("the heartbeat was not taken: %s", type(error).__name__)
        return False


async def _get(url: str, seconds: float) -> bool:
    import aiohttp  # noqa: PLC0415 - as in wire.py: a start without sending need not pay for it

    # a proxy is for the world outside; whoever listens on this machine is asked himself
    outside = urlsplit(url).scheme == "https"
    try:
        async with (
            asyncio.timeout(seconds),
            aiohttp.ClientSession(trust_env=outside, cookie_jar=aiohttp.DummyCookieJar()) as client,
            client.get(url, allow_redirects=False) as answer,
        ):
            return answer.status < _REDIRECTS
    except aiohttp.ClientError as error:
        raise OSError(type(error).__name__) from error
