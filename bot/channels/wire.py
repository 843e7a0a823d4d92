"""JSON calls over HTTPS below one base URL: time limits, one answer per call. Knows no token and no platform's errors.

The client is aiohttp: its parser is compiled, and a call costs a quarter of what a pure Python client takes
(docs/performance.md). It is read in at the first call, because a start without sending need not pay for it.
"""

import asyncio
import functools
import json
import logging
import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

from bot.channels.base import SendFailed
from bot.channels.wecom_errors import unreachable
from config.settings import WecomSettings

if TYPE_CHECKING:
    import aiohttp

_LARGEST_ANSWER = 262_144
_KEPT_OPEN = 15.0  # seconds an idle connection is used again: less than any front end leaves it open
_HEADERS = {
    "Content-Type": "application/json; charset=utf-8",
    "Accept": "application/json",
    "Accept-Encoding": "identity",  # the answers are a line long
    "User-Agent": "gridbot",
}
# the platform refuses \u escapes (40033)
_write = json.JSONEncoder(ensure_ascii=False).encode

# our URLs carry the access token, the secret and the robots' keys: no library may write them down
logging.getLogger("aiohttp").setLevel(logging.WARNING)


class Wire:
    """JSON calls below one base URL, without any token.

    Connections belong to an event loop, so each loop that sends gets a client of its own (deliverers keep their own
    loops). A call never follows a redirect, keeps no cookie and is never repeated by itself.
    """

    def __init__(self, settings: WecomSettings) -> None:
        self._base = settings.api_base
        self._seconds = settings.timeout_seconds
        self._clients: dict[asyncio.AbstractEventLoop, aiohttp.ClientSession] = {}

    async def get(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        """The JSON object answered, with its integer ``errcode``, whatever that says. Raises ``SendFailed``."""
        return await self._ask("GET", path, query, None)

    async def post(self, path: str, query: Mapping[str, str], body: Mapping[str, Any]) -> dict[str, Any]:
        """As ``get``. The body goes out as plain UTF-8."""
        return await self._ask("POST", path, query, _write(body).encode("utf-8", "replace"))

    async def close(self) -> None:
        """Close this loop's connections and let go of those whose loop is closed already."""
        mine = self._clients.pop(asyncio.get_running_loop(), None)
        if mine is not None:
            await mine.close()
        await self._forget_closed_loops()

    async def _client(self) -> "aiohttp.ClientSession":
        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None:
            await self._forget_closed_loops()
            client = self._clients[loop] = _open_client(self._base)
        return client

    async def _forget_closed_loops(self) -> None:
        for loop in [loop for loop in list(self._clients) if loop.is_closed()]:
            lost = self._clients.pop(loop, None)
            if lost is not None:
                await lost.close()  # its connections ended with their loop; this only says that nobody forgot them

    async def _ask(self, method: str, path: str, query: Mapping[str, str], content: bytes | None) -> dict[str, Any]:
        import aiohttp  # noqa: PLC0415

        try:
            # one limit for all of it: connecting, sending, and an answer that drips
            async with asyncio.timeout(self._seconds):
                client = await self._client()
                url = f"{self._base}{path}?{urlencode(query)}"
                async with client.request(method, url, data=content, allow_redirects=False) as answer:
                    return _read(answer.status, await _body(answer))
        except TimeoutError as error:
            raise unreachable(f"企业微信 {self._seconds:g} 秒内没有回答，不知是否已收下，稍后会自动重发") from error
        except aiohttp.InvalidURL as error:
            raise SendFailed("config", "API_BASE 不是能用的网址：请检查主机和端口") from error
        except aiohttp.ClientError as error:
            kind = type(error).__name__
            raise unreachable(f"连不上企业微信或连接中断（{kind}），稍后会自动重发；请检查网络和 API_BASE") from error
        except ValueError as error:
            raise SendFailed("config", "API_BASE 或代理（HTTPS_PROXY）不是能用的网址：请检查主机和端口") from error


@functools.cache
def _trusted() -> ssl.SSLContext:
    """Checks names and certificates against the system's own list, read once: each reading takes 70 ms."""
    return ssl.create_default_context()


def _open_client(base: str) -> "aiohttp.ClientSession":
    import aiohttp  # noqa: PLC0415

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(keepalive_timeout=_KEPT_OPEN, ssl=_trusted()),
        headers=_HEADERS,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        auto_decompress=False,
        proxy=_way_out(base),
    )


def _way_out(base: str) -> str | None:
    """The proxy that this machine's environment names for ``base`` (HTTPS_PROXY, NO_PROXY and their kin), if any."""
    parts = urlsplit(base)
    if proxy_bypass(parts.hostname or ""):
        return None
    named = getproxies()
    return named.get(parts.scheme) or named.get("all")


async def _body(answer: "aiohttp.ClientResponse") -> bytes:
    """All of the answer, or of a larger one only as much as shows that it is none of the platform's."""
    found = b""
    while len(found) <= _LARGEST_ANSWER and (more := await answer.content.readany()):
        found += more
    return found


def _read(status: int, body: bytes) -> dict[str, Any]:
    if status == 429 or status >= 500:
        raise unreachable(f"企业微信暂时不能服务（HTTP {status}），稍后会自动重发", 60 if status == 429 else 5)
    if status >= 300:
        raise SendFailed("config", f"企业微信的网址回答 HTTP {status}：请检查 API_BASE 和出口代理", code=status)
    try:
        found = json.loads(body) if len(body) <= _LARGEST_ANSWER else None
    except (ValueError, RecursionError):
        found = None
    code = found.get("errcode") if isinstance(found, dict) else None
    if not isinstance(found, dict) or not isinstance(code, int) or isinstance(code, bool):
        raise unreachable("企业微信的回答读不懂（可能是出口代理的网页），稍后会自动重发；请检查 API_BASE 和出口代理")
    return found
