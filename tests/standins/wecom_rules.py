"""What the platform demands of a message (pages 90236, 99110), as the stand-in checks it. Never answers a call."""

import hashlib
import re
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any

AGENT = 1000002
_TASK = re.compile(r"[0-9A-Za-z_@-]{1,128}")


class Refused(Exception):
    """The call is answered with ``code``."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Meter:
    """Counts per target and minute, and remembers requests for ``enable_duplicate_check``."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._sent: dict[str, deque[float]] = defaultdict(deque)
        self._seen: dict[bytes, float] = {}

    def allows(self, target: str, per_minute: int) -> bool:
        now, sent = self._clock(), self._sent[target]
        while sent and sent[0] <= now - 60:
            sent.popleft()
        if len(sent) >= per_minute:
            return False
        sent.append(now)
        return True

    def saw_before(self, raw: bytes, body: dict[str, Any]) -> bool:
        """Whether an equal request came within the interval that it asks for (1800 s, at most 4 h)."""
        if body.get("enable_duplicate_check") != 1:
            return False
        interval = body.get("duplicate_check_interval", 1800)
        if not isinstance(interval, int) or not 0 < interval <= 4 * 3600:
            raise Refused(40058)
        mark, now = hashlib.sha1(raw).digest(), self._clock()
        if now < self._seen.get(mark, 0.0):
            return True
        self._seen[mark] = now + interval
        return False


def check_agent(body: dict[str, Any]) -> None:
    if not isinstance(body.get("agentid"), int):
        raise Refused(40056)
    if body["agentid"] != AGENT:
        raise Refused(301002)


def text_rules(content: dict[str, Any]) -> str:
    text = content.get("content")
    if not isinstance(text, str) or not text:
        raise Refused(44004)
    return text.encode()[:2048].decode("utf-8", "ignore")  # cut silently, as documented


def textcard_rules(content: dict[str, Any]) -> str:
    title, description, url = (str(content.get(name, "")) for name in ("title", "description", "url"))
    if not title or not description or not url:
        raise Refused(40063)
    if len(title) > 128 or len(description) > 512 or len(url.encode()) > 2048:
        raise Refused(40058)
    return title


def card_rules(card: dict[str, Any]) -> tuple[str, str]:
    """Title and task of a card that keeps the rules of page 90236; 40058 otherwise."""
    kind, task, action = card.get("card_type"), str(card.get("task_id", "")), card.get("card_action")
    title = str((card.get("main_title") or {}).get("title", ""))
    rows, buttons = card.get("horizontal_content_list", []), card.get("button_list", [])
    linked = isinstance(action, dict) and action.get("type") == 1 and bool(action.get("url"))
    good = (
        (task == "" or _TASK.fullmatch(task) is not None)
        and len(rows) <= 6
        and all(row.get("keyname") and isinstance(row.get("value", ""), str) for row in rows)
    )
    if kind == "button_interaction":
        keys = [button.get("key") for button in buttons]
        good = good and bool(title and task) and 1 <= len(buttons) <= 6 and len(set(keys)) == len(keys)
        good = good and all(
            button.get("text") and key and len(key.encode()) <= 1024 and button.get("style", 1) in (1, 2, 3, 4)
            for button, key in zip(buttons, keys, strict=True)
        )
    elif kind == "text_notice":
        good = good and linked and bool(title or card.get("sub_title_text")) and not buttons
    else:
        raise Refused(40008)
    if not good:
        raise Refused(40058)
    return title, task
