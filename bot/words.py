"""The lexicon in service: the catalogue with this deployment's place names, swapped as a whole when those change.

A reader takes ``current`` once per message and keeps it; a new lexicon is built aside and put in its place by one
assignment, so no message is ever heard by half of each.
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine as Database
from sqlmodel import Session, select

from bot.intents import followup_words
from bot.intents.base import PlaceWord
from bot.intents.catalog import Catalog
from bot.intents.engine import Engine
from storage import revision
from storage.db import reading
from storage.place import Estate, PlaceAlias

# Frames compiled in one round of warming up: some 20 ms, in which others have their turn every 5.
A_FEW = 40


class LiveWords:
    """``current()`` is the lexicon to use now; calling the object refreshes it when the reference data moved.

    The first call is that of a process just opening its door. The next ones also make ready, a few at a time, what
    the messages until then had no need of, so that none that comes later has to wait for it.
    """

    def __init__(self, database: Database, catalog: Catalog) -> None:
        self._database = database
        self._catalog = catalog
        self._revision, self._engine = self._build()
        self._is_open = False

    def current(self) -> Engine:
        return self._engine

    def refresh(self) -> None:
        with reading(self._database) as session:
            if revision.current(session) == self._revision:
                return
        moved, engine = self._build()
        # made ready aside, so that no message waits for the new one
        engine.warm(A_FEW)
        self._revision, self._engine = moved, engine

    def _build(self) -> tuple[int, Engine]:
        with reading(self._database) as session:
            return revision.current(session), Engine(self._catalog, place_words(session))

    def __call__(self, now: Callable[[], datetime]) -> bool:
        self.refresh()
        was_open, self._is_open = self._is_open, True
        return was_open and (self._engine.warm(A_FEW) or followup_words.warm())


def place_words(session: Session) -> list[PlaceWord]:
    """Every name and nickname of a place that a resident of this deployment may use."""
    words = [PlaceWord(name, "estate") for name in session.exec(select(Estate.name).distinct())]
    for alias in session.exec(select(PlaceAlias)):
        kind = "unit" if alias.unit_id else "building" if alias.building_id else "estate"
        words.append(PlaceWord(alias.word, kind))  # type: ignore[arg-type]
    return words
