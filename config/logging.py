"""Logs: one line per fact, as text or JSON, every line masked before it is written. Never logs a message's words."""

import json
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime

_QUIET = ("apscheduler", "httpx2", "httpcore2", "alembic", "jieba", "uvicorn.access", "asyncio")


class _Line(logging.Formatter):
    """A record as one masked line; a traceback stands below the text, or inside the JSON."""

    # Of our own, because the library for it imports another for colours: a twentieth of the start for two formats.

    def __init__(self, *, style: str, mask: Callable[[str], str]) -> None:
        super().__init__()
        self._as_json = style == "json"
        self._mask = mask

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "event": record.getMessage(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds"),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            entry["stack"] = self.formatStack(record.stack_info)
        entry = {key: self._mask(value) for key, value in entry.items()}
        if self._as_json:
            return json.dumps(entry, ensure_ascii=False)
        first = f"{entry['at']} [{entry['level']:<8}] {entry['event']} [{entry['logger']}]"
        return "\n".join([first, *(entry[key] for key in ("exception", "stack") if key in entry)])


def set_up_logging(*, style: str, level: str, mask: Callable[[str], str]) -> None:
    """Send all logging through ``mask`` to standard error; ``style`` is ``text`` or ``json``."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line(style=style, mask=mask))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
