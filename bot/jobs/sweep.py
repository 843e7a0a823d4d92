"""Tidies up: questions nobody answered become cases, old messages are forgotten, the audit is sealed."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col

from bot.desk import questions, record
from bot.desk.office import Office
from storage.cache import Cache
from storage.db import reading, writing
from storage.message import Inbox, Question
from storage.queue import DONE

_log = logging.getLogger("gridbot.sweep")
_SEAL_LOCK_SECONDS = 30
_LATER = timedelta(minutes=10)
# what was kept only because its speaker was in the middle of something, and led to nothing
SILENT, SILENT_FOR = "silent", timedelta(hours=1)


class Sweep:
    """Opens what a question waited for in vain: one question, one transaction, so that none holds up another."""

    def __init__(self, engine: Engine, *, office: Office) -> None:
        self._engine = engine
        self._office = office

    def __call__(self, now: Callable[[], datetime]) -> bool:
        with reading(self._engine) as session:
            due = questions.overdue(session, now=now())
        for question_id in due:
            try:
                with writing(self._engine) as session:
                    questions.expire(session, office=self._office, question_id=question_id, now=now())
            except SQLAlchemyError as error:
                _log.error("question %s could not be closed: %s", question_id, type(error).__name__)
                with writing(self._engine) as session:
                    questions.postpone(session, question_id=question_id, until=now() + _LATER)
        return False


class Forget:
    """Deletes what the retention time has passed for: worked-on messages, and closed questions with their drafts.

    Words that led to nothing go after an hour already: the gate let them through for the speaker's sake alone.
    """

    def __init__(self, engine: Engine, *, retention: timedelta) -> None:
        self._engine = engine
        self._retention = retention

    def __call__(self, now: Callable[[], datetime]) -> bool:
        before = now() - self._retention
        with writing(self._engine) as session:
            session.execute(delete(Inbox).where(col(Inbox.state) == DONE, col(Inbox.received_at) < before))
            nothing = delete(Inbox).where(col(Inbox.state) == DONE, col(Inbox.outcome) == SILENT)
            session.execute(nothing.where(col(Inbox.received_at) < now() - SILENT_FOR))
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
