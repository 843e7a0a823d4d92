"""Calls to WeCom's API: one shared token, faults as ``SendFailed``. Never decides what is said.

Source: pages 91039 (gettoken), 90455 (errors); protocol §2. Neither token, secret nor content is ever logged.
"""

import asyncio
import json
import re
import time
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from weakref import WeakKeyDictionary

from bot.channels.base import SendFailed
from bot.channels.wecom_errors import TOKEN_SPOILED, failure, unreachable
from bot.channels.wire import Wire
from config.settings import WecomSettings
from storage.cache import Cache, CacheDown

TEXT_BYTES = 2_048
"""Limit of every text message, app and group; the platform cuts silently behind it, maybe inside a link."""

_TOKEN_MARGIN = 300.0  # seconds before its end a token is replaced, at most a tenth of its life
_FAILURE_KEPT = 5.0  # seconds a failed gettoken is believed, so that a queue of senders makes one call, not hundreds
_REFRESH_EVERY = 5.0  # seconds between two early refreshes: the platform punishes hammering gettoken
_LOOK_EVERY = 0.03


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


class WecomApi:
    """One app's calls. The token is shared through ``cache`` by every process that uses the same corp and secret."""

    def __init__(self, settings: WecomSettings, cache: Cache) -> None:
        self.wire = Wire(settings)
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
