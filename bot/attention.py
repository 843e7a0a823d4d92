"""Whose every word is kept though the gate would drop it: staff alone with the bot, and whoever is in the middle of it.

In the middle of it: a question is open, a case began within half an hour, a result waits for his word. Whoever has any
case is heard where a line sounds like a word about one. All others' chatter is never stored; asking costs one look-up.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine
from sqlalchemy import select as rows_of
from sqlmodel import Session, col, func, or_, select

from storage import revision
from storage.case import OPEN_STATES, Case, CaseClock, CaseEvent, CaseState
from storage.case_file import CaseParty, CaseReporter
from storage.db import is_postgres, reading
from storage.message import IS_OPEN, Question
from storage.person import STAFF, Identity, Role

Speaker = tuple[str, str]  # channel, and his id there
FRESH, AFTER_CLOSING = timedelta(minutes=30), timedelta(days=7)
_ALWAYS = datetime.max.replace(tzinfo=UTC)
_NEVER = datetime.min.replace(tzinfo=UTC)
_MOST, _MOST_ASKED, _CHUNK = 50_000, 2_000, 500
# on a server a lower number may be committed after a higher one: for a while the last ones are read again
_OVERLAP, _SETTLED = 300, timedelta(seconds=10)
_TIDY_EVERY = timedelta(minutes=10)


class Attention:
    """``keeps`` may be asked from any thread; one thread at a time refreshes. ``follows`` tells a word about a case."""

    def __init__(self, database: Engine, *, follows: Callable[[str], bool], most: int = _MOST) -> None:
        self._database = database
        self._follows = follows
        self._most = most
        self._overlap = _OVERLAP if is_postgres(database) else 0
        self._revision = -1
        self._staff: frozenset[Speaker] = frozenset()
        self._sides: frozenset[Speaker] = frozenset()
        self._asked: dict[Speaker, datetime] = {}
        # until when every word is kept, and until when those that sound like a word about a case
        self._until: dict[Speaker, tuple[datetime, datetime]] = {}
        self._seen = -1
        self._moved_at = self._tidied_at = _NEVER

    def keeps(self, channel: str, sender: str, text: str, *, alone: bool, now: datetime) -> bool:
        """Whether this line of this speaker is kept; ``alone``: said to the bot, not in a group."""
        who = (channel, sender)
        if alone and (who in self._staff or who in self._sides):
            return True
        asked = self._asked.get(who)
        if asked is not None and now < asked:
            return True
        until = self._until.get(who)
        return until is not None and (now < until[0] or (now < until[1] and self._follows(text)))

    def __call__(self, now: Callable[[], datetime]) -> bool:
        self.refresh(now())
        return False

    def refresh(self, now: datetime) -> None:
        """Read what changed since the last time."""
        with reading(self._database) as session:
            number = revision.current(session)
            if number != self._revision:
                self._staff, self._revision = _staff(session), number
            self._asked = _asked(session)
            self._sides = _sides(session)
            changed = self._changed(session, now)
            for some in _chunks(changed):
                self._look_at(session, some, now)
        if now - self._tidied_at > _TIDY_EVERY:
            self._until = {who: until for who, until in self._until.items() if max(until) > now}
            self._tidied_at = now
        for who in list(self._until)[: max(0, len(self._until) - self._most)]:
            del self._until[who]

    def _changed(self, session: Session, now: datetime) -> set[int]:
        """The identities whose cases may have changed; at first all that have a running or a lately ended one."""
        newest = session.exec(select(func.max(CaseEvent.id))).one() or 0
        if self._seen < 0:
            live = select(Case.id).where(col(Case.state).in_([*OPEN_STATES, CaseState.HANDLED]))
            cases = {key or 0 for key in session.exec(live.order_by(col(Case.id).desc()).limit(self._most))}
            cases |= _moved(session, newest - self._most)
        elif newest == self._seen and now - self._moved_at > _SETTLED:
            return set()
        else:
            cases = _moved(session, self._seen - self._overlap)
        if newest != self._seen:
            self._seen, self._moved_at = newest, now
        found: set[int] = set()
        for some in _chunks(cases):
            found.update(session.exec(select(Case.reporter_id).where(col(Case.id).in_(some)).distinct()))
            joined = select(CaseReporter.identity_id).where(col(CaseReporter.case_id).in_(some))
            found.update(session.exec(joined.distinct()))
        return found

    def _look_at(self, session: Session, changed: Collection[int], now: datetime) -> None:
        """Until when these are listened to, each as the person he is in all his channels."""
        people = select(Identity.person_id).where(col(Identity.id).in_(changed), col(Identity.person_id).is_not(None))
        rows = session.exec(
            select(Identity.id, Identity.person_id, Identity.channel, Identity.external_id).where(
                or_(col(Identity.id).in_(changed), col(Identity.person_id).in_(people))
            )
        ).all()
        own = {key or 0: person or -(key or 0) for key, person, _, _ in rows}
        until: dict[int, tuple[datetime, datetime]] = {}
        for identity_id, closely, loosely in _cases(session, own, now):
            before = until.get(own[identity_id], (_NEVER, _NEVER))
            until[own[identity_id]] = (max(before[0], closely), max(before[1], loosely))
        for key, _, channel, external_id in rows:
            found = until.get(own[key or 0])
            if found is None:
                self._until.pop((channel, external_id), None)
            else:
                self._until[channel, external_id] = found


def _moved(session: Session, after: int) -> set[int]:
    """The cases of all events with a higher number."""
    return set(session.exec(select(CaseEvent.case_id).where(col(CaseEvent.id) > after).distinct()))


def _cases(session: Session, identities: Collection[int], now: datetime) -> Iterator[tuple[int, datetime, datetime]]:
    """Of each case that these reported or joined: who, until when closely, until when loosely."""
    rests = select(CaseClock.id).where(
        CaseClock.case_id == Case.id, CaseClock.kind == "finish", col(CaseClock.paused_at).is_not(None)
    )
    live = col(Case.state).in_([*OPEN_STATES, CaseState.HANDLED])
    counts = or_(live, col(Case.closed_at) > now - AFTER_CLOSING)
    what = rows_of(col(Case.state), col(Case.opened_at), col(Case.closed_at), rests.exists()).where(counts)
    reported = what.add_columns(col(Case.reporter_id)).where(col(Case.reporter_id).in_(identities))
    joined = (
        what.add_columns(col(CaseReporter.identity_id))
        .join(CaseReporter, col(CaseReporter.case_id) == col(Case.id))
        .where(col(CaseReporter.identity_id).in_(identities))
    )
    for found in (reported, joined):
        for state, opened_at, closed_at, waits, identity_id in session.execute(found):
            if state == CaseState.HANDLED or (state == CaseState.IN_PROGRESS and waits):
                yield identity_id, _ALWAYS, _ALWAYS
            elif state in OPEN_STATES:
                yield identity_id, opened_at + FRESH, _ALWAYS
            elif closed_at is not None:
                yield identity_id, _NEVER, closed_at + AFTER_CLOSING


def _staff(session: Session) -> frozenset[Speaker]:
    held = select(Role.person_id).where(col(Role.kind).in_(STAFF))
    rows = session.exec(select(Identity.channel, Identity.external_id).where(col(Identity.person_id).in_(held)))
    return frozenset((channel, external_id) for channel, external_id in rows)


def _sides(session: Session) -> frozenset[Speaker]:
    """The two sides of disputes that run: a short 「愿意」 of either is what everybody waits for."""
    running = select(Case.id).where(col(Case.state).in_(OPEN_STATES), Case.mediation != "")
    sides = select(CaseParty.identity_id, CaseParty.person_id).where(col(CaseParty.case_id).in_(running))
    rows = session.exec(sides.order_by(col(CaseParty.id).desc()).limit(_MOST_ASKED)).all()
    people = {person_id for _, person_id in rows if person_id is not None}
    theirs = or_(col(Identity.id).in_({key for key, _ in rows if key}), col(Identity.person_id).in_(people))
    known = select(Identity.channel, Identity.external_id).where(theirs)
    return frozenset((channel, external_id) for channel, external_id in session.exec(known)) if rows else frozenset()


def _asked(session: Session) -> dict[Speaker, datetime]:
    """Whom a question of ours waits for, and until when."""
    rows = session.exec(
        select(Question.draft, Question.expires_at).where(col(Question.state) == IS_OPEN).limit(_MOST_ASKED)
    )
    until = {draft["reporter_id"]: expires_at for draft, expires_at in rows}
    if not until:
        return {}
    known = select(Identity.id, Identity.channel, Identity.external_id).where(col(Identity.id).in_(until))
    return {(channel, external_id): until[key or 0] for key, channel, external_id in session.exec(known)}


def _chunks(keys: Iterable[int]) -> Iterator[list[int]]:
    ordered = sorted(keys)
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]
