"""When somebody's leave begins, his open cases go to others: one leave, one transaction. Decides nothing itself."""

import logging
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from bot.desk import leave
from bot.desk.errors import Refusal
from bot.desk.office import Office
from storage.db import reading, writing
from storage.person import Absence, Person

_log = logging.getLogger("gridbot.handover")


class HandOver:
    """Looks for leaves that have begun."""

    def __init__(self, engine: Engine, *, office: Office) -> None:
        self._engine = engine
        self._office = office

    def __call__(self, now: Callable[[], datetime]) -> bool:
        with reading(self._engine) as session:
            due = leave.begun(session, now=now())
        for absence_id in due:
            try:
                with writing(self._engine) as session:
                    self._office.directory.refresh(session)
                    absence = session.get_one(Absence, absence_id)
                    person = session.get_one(Person, absence.person_id)
                    view = self._office.directory.view(session, person.community_id)
                    moved = leave.hand_over(session, office=self._office, view=view, absence_id=absence_id, now=now())
                _log.info("leave %s: %s cases handed over", absence_id, len(moved))
            except (SQLAlchemyError, Refusal) as error:
                _log.error("leave %s could not be handed over: %s", absence_id, type(error).__name__)
        return False
