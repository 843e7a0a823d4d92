"""Calls to WeCom's API: one shared token, time limits, faults as ``SendFailed``. Never decides what is said.

Source: pages 91039 (gettoken), 90455 (errors); protocol §2. Neither token, secret nor content is ever logged.
"""

import asyncio
import functools
import json
import logging
import re
import ssl
import time
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from weakref import WeakKeyDictionary

import httpx2

from bot.channels.base import SendFailed
from bot.channels.wecom_errors import TOKEN_SPOILED, failure, unreachable
from config.settings import WecomSettings
from storage.cache import Cache, CacheDown

TEXT_BYTES = 2_048
"""Limit of every text message, app and group; the platform cuts silently behind it, maybe inside a link."""

_LARGEST_ANSWER = 262_144
_TOKEN_MARGIN = 300.0  # seconds before its end a token is replaced, at most a tenth of its life
_FAILURE_KEPT = 5.0  # seconds a failed gettoken is believed, so that a queue of senders makes one call, not hundreds
_REFRESH_EVERY = 5.0  # seconds between two early refreshes: the platform punishes hammering gettoken
_LOOK_EVERY = 0.03

# httpx logs whole URLs at INFO; ours carry the access token, the secret and the robots' keys
logging.getLogger("httpx2").setLevel(logging.WARNING)
logging.getLogger("httpcore2").setLevel(logging.WARNING)


# the clients render <a href> and <@member>: a resident's words must not become a link or a mention
_MARKUP = re.compile(r"<(?=[A-Za-z/@!])")


def plain_words(text: str) -> str:
    """``text`` with whatever the clients would render as markup made harmless (``<`` becomes ``＜``)."""
    return _MARKUP.sub("＜", text)


def cut(text: str, limit: int) -> str:
    """``text`` in at most ``limit`` (≥ 3) bytes of UTF-8, cut between characters and then ended with ``…``."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= limit:
        return raw.decode()
    return raw[: limit - 3].decode("utf-8", "ignore") + "…"


@functools.cache
def _trusted() -> ssl.SSLContext:
    """The system's trusted certificates, read once: each reading costs 70 ms."""
    return httpx2.create_ssl_context()


