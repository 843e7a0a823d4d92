"""Logs: one line per fact, as text or JSON, every line masked before it is written. Never logs a message's words."""

import logging
import sys
from collections.abc import Callable

import structlog
from structlog.types import EventDict, WrappedLogger

_QUIET = ("apscheduler", "httpx2", "httpcore2", "alembic", "jieba", "uvicorn.access", "asyncio")


def set_up_logging(*, style: str, level: str, mask: Callable[[str], str]) -> None:
    """Send all logging through ``mask`` to standard error; ``style`` is ``text`` or ``json``."""

    def hide(_logger: WrappedLogger, _method: str, entry: EventDict) -> EventDict:
        return {key: mask(value) if isinstance(value, str) else value for key, value in entry.items()}

    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    last: structlog.types.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=False, timestamp_key="at")
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            hide,
            last,
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
