"""Tidies up: questions nobody answered become cases, old messages are forgotten, the audit is sealed."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete
from sqlmodel import col

from bot.desk import questions, record
from bot.desk.office import Office
from storage.cache import Cache
from storage.db import writing
from storage.message import Inbox, Question
from storage.queue import DONE

_SEAL_LOCK_SECONDS = 30


class Sweep:
    """Opens what a question waited for in vain; small bites, so that no round holds the database for long."""

    def __init__(self, engine: Engine, *, office: Office) -> None:
        self._engine = engine
        self._office = office

    def __call__(self, now: Callable[[], datetime]) -> bool:
        with writing(self._engine) as session:
            expired = questions.expire(session, office=self._office, now=now())
        return expired > 0


class Forget:
    """Deletes what the retention time has passed for: worked-on messages, and closed questions with their drafts."""

    def __init__(self, engine: Engine, *, retention: timedelta) -> None:
        self._engine = engine
        self._retention = retention

    def __call__(self, now: Callable[[], datetime]) -> bool:
        before = now() - self._retention
        with writing(self._engine) as session:
            session.execute(delete(Inbox).where(col(Inbox.state) == DONE, col(Inbox.received_at) < before))
            session.execute(delete(Question).where(col(Question.state) != "open", col(Question.asked_at) < before))
        return False


class Seal:
    """Chains new audit rows; the lock keeps it to one sealer among all processes."""

    def __init__(self, engine: Engine, *, cache: Cache) -> None:
        self._engine = engine
        self._cache = cache

    def __call__(self, now: Callable[[], datetime]) -> bool:
        token = self._cache.lock("seal", _SEAL_LOCK_SECONDS)
        if token is None:
            return False
        try:
            with writing(self._engine) as session:
                return record.seal(session) > 0
        finally:
            self._cache.unlock("seal", token)