class Wire:
    """JSON calls below one base URL, without any token.

    Connections belong to an event loop, so each loop that sends gets a client of its own (deliverers keep their own
    loops). ``client`` replaces them all and is closed by its owner.
    """

    def __init__(self, settings: WecomSettings, client: httpx2.AsyncClient | None = None) -> None:
        self._base = settings.api_base
        self._seconds = settings.timeout_seconds
        self._given = client
        self._clients: dict[asyncio.AbstractEventLoop, httpx2.AsyncClient] = {}

    async def get(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        """The JSON object answered, with its integer ``errcode``, whatever that says. Raises ``SendFailed``."""
        return await self._ask("GET", path, query, None)

    async def post(self, path: str, query: Mapping[str, str], body: Mapping[str, Any]) -> dict[str, Any]:
        """As ``get``. The body goes out as plain UTF-8: the platform refuses ``\\u`` escapes (40033)."""
        return await self._ask("POST", path, query, json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"))

    async def close(self) -> None:
        """Close this loop's connections and let go of those whose loop is closed already."""
        mine = self._clients.pop(asyncio.get_running_loop(), None)
        self._forget_closed_loops()
        if mine is not None:
            await mine.aclose()

    def _client(self) -> httpx2.AsyncClient:
        if self._given is not None:
            return self._given
        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None:
            self._forget_closed_loops()
            client = self._clients[loop] = httpx2.AsyncClient(verify=_trusted())
        return client

    def _forget_closed_loops(self) -> None:
        for loop in [loop for loop in list(self._clients) if loop.is_closed()]:
            self._clients.pop(loop, None)

    async def _ask(self, method: str, path: str, query: Mapping[str, str], content: bytes | None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json; charset=utf-8"} if content is not None else None
        try:
            # the client limits each read; only this limits an answer that drips
            async with asyncio.timeout(self._seconds):
                answer = await self._client().request(
                    method,
                    self._base + path,
                    params=dict(query),
                    content=content,
                    headers=headers,
                    timeout=self._seconds,
                    follow_redirects=False,
                )
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise unreachable(f"企业微信 {self._seconds:g} 秒内没有回答，不知是否已收下，稍后会自动重发") from error
        except httpx2.InvalidURL as error:
            raise SendFailed("config", "API_BASE 不是能用的网址：请检查主机和端口") from error
        except (httpx2.HTTPError, httpx2.StreamError) as error:
            kind = type(error).__name__
            raise unreachable(f"连不上企业微信或连接中断（{kind}），稍后会自动重发；请检查网络和 API_BASE") from error
        return _answer(answer)


def _answer(answer: httpx2.Response) -> dict[str, Any]:
    status = answer.status_code
    if status == 429 or status >= 500:
        raise unreachable(f"企业微信暂时不能服务（HTTP {status}），稍后会自动重发", 60 if status == 429 else 5)
    if status >= 300:
        raise SendFailed("config", f"企业微信的网址回答 HTTP {status}：请检查 API_BASE 和出口代理", code=status)
    try:
        found = json.loads(answer.content) if len(answer.content) <= _LARGEST_ANSWER else None
    except (ValueError, RecursionError):
        found = None
    code = found.get("errcode") if isinstance(found, dict) else None
    if not isinstance(found, dict) or not isinstance(code, int) or isinstance(code, bool):
        raise unreachable("企业微信的回答读不懂（可能是出口代理的网页），稍后会自动重发；请检查 API_BASE 和出口代理")
    return found


class WecomApi:
    """One app's calls. The token is shared through ``cache`` by every process that uses the same corp and secret."""

    def __init__(self, settings: WecomSettings, cache: Cache, client: httpx2.AsyncClient | None = None) -> None:
        self.wire = Wire(settings, client)
        self._corp = settings.corp_id
        self._secret = settings.secret
        self._cache = cache
        self._turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()
        # a fetch is over after one time limit; the margin lets its holder still write the token
        self._lock_seconds = settings.timeout_seconds + 2
        mark = sha256(f"{self._corp}\n{self._secret.get_secret_value()}".encode()).hexdigest()[:24]
        self._key = f"wecom:token:{mark}"

    async def call(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """POST ``body``; the answer with ``errcode`` 0. Raises ``SendFailed``.

        A token that died early is replaced once and the call repeated once, never more.
        """
        try:
            token = await self._token()
            answer = await self.wire.post(path, {"access_token": token}, body)
            if answer["errcode"] in TOKEN_SPOILED:
                token = await self._token(spoiled=token, code=answer["errcode"])
                answer = await self.wire.post(path, {"access_token": token}, body)
        except CacheDown as error:
            raise _cache_down() from error
        if answer["errcode"] != 0:
            raise failure(answer["errcode"])
        return answer

    async def check(self) -> None:
        """Fetch a token, or find a valid one: corp and secret are right. Raises ``SendFailed``."""
        try:
            await self._token()
        except CacheDown as error:
            raise _cache_down() from error

    async def close(self) -> None:
        await self.wire.close()

    async def _token(self, *, spoiled: str = "", code: int = 0) -> str:
        """A token other than ``spoiled``. One caller of each loop asks, and of all loops and processes one fetches."""
        token = self._cache.get(self._key)
        if token and token != spoiled:
            return token
        async with self._turns.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
            until = time.monotonic() + self._lock_seconds
            while time.monotonic() < until:
                token = self._cache.get(self._key)
                if token and token != spoiled:
                    return token
                self._believe_a_failure()
                held = self._cache.lock(self._key + ":lock", self._lock_seconds)
                if held is not None:
                    try:
                        return await self._fetch(spoiled, code)
                    finally:
                        self._cache.unlock(self._key + ":lock", held)
                await asyncio.sleep(_LOOK_EVERY)
        raise unreachable("另一个进程取调用凭证迟迟没有结果，稍后会自动重发")

    async def _fetch(self, spoiled: str, code: int) -> str:
        token = self._cache.get(self._key)  # somebody may have fetched between our look and our lock
        if token and token != spoiled:
            return token
        if spoiled and not self._cache.once(self._key + ":refresh", _REFRESH_EVERY):
            raise failure(code)
        try:
            answer = await self.wire.get(
                "gettoken", {"corpid": self._corp, "corpsecret": self._secret.get_secret_value()}
            )
            if answer["errcode"] != 0:
                raise failure(answer["errcode"])
            token = answer.get("access_token")
            if not isinstance(token, str) or not token:
                raise unreachable("企业微信没有给出调用凭证，稍后会自动重发")
        except SendFailed as error:
            known = json.dumps([error.verdict, error.reason, error.code, error.wait_seconds])
            self._cache.set(self._key + ":failed", known, _FAILURE_KEPT)
            raise
        life = _seconds(answer.get("expires_in"))
        self._cache.set(self._key, token, max(1.0, life - min(_TOKEN_MARGIN, life / 10)))
        return token

    def _believe_a_failure(self) -> None:
        known = self._cache.get(self._key + ":failed")
        if known:
            verdict, reason, code, wait_seconds = json.loads(known)
            raise SendFailed(verdict, reason, code=code, wait_seconds=wait_seconds)


def _cache_down() -> SendFailed:
    return unreachable("缓存（Redis）没有回答，取不到调用凭证，稍后会自动重发；请检查 REDIS_URL")


def _seconds(value: object) -> float:
    """``expires_in`` as the platform gives it, or its usual two hours."""
    return float(value) if isinstance(value, int) and 0 < value <= 86_400 else 7_200.0
